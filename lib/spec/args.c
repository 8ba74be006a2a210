/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/random.h>

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/spec/args.h"
#include "lib/spec/environment.h"
#include "lib/spec/settings.h"

/* Column in which the help's descriptions begin. */
#define HELP_COLUMN 33

typedef struct Reader {
        char *const *argv;
        int argc;
        int next;               /* the argument that is to be read */
        Spec *spec;
        ArgsOutcome outcome;
        SettingsGroups seen;    /* groups of the options */
        SettingsGroups skip;    /* groups of options that are not for us to set */
        char *error;
} Reader;

static const Option *find_long(const char *name, size_t size) {
        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &option_table[i];

                if (size > 0 && o->name && strlen(o->name) == size && strncmp(o->name, name, size) == 0)
                        return o;
        }

        return NULL;
}

static const Option *find_letter(char letter) {
        for (size_t i = 0; i < n_options; i++)
                if (option_table[i].name && option_table[i].letter == letter)
                        return &option_table[i];

        return NULL;
}

static int apply(Reader *reader, const Option *o, const char *value) {
        SettingsGroups group;
        int r;

        if (!option_is_of_spec(o)) {
                reader->outcome = streq(o->name, "help") ? ARGS_HELP : ARGS_VERSION;
                return 0;
        }
        if (value && streq(value, "help") && option_lists(o)) {
                reader->spec->list_option = o->name;
                reader->outcome = ARGS_LIST;
                return 0;
        }

        group = settings_group_of_option(o->name, o->letter);
        reader->seen |= group;
        if (group & reader->skip)
                return 0;

        r = option_set(o, reader->spec, value);
        if (r >= 0 || r == -ENOMEM)
                return r;

        if (r == -ENOSYS)
                (void) text_printf(&reader->error, "--%s is refused: %s", o->name, o->text);
        else if (value)
                (void) text_printf(&reader->error, "--%s= cannot be '%s'", o->name, value);
        else
                (void) text_printf(&reader->error, "--%s is not possible here", o->name);
        return -EINVAL;
}

static int read_long(Reader *reader, const char *arg) {
        const char *value = strchr(arg, '=');
        const Option *o;

        o = find_long(arg, value ? (size_t) (value - arg) : strlen(arg));
        if (!o) {
                (void) text_printf(&reader->error, "Unknown option --%.*s",
                                   (int) strcspn(arg, "="), arg);
                return -EINVAL;
        }

        if (value)
                value++;

        if (value && o->value == OPTION_NO_VALUE) {
                (void) text_printf(&reader->error, "--%s takes no value", o->name);
                return -EINVAL;
        }

        if (!value && o->value == OPTION_REQUIRED_VALUE) {
                if (reader->next >= reader->argc) {
                        (void) text_printf(&reader->error, "--%s= needs a value", o->name);
                        return -EINVAL;
                }

                value = reader->argv[reader->next++];
        }

        return apply(reader, o, value);
}

/* Letters may be run together, as in -bq; a value may follow at once, or next. */
static int read_letters(Reader *reader, const char *letters) {
        int r;

        for (; *letters; letters++) {
                const Option *o = find_letter(*letters);
                const char *value = NULL;

                if (!o) {
                        (void) text_printf(&reader->error, "Unknown option -%c", *letters);
                        return -EINVAL;
                }

                if (o->value == OPTION_REQUIRED_VALUE) {
                        if (letters[1])
                                value = letters + 1;
                        else if (reader->next < reader->argc)
                                value = reader->argv[reader->next++];
                        else {
                                (void) text_printf(&reader->error, "-%c needs a value", *letters);
                                return -EINVAL;
                        }
                }

                r = apply(reader, o, value);
                if (r < 0 || value)
                        return r;
        }

        return 0;
}

static int read_options(Reader *reader) {
        int r = 0;

        while (r >= 0 && reader->next < reader->argc && reader->outcome == ARGS_RUN) {
                const char *arg = reader->argv[reader->next];

                if (arg[0] != '-' || !arg[1])
                        break;

                reader->next++;
                if (streq(arg, "--"))
                        break;

                r = arg[1] == '-' ? read_long(reader, arg + 2) : read_letters(reader, arg + 1);
        }

        return r;
}

static int read_command(Reader *reader) {
        Spec *spec = reader->spec;
        int r;

        if (reader->next < reader->argc)
                reader->seen |= settings_group_of_command();

        for (int i = reader->next; i < reader->argc && !(reader->skip & settings_group_of_command()); i++) {
                r = strv_push(&spec->command, reader->argv[i]);
                if (r < 0)
                        return r;
        }

        if (spec->mode != START_BOOT)
                spec->mode = spec->command ? START_COMMAND : START_SHELL;

        return 0;
}

/* As nspawn does: what is not named is here. And who wants to throw a copy away can
 * have it without one. */
static int default_directory(Spec *spec) {
        if (spec->ephemeral && !spec->directory)
                spec->directory = TAKE_PTR(spec->template);
        if (spec->directory || spec->machine || spec->template)
                return 0;

        spec->directory = getcwd(NULL, 0);
        return spec->directory ? 0 : -errno;
}

static int read_all(Reader *reader) {
        int r;

        reader->next = 1;
        r = read_options(reader);
        if (r < 0 || reader->outcome != ARGS_RUN)
                return r;

        r = read_command(reader);
        if (r >= 0)
                r = default_directory(reader->spec);
        return r < 0 ? r : spec_complete(reader->spec);
}

static int find_settings(Reader *reader, Settings *ret) {
        const Spec *spec = reader->spec;
        int r;

        if (spec->settings == SETTINGS_NO || !spec->machine || !machine_name_is_valid(spec->machine))
                return 0;

        r = settings_find(spec->machine, spec->directory, spec->settings == SETTINGS_TRUSTED, ret);
        if (r < 0 && r != -ENOMEM) {
                (void) text_printf(&reader->error, "Cannot read the settings of '%s': %s", spec->machine,
                                   strerror(-r));
                return -EINVAL;
        }

        return r;
}

static int apply_settings(Reader *reader, const Settings *settings, SettingsGroups skip) {
        const Setting *setting = NULL;
        int r;

        r = settings_apply(settings, skip, reader->spec, &setting);
        if (r < 0 && r != -ENOMEM && setting) {
                (void) text_printf(&reader->error, r == -ENOSYS ? "%s:%u: %s= is not supported" :
                                   "%s:%u: not a valid value of %s=", settings->path, setting->line,
                                   setting_name(setting));
                return -EINVAL;
        }

        return r;
}

/* Once more, with the settings: of each group, one of the two has its say. */
static int merge_settings(Reader *reader, Settings *settings) {
        bool override = reader->spec->settings == SETTINGS_OVERRIDE;
        SettingsGroups seen = reader->seen;
        Spec *spec = reader->spec;
        int r;

        spec_done(spec);
        spec_init(spec);
        r = spec_read_environment(spec, &reader->error);
        if (r < 0)
                return r;

        r = apply_settings(reader, settings, override ? 0 : seen);
        if (r < 0)
                return r;

        reader->skip = override ? settings_groups(settings) : 0;
        r = read_all(reader);
        if (r < 0)
                return r;

        spec->settings_path = TAKE_PTR(settings->path);
        spec->settings_trusted = settings->trusted;
        for (char **w = settings->warnings; r >= 0 && w && *w; w++)
                r = strv_push(&spec->warnings, *w);

        return r;
}

/* After the settings, which are those of the tree. */
static int name_instance(Spec *spec) {
        uint64_t number;

        if (!spec->ephemeral || spec->cleanup)
                return 0;
        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return -errno;

        return spec_name_instance(spec, number);
}

static int finish(Reader *reader) {
        _cleanup_(settings_done) Settings settings = {};
        const char *complaint;
        int r;

        r = find_settings(reader, &settings);
        if (r > 0)
                r = merge_settings(reader, &settings);
        if (r >= 0)
                r = name_instance(reader->spec);
        if (r < 0)
                return r;

        r = spec_check(reader->spec, &complaint);
        if (r < 0)
                (void) text_printf(&reader->error, "%s", complaint);
        return r;
}

int args_parse(int argc, char *const *argv, Spec *spec, ArgsOutcome *ret_outcome, char **reterr_text) {
        Reader reader = { .argv = argv, .argc = argc, .next = 1, .spec = spec, .outcome = ARGS_RUN };
        int r;

        assert(spec);
        assert(ret_outcome);
        assert(reterr_text);

        r = spec_read_environment(spec, &reader.error);
        if (r >= 0)
                r = read_all(&reader);
        if (r >= 0 && reader.outcome == ARGS_RUN)
                r = finish(&reader);
        if (r < 0) {
                *reterr_text = reader.error;
                return r;
        }

        *ret_outcome = reader.outcome;
        return 0;
}

static void help_option(const Option *o, FILE *f) {
        int n;

        if (!*o->name)
                n = fprintf(f, "  -%c", o->letter);
        else if (o->letter)
                n = fprintf(f, "  -%c, --%s", o->letter, o->name);
        else
                n = fprintf(f, "      --%s", o->name);
        if (o->value == OPTION_REQUIRED_VALUE)
                n += fprintf(f, "=%s", o->metavar);
        else if (o->value == OPTION_OPTIONAL_VALUE)
                n += fprintf(f, "[=%s]", o->metavar);

        for (const char *c = o->metavar; c && *c; c++)
                n -= (*c & 0xc0) == 0x80; /* more bytes of one character */

        if (n >= HELP_COLUMN - 1)
                n = fprintf(f, "\n") - 1;
        (void) fprintf(f, "%*s%s\n", HELP_COLUMN - n, "", o->text);
}

void args_help(FILE *f) {
        (void) fprintf(f,
                       "berth-run [OPTION…] [COMMAND [ARGUMENT…]]\n"
                       "berth-run [OPTION…] --boot [ARGUMENT…]\n\n"
                       "Runs a command, a shell or an init system in a container.\n");

        for (size_t i = 0; i < n_options; i++)
                if (option_table[i].name)
                        help_option(&option_table[i], f);
                else
                        (void) fprintf(f, "\n%s:\n", option_table[i].text);
}

void args_list(const Spec *spec, FILE *f) {
        assert(spec);
        assert(spec->list_option);

        option_list(option_find(spec->list_option), f);
}
