/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "client/command-line.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* getopt_long() returns this, and the row by another way. */
#define LONG_OPTION 256

static bool may_lack_argument(const OptionRow *row) {
        return row->argument && *row->argument == '[' && endswith(row->argument, "]");
}

/* A letter may mean different things with different verbs; in front of the verb, the first of them. */
static const OptionRow *find_letter(int letter, const char *verb) {
        const OptionRow *found = NULL;

        for (const OptionRow *row = option_table; row->what; row++) {
                if (row->letter != letter)
                        continue;
                if (row->verb && streq_ptr(row->verb, verb))
                        return row;
                if (!found || (found->verb && !row->verb))
                        found = row;
        }

        return found;
}

/* What getopt_long() wants, made from our table. */
typedef struct Getopt {
        char letters[1 + 3 * OPTIONS_MAX];
        struct option names[OPTIONS_MAX + 1];
        const OptionRow *rows[OPTIONS_MAX];        /* of the names */
} Getopt;

static void getopt_init(Getopt *g) {
        size_t n = 0;
        char *p = g->letters;

        *g = (Getopt) {};
        *p++ = '+'; /* stop at what is no option: we decide whether to go on */

        for (const OptionRow *row = option_table; row->what; row++) {
                if (row->letter && !strchr(g->letters, row->letter)) {
                        *p++ = row->letter;
                        if (row->argument && !may_lack_argument(row))
                                *p++ = ':';
                }

                if (row->name) {
                        g->rows[n] = row;
                        g->names[n++] = (struct option) {
                                .name = row->name,
                                .has_arg = !row->argument ? no_argument :
                                           may_lack_argument(row) ? optional_argument : required_argument,
                                .val = LONG_OPTION,
                        };
                }
        }
}

/* Behind "shell NAME" comes the command for inside, with options of its own. */
static bool ends_options(char *const *args) {
        return args && (streq(args[0], "shell") || streq(args[0], "exec")) && args[1];
}

/* machinectl's option of this name takes no argument. */
static int check_user(const Options *o, char *const *args) {
        if (!o->has_user || (args && (streq(args[0], "shell") || streq(args[0], "exec"))))
                return 0;

        (void) log_error(0, _("--user goes with shell and exec only: users have no manager of machines "
                              "of their own."));
        return -EINVAL;
}

/* The first is the verb. That of exec has the statuses of its command otherwise. */
static int push_argument(Options *o, char ***args, const char *argument) {
        if (!*args && streq(argument, "exec"))
                o->failure = STATUS_EXEC_FAILED;

        return strv_push(args, argument);
}

static int push_rest(Options *o, char ***args, char *const *rest) {
        int r;

        for (; *rest; rest++) {
                r = push_argument(o, args, *rest);
                if (r < 0)
                        return r;
        }

        return 0;
}

int command_line_parse(Options *o, int argc, char *const *argv, char ***ret_args) {
        _cleanup_(strv_freep) char **args = NULL;
        const OptionRow *row;
        int c, r, which = 0;
        Getopt g;

        assert(o);
        assert(ret_args);

        *o = (Options) {
                .kill_whom = "all",
                .signal = SIGTERM,
                .timeout_usec = TIMEOUT_DEFAULT * USEC_PER_SEC,
                .lines = LINES_DEFAULT,
                .journal_mode = "short",
                .max_addresses = ADDRESSES_DEFAULT,
                .failure = EXIT_FAILURE,
        };

        getopt_init(&g);
        optind = 0; /* begin anew, with what was computed from earlier strings forgotten */

        for (;;) {
                if (optind > 0 && optind < argc && (ends_options(args) || streq(argv[optind], "--"))) {
                        r = push_rest(o, &args, argv + optind + streq(argv[optind], "--"));
                        if (r < 0)
                                return r;
                        break;
                }

                c = getopt_long(argc, argv, g.letters, g.names, &which);
                if (c == '?')
                        return -EINVAL;
                if (c < 0) {
                        if (optind >= argc)
                                break;
                        if (streq(argv[optind - 1], "--")) {
                                r = push_rest(o, &args, argv + optind);
                                if (r < 0)
                                        return r;
                                break;
                        }

                        r = push_argument(o, &args, argv[optind++]);
                        if (r < 0)
                                return r;
                        continue;
                }

                row = c == LONG_OPTION ? g.rows[which] : find_letter(c, args ? args[0] : NULL);
                r = option_set(row, o, optarg);
                if (r != 0)
                        return r;
        }

        r = check_user(o, args);
        if (r < 0)
                return r;

        *ret_args = TAKE_PTR(args);
        return 0;
}

void command_line_print_options(void) {
        for (const OptionRow *row = option_table; row->what; row++) {
                char head[64];
                bool may_lack = may_lack_argument(row);

                (void) snprintf(head, sizeof(head), "%s%.1s%s%s%s%s",
                                row->letter ? "-" : "  ", row->letter ? &row->letter : "",
                                row->name ? " --" : "", row->name ?: "",
                                !row->argument ? "" : may_lack ? "[=" : row->name ? "=" : " ",
                                row->argument ? row->argument + may_lack : "");
                (void) printf("  %-26s %s\n", head, _(row->what));
        }
}

json_t *command_line_options_to_json(void) {
        json_t *all = json_array();

        for (const OptionRow *row = option_table; row->what; row++) {
                (void) json_array_append_new(all, json_pack(
                        "{s:o, s:s?, s:s?, s:b, s:s?, s:s}",
                        "letter", row->letter ? json_stringn(&row->letter, 1) : json_null(),
                        "name", row->name, "argument", row->argument,
                        "argument_optional", may_lack_argument(row),
                        "command", row->verb, "description", _(row->what)));
        }

        return all;
}
