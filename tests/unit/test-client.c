/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "client/command-line.h"
#include "client/keys.h"
#include "client/moment.h"
#include "client/options.h"
#include "lib/base/passwd.h"
#include "client/signals.h"
#include "client/table.h"
#include "client/usage.h"
#include "client/value.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/test.h"

typedef struct Fixture {
        Options options;
        char **args;
} Fixture;

static void fixture_done(Fixture *f) {
        options_done(&f->options);
        f->args = strv_free(f->args);
}

/* Reads a command line of words without blanks in them. */
static int parse(Fixture *f, const char *line) {
        _cleanup_(strv_freep) char **argv = NULL;
        static char *kept[32]; /* options point into the command line */
        size_t n = 0;

        CHECK_OK(strv_split(line, " ", &argv));
        for (; argv[n]; n++) {
                free(kept[n]);
                kept[n] = strdup(argv[n]);
        }
        free(kept[n]);
        kept[n] = NULL;

        return command_line_parse(&f->options, (int) n, kept, &f->args);
}

static void check_args(const char *line, const char *wanted) {
        _cleanup_(fixture_done) Fixture f = {};
        _cleanup_free_ char *args = NULL;

        CHECK_OK(parse(&f, line));
        CHECK_OK(strv_join(f.args, "|", &args));
        CHECK_STREQ(args, wanted);
}

TEST(options_may_stand_anywhere) {
        check_args("berthctl", "");
        check_args("berthctl list", "list");
        check_args("berthctl --no-pager list -a", "list");
        check_args("berthctl kill -s TERM web --kill-whom=leader db", "kill|web|db");
        check_args("berthctl kill -sTERM web -- -s", "kill|web|-s");
        check_args("berthctl -- list -a", "list|-a");
}

TEST(what_follows_the_machine_of_a_shell_is_the_command) {
        check_args("berthctl shell web", "shell|web");
        check_args("berthctl -q shell --uid nobody web /bin/ls -l --quiet", "shell|web|/bin/ls|-l|--quiet");
        check_args("berthctl shell web -- /bin/ls --", "shell|web|/bin/ls|--");
        check_args("berthctl shell -- web /bin/ls -l", "shell|web|/bin/ls|-l");
        check_args("berthctl login web -q", "login|web");
}

TEST(what_follows_the_machine_of_exec_is_the_command) {
        check_args("berthctl exec -ti -u me web ls -t", "exec|web|ls|-t");
        check_args("berthctl -d exec web -- ls --", "exec|web|ls|--");
        check_args("berthctl exec --tty=auto me@web ls", "exec|me@web|ls");
}

static void check_failure(const char *line, int wanted) {
        _cleanup_(fixture_done) Fixture f = {};

        (void) parse(&f, line);
        CHECK(f.options.failure == wanted);
}

TEST(only_exec_keeps_small_numbers_for_its_command) {
        check_failure("berthctl list", 1);
        check_failure("berthctl shell exec", 1);
        check_failure("berthctl -t exec web ls", 125);
        check_failure("berthctl exec --bogus", 125);
        check_failure("berthctl -- exec web ls", 125);
}

TEST(keys_are_read_as_podmans) {
        static const char *const bad[] = {
                ",", "a,", ",a", "ab", "ctrl-", "ctrl-ab", "ctrl-@", "ctrl-1", "a, b", "\x7f",
                "1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g,h",
        };
        char keys[RELAY_KEYS_MAX + 1] = "before";

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(keys_parse(bad[i], keys), EINVAL);
        CHECK_STREQ(keys, "before");

        CHECK_OK(keys_parse("", keys));
        CHECK_STREQ(keys, "");
        CHECK_OK(keys_parse("ctrl-],^],ctrl-p,^Q,x,^,ctrl-_", keys));
        CHECK_STREQ(keys, "\x1d\x1d\x10\x11x^\x1f");
        CHECK_OK(keys_parse("1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g", keys));
        CHECK_STREQ(keys, "123456789abcdefg");
}

TEST(options_are_understood) {
        _cleanup_(fixture_done) Fixture f = {};

        CHECK_OK(parse(&f, "berthctl -p Name,Leader -P State -a -l -q --no-legend --no-ask-password "
                           "--kill-whom=leader -s RTMIN+4 --uid 1000 -E A=b=c -n 5 -o json "
                           "--max-addresses=all show"));
        CHECK(strv_length(f.options.properties) == 3);
        CHECK_STREQ(f.options.properties[2], "State");
        CHECK(f.options.value && f.options.all && f.options.full && f.options.quiet);
        CHECK(f.options.no_legend && f.options.no_ask_password && !f.options.no_pager);
        CHECK_STREQ(f.options.kill_whom, "leader");
        CHECK(f.options.signal == SIGRTMIN + 4);
        CHECK_STREQ(f.options.uid, "1000");
        CHECK_STREQ(f.options.environment[0], "A=b=c");
        CHECK(f.options.lines == 5);
        CHECK(f.options.format == OUTPUT_JSON);
        CHECK(f.options.max_addresses == ADDRESSES_ALL);
}

TEST(a_bare_variable_is_copied_from_our_environment) {
        _cleanup_(fixture_done) Fixture f = {};

        CHECK_OK(setenv("TEST_CLIENT", "here", true));
        CHECK_OK(parse(&f, "berthctl -E TEST_CLIENT -E TEST_CLIENT_NOT_THERE shell web"));
        CHECK(strv_length(f.options.environment) == 1);
        CHECK_STREQ(f.options.environment[0], "TEST_CLIENT=here");
}

TEST(options_of_machinectl_mean_the_same) {
        _cleanup_(fixture_done) Fixture f = {}, user = {}, vm = {};

        CHECK_OK(parse(&f, "berthctl --system --runner=nspawn -j start web"));
        CHECK(f.options.format == OUTPUT_JSON || f.options.format == OUTPUT_JSON_PRETTY);
        CHECK_STREQ(f.args[1], "web");
        CHECK_OK(parse(&user, "berthctl --user me exec web id"));
        CHECK_STREQ(user.options.uid, "me");
        CHECK_ERR(parse(&vm, "berthctl -V start web"), EOPNOTSUPP);
}

TEST(bad_options_are_refused) {
        static const char *const lines[] = {
                "berthctl --bogus", "berthctl -Z", "berthctl -n -1", "berthctl -n 5x", "berthctl -o xml",
                "berthctl --kill-whom=them", "berthctl -s NOPE", "berthctl -s 65", "berthctl -s 0",
                "berthctl --max-addresses=many", "berthctl -E 1A=b", "berthctl -E =b", "berthctl -E A-B=c",
                "berthctl -H host list", "berthctl -M other list", "berthctl list -p",
                "berthctl --user list", "berthctl --user=me", "berthctl -u me status web",
                "berthctl --runner=lxc start web",
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_(fixture_done) Fixture f = {};

                CHECK_ERR(parse(&f, lines[i]), EINVAL);
        }
}

TEST(signals_have_names_and_numbers) {
        CHECK(signal_from_string("TERM") == SIGTERM);
        CHECK(signal_from_string("SIGTERM") == SIGTERM);
        CHECK(signal_from_string("15") == SIGTERM);
        CHECK(signal_from_string("RTMIN") == SIGRTMIN);
        CHECK(signal_from_string("SIGRTMIN+3") == SIGRTMIN + 3);
        CHECK(signal_from_string("RTMAX-1") == SIGRTMAX - 1);
        CHECK_ERR(signal_from_string("RTMIN+99"), EINVAL);
        CHECK_ERR(signal_from_string("RTMIN+"), EINVAL);
        CHECK_ERR(signal_from_string("RTMAX+1"), EINVAL);
        CHECK_ERR(signal_from_string("term"), EINVAL);
        CHECK_ERR(signal_from_string("SIG"), EINVAL);
        CHECK_ERR(signal_from_string(""), EINVAL);
        CHECK_ERR(signal_from_string("-1"), EINVAL);
}

#define PASSWD \
        "# a comment\n"                                         \
        "broken:x:0\n"                                          \
        "evil:x:0x0:0:zero:/root:/bin/sh\n"                     \
        "empty:x::0:no id:/root:/bin/sh\n"                      \
        "signed:x:-0:0:sign:/root:/bin/sh\n"                    \
        "nobody4:x:4294967295:4294967295:minus one:/:/bin/sh\n" \
        "many:x:1:1:a:b:/root:/bin/sh\n"                        \
        "root:x:0:0:root:/root:/bin/bash\n"                     \
        "lennart:x:1000:1001:L,,,:/home/l:/bin/zsh\n"           \
        "odd:x:1002:1002::relative:sh\n"                        \
        "last:x:1003:1003::/:/bin/sh"
#define GROUP \
        "root:x:0:\n"                                           \
        "wheel:x:10:lennart,root\n"                             \
        "short:x:11\n"                                          \
        "bad:x:x11:lennart\n"                                   \
        "lennarts:x:12:lennarts\n"                              \
        "video:x:44:root,lennart\n"

TEST(users_are_found_by_name_and_number) {
        _cleanup_(guest_user_done) GuestUser user = {}, same = {}, last = {};

        CHECK_OK(guest_user_parse(PASSWD, GROUP, "lennart", &user));
        CHECK(user.uid == 1000 && user.gid == 1001);
        CHECK_STREQ(user.home, "/home/l");
        CHECK_STREQ(user.shell, "/bin/zsh");
        CHECK(user.n_groups == 2);
        CHECK(user.groups[0] == 10 && user.groups[1] == 44);

        CHECK_OK(guest_user_parse(PASSWD, GROUP, "1000", &same));
        CHECK_STREQ(same.name, "lennart");
        CHECK_OK(guest_user_parse(PASSWD, GROUP, "last", &last));
        CHECK(last.uid == 1003);
}

TEST(lines_that_are_not_as_they_should_be_are_no_users) {
        static const char *const nobody[] = {
                "broken", "evil", "empty", "signed", "nobody4", "many", "# a comment", "", "ROOT", "1001",
                "4294967295", "4294967296", "0x0", "-0", "+0", " 0", "lennart\n",
        };
        _cleanup_(guest_user_done) GuestUser odd = {};

        for (size_t i = 0; i < ELEMENTSOF(nobody); i++) {
                _cleanup_(guest_user_done) GuestUser user = {};

                CHECK_ERR(guest_user_parse(PASSWD, GROUP, nobody[i], &user), ENOENT);
        }

        CHECK_OK(guest_user_parse(PASSWD, GROUP, "odd", &odd));
        CHECK_STREQ(odd.home, "/");
        CHECK_STREQ(odd.shell, "/bin/sh");
}

TEST(names_and_numbers_of_a_table_are_taken) {
        const char *text = "a:x:1:5::/:/bin/sh\nb:x:23\nbroken\nc::7:\nd:x:0x8:\ne:x\n:x:9:\nf:x:10";

        CHECK(guest_table_has(text, "a", 99));
        CHECK(guest_table_has(text, "broken", 99));
        CHECK(!guest_table_has(text, "brok", 99));
        CHECK(!guest_table_has(text, "broken2", 99));
        for (uint32_t id = 1; id <= 11; id++)
                CHECK(guest_table_has(text, NULL, id) == (id == 1 || id == 7 || id == 9 || id == 10));
        CHECK(guest_table_has(text, NULL, 23));
        CHECK(!guest_table_has(text, NULL, 2));
        CHECK(!guest_table_has("", "a", 99));
}

TEST(a_machine_without_users_has_root) {
        char directory[] = "/tmp/test-client-XXXXXX";
        _cleanup_close_ int root_fd = -EBADF;
        _cleanup_(guest_user_done) GuestUser user = {}, other = {};

        CHECK(mkdtemp(directory));
        root_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(root_fd);
        CHECK_OK(rmdir(directory));
        SKIP_UNLESS(guest_user_read(root_fd, "root", &user) != -ENOSYS, "openat2()");

        CHECK(user.uid == 0);
        CHECK_STREQ(user.shell, "/bin/sh");
        CHECK_ERR(guest_user_read(root_fd, "nobody", &other), ENOENT);
}

TEST(moments_are_printed_as_systemd_does) {
        char text[MOMENT_SIZE];

        CHECK_OK(setenv("TZ", "UTC", true));
        CHECK_STREQ(moment_format(UINT64_C(1795309220224272), text), "Sun 2026-11-22 01:00:20 UTC");
        CHECK_STREQ(moment_format(0, text), "");
        CHECK_STREQ(moment_format(USEC_INFINITY, text), "");
        CHECK_STREQ(moment_format_ago(1, 1, text), "0s ago");
        CHECK_STREQ(moment_format_ago(1, 1 + 62 * USEC_PER_SEC, text), "1min 2s ago");
        CHECK_STREQ(moment_format_ago(1, 1 + 3600 * USEC_PER_SEC, text), "1h ago");
        CHECK_STREQ(moment_format_ago(1, 1 + UINT64_C(90061) * USEC_PER_SEC, text), "1d 1h ago");
        CHECK_STREQ(moment_format_ago(2, 1, text), "");
}

static char *print_table(OutputFormat format, bool no_legend, bool full) {
        static const char *const headings[] = { "NAME", "WHAT IT IS", NULL };
        Client client = { .agent = -EBADF, .options = { .format = format, .no_legend = no_legend } };
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_close_ int fd = -EBADF, saved = -EBADF;
        char *text = NULL;

        CHECK_OK(table_new(headings, &table));
        if (full) {
                CHECK_OK(table_add_row(table, (const char *const[]) { "b", "two\nlines" }));
                CHECK_OK(table_add_row(table, (const char *const[]) { "a", NULL }));
                table_sort(table);
        }

        fd = memfd_create("test", MFD_CLOEXEC);
        CHECK_OK(fd);
        (void) fflush(stdout);
        saved = dup(STDOUT_FILENO);
        CHECK_OK(dup2(fd, STDOUT_FILENO));
        CHECK_OK(table_print(table, &client, "%zu rows.", "No rows."));
        (void) fflush(stdout);
        CHECK_OK(dup2(saved, STDOUT_FILENO));

        CHECK(lseek(fd, 0, SEEK_SET) == 0);
        CHECK_OK(fd_read_all(fd, 4096, &text, NULL));
        return text;
}

static void check_table(OutputFormat format, bool no_legend, bool full, const char *wanted) {
        _cleanup_free_ char *text = print_table(format, no_legend, full);

        CHECK_STREQ(text, wanted);
}

TEST(tables_are_for_people_and_programs) {
        check_table(OUTPUT_TEXT, false, true, "NAME WHAT IT IS\na    -\nb    two\n     lines\n\n2 rows.\n");
        check_table(OUTPUT_TEXT, true, true, "a -\nb two\n  lines\n");
        check_table(OUTPUT_TEXT, false, false, "No rows.\n");
        check_table(OUTPUT_TEXT, true, false, "");
        check_table(OUTPUT_JSON, true, true, "[{\"name\":\"a\",\"what it is\":null},"
                                             "{\"name\":\"b\",\"what it is\":\"two\\nlines\"}]\n");
        check_table(OUTPUT_JSON, false, false, "[]\n");
}

TEST(text_in_json_steers_no_terminal) {
        _cleanup_(json_freep) json_t *value = value_string("a\x1b[31mb\xc2\x9b" "c\x7f\xff" "ä");

        CHECK_STREQ(json_string_value(value), "a?[31mb??c??ä");
}

static Usages usage_of(const char *name, uint64_t nsec, uint64_t at) {
        Usages u = { .list = calloc(1, sizeof(Usage)), .n = 1 };

        CHECK(u.list);
        u.list[0] = (Usage) {
                .name = strdup(name),
                .stats = json_pack("{s:I}", "CPUUsageNSec", (json_int_t) nsec),
                .at = at,
        };
        return u;
}

TEST(the_share_of_a_processor_needs_two_looks_at_the_same_machine) {
        _cleanup_(usages_done) Usages first = usage_of("web", 1000000, 1000000);
        _cleanup_(usages_done) Usages then = usage_of("web", 501000000, 2000000);
        _cleanup_(usages_done) Usages anew = usage_of("web", 5, 3000000);
        _cleanup_(usages_done) Usages other = usage_of("db", 5, 3000000);

        double percent = usage_cpu_percent(&then.list[0], &first);

        CHECK(percent > 49.99 && percent < 50.01);
        CHECK(usage_cpu_percent(&then.list[0], NULL) < 0);
        CHECK(usage_cpu_percent(&anew.list[0], &then) < 0);
        CHECK(usage_cpu_percent(&other.list[0], &then) < 0);
        CHECK(usage_cpu_percent(&first.list[0], &first) < 0);
}

TEST(bytes_are_told_in_the_largest_unit_that_fits) {
        static const struct {
                json_int_t n;
                const char *text;
        } cases[] = {
                { 0, "0B" }, { 1023, "1023B" }, { 1024, "1.0K" }, { 1536 << 10, "1.5M" },
                { INT64_MAX, "8.0E" },
        };
        char buffer[USAGE_CELL_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *n = json_integer(cases[i].n);

                CHECK_STREQ(usage_format_bytes(n, buffer), cases[i].text);
        }

        CHECK_STREQ(usage_format_bytes(NULL, buffer), "");
        CHECK_STREQ(usage_format_bytes(json_null(), buffer), "");
}

TEST_MAIN()
