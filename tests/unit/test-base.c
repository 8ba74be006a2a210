/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/file.h"
#include "lib/base/id128.h"
#include "lib/base/name.h"
#include "lib/base/siphash.h"
#include "lib/base/steps.h"
#include "lib/base/text.h"
#include "tests/test.h"

TEST(machine_names_are_host_names) {
        static const char *const good[] = { "a", "web", "foo-bar", "a.b", "A1", "1", "x-1.y-2",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
        static const char *const bad[] = { "", ".", ".host", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b",
                "a_b", "a/b", "a b", "ä", "a@b", "a\n", "..",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(machine_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!machine_name_is_valid(bad[i]));
        CHECK(!machine_name_is_valid(NULL));
}

static void check_name_from_path(const char *path, const char *wanted) {
        _cleanup_free_ char *name = NULL;

        CHECK_OK(machine_name_from_path(path, &name));
        CHECK_STREQ(name, wanted);
}

TEST(names_derived_from_paths_are_valid) {
        _cleanup_free_ char *name = NULL;

        check_name_from_path("/var/lib/machines/web", "web");
        check_name_from_path("/var/lib/machines/web///", "web");
        check_name_from_path("/images/foo_bar.raw", "foobar");
        check_name_from_path("-x-", "x");
        check_name_from_path("/a/b..c", "b.c");
        CHECK_ERR(machine_name_from_path("/", &name), EINVAL);
        CHECK_ERR(machine_name_from_path("/___", &name), EINVAL);
}

TEST(unit_and_bus_names_are_escaped_as_systemd_does) {
        _cleanup_free_ char *scope = NULL, *label = NULL, *host = NULL, *empty = NULL;
        _cleanup_free_ char *back = NULL, *bad = NULL;

        CHECK_OK(machine_scope_name("foo-bar.baz", &scope));
        CHECK_STREQ(scope, "machine-foo\\x2dbar.baz.scope");
        CHECK_OK(bus_label_escape("foo-bar", &label));
        CHECK_STREQ(label, "foo_2dbar");
        CHECK_OK(bus_label_escape(".host", &host));
        CHECK_STREQ(host, "_2ehost");
        CHECK_OK(bus_label_escape("", &empty));
        CHECK_STREQ(empty, "_");
        CHECK_OK(bus_label_unescape("_2ehost", &back));
        CHECK_STREQ(back, ".host");
        CHECK_ERR(bus_label_unescape("_2", &bad), EINVAL);
        CHECK_ERR(bus_label_unescape("_00", &bad), EINVAL);
        CHECK_ERR(bus_label_unescape("x_zz", &bad), EINVAL);
}

/* Vectors of the reference implementation (SipHash-2-4, key 00 01 … 0f). */
TEST(siphash_agrees_with_its_authors) {
        uint8_t key[16], data[15];

        for (uint8_t i = 0; i < 16; i++)
                key[i] = i;
        for (uint8_t i = 0; i < 15; i++)
                data[i] = i;

        CHECK(siphash24(data, 0, key) == UINT64_C(0x726fdb47dd0e0e31));
        CHECK(siphash24(data, 8, key) == UINT64_C(0x93f5f5799a932462));
        CHECK(siphash24(data, 15, key) == UINT64_C(0xa129ca6149be45e5));
}

TEST(numbers_are_whole_strings) {
        static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "1x", "0x1" };
        uint64_t n;
        pid_t pid;

        CHECK_OK(parse_u64("18446744073709551615", UINT64_MAX, &n));
        CHECK(n == UINT64_MAX);
        CHECK_ERR(parse_u64("18446744073709551616", UINT64_MAX, &n), ERANGE);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(parse_u64(bad[i], UINT64_MAX, &n), EINVAL);
        CHECK_ERR(parse_pid("0", &pid), EINVAL);
        CHECK_ERR(parse_pid("99999999999", &pid), ERANGE);
        CHECK_OK(parse_size("4M", &n));
        CHECK(n == 4 << 20);
        CHECK_ERR(parse_size("4MB", &n), EINVAL);
        CHECK_ERR(parse_size("99999999999E", &n), ERANGE);
}

TEST(terminal_control_is_not_printable) {
        char text[] = "a\x1b[2Jb\xc2\x9b" "c\xff";

        CHECK(text_is_printable("Debian GNU/Linux 12 \xc3\xa4\xe2\x82\xac"));
        CHECK(!text_is_printable("\x1b[2J"));
        CHECK(!text_is_printable("\xc2\x9b"));
        CHECK(!text_is_printable("\xc0\xaf"));
        CHECK(!text_is_printable("\xed\xa0\x80"));
        CHECK_STREQ(text_strip_control(text), "a?[2Jb?\?c?");
}

TEST(users_of_machines_may_be_called_what_they_like_but_for_what_means_something) {
        static const char *const good[] = { "root", "0", "x.y", "a b",
                                             "DOMAIN\\me", "me@example.org", "J\u00fcrgen" };
        static const char *const bad[] = { "", "-v", ".", "..", "a/b", "a:b", "a\nb", "a\033[2J", "\xff" };
        char name[USER_NAME_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(user_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!user_name_is_valid(bad[i]));

        memset(name, 'x', sizeof(name));
        name[USER_NAME_MAX + 1] = 0;
        CHECK(!user_name_is_valid(name));
        name[USER_NAME_MAX] = 0;
        CHECK(user_name_is_valid(name));
}

TEST(environment_assignments_have_a_name) {
        static const char *const good[] = { "A=", "_a1=b=c", "LS=two\nlines\tand a tab", "Z=\u00fc" };
        static const char *const bad[] = { "", "=", "=x", "A", "1A=x", "A B=x",
                                            "A-B=x", "A=\033[2J", "A=\xff" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(environment_assignment_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!environment_assignment_is_valid(bad[i]));
}

TEST(environment_files_survive_a_round_trip) {
        _cleanup_free_ char *text = NULL;
        _cleanup_(strv_freep) char **pairs = NULL;

        CHECK_OK(envfile_append(&text, "NAME", "web"));
        CHECK_OK(envfile_append(&text, "ROOT", "/srv/a \"b\" $c `d` \\e"));
        CHECK_OK(envfile_append(&text, "NONE", NULL));
        CHECK_OK(envfile_parse(text, &pairs));
        CHECK_STREQ(envfile_get(pairs, "NAME"), "web");
        CHECK_STREQ(envfile_get(pairs, "ROOT"), "/srv/a \"b\" $c `d` \\e");
        CHECK_STREQ(envfile_get(pairs, "NONE"), NULL);
}

TEST(environment_files_may_be_hostile) {
        _cleanup_(strv_freep) char **pairs = NULL;

        CHECK_OK(envfile_parse("# a comment\n=x\nA B=1\n1A=2\nNAME='Deb ian' # not a comment\nX=\"open\n"
                               "Y=\x1b[2J\nZ=\\", &pairs));
        CHECK_STREQ(envfile_get(pairs, "NAME"), "Deb ian # not a comment");
        CHECK_STREQ(envfile_get(pairs, "X"), NULL);
        CHECK_STREQ(envfile_get(pairs, "Y"), NULL);
        CHECK_STREQ(envfile_get(pairs, "1A"), NULL);
}

TEST(ids_are_32_digits_or_uuids) {
        char digits[ID128_STRING_MAX], uuid[ID128_UUID_MAX];
        Id128 id;

        CHECK_OK(id128_parse("0123456789abcdef0123456789ABCDEF", &id));
        CHECK_STREQ(id128_format(id, digits), "0123456789abcdef0123456789abcdef");
        CHECK_STREQ(id128_format_uuid(id, uuid), "01234567-89ab-cdef-0123-456789abcdef");
        CHECK_OK(id128_parse(uuid, &id));
        CHECK_ERR(id128_parse("0123456789abcdef0123456789abcde", &id), EINVAL);
        CHECK_ERR(id128_parse("0123456789abcdef0123456789abcdeg", &id), EINVAL);
        CHECK_ERR(id128_parse("01234567089ab-cdef-0123-456789abcdef", &id), EINVAL);
}

typedef struct Guest {
        char path[32];
        int root_fd;
} Guest;

static void guest_init(Guest *g) {
        strcpy(g->path, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(g->path));
        g->root_fd = open(g->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        CHECK(g->root_fd >= 0);
}

static void guest_done(Guest *g) {
        static const char *const names[] = {
                "etc/machine-id", "etc", "out", "fifo", "loop", "a/b/c", "a/b", "a", "tmp"
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (unlinkat(g->root_fd, names[i], 0) < 0)
                        (void) unlinkat(g->root_fd, names[i], AT_REMOVEDIR);
        (void) close(g->root_fd);
        (void) rmdir(g->path);
}

TEST(nothing_leads_out_of_a_guest) {
        _cleanup_(guest_done) Guest g;
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -EBADF;

        guest_init(&g);
        CHECK_OK(symlinkat("/etc", g.root_fd, "out"));
        CHECK_OK(symlinkat("loop", g.root_fd, "loop"));
        CHECK_OK(mkfifoat(g.root_fd, "fifo", 0600));

        CHECK_ERR(beneath_read(g.root_fd, "out/passwd", 1 << 20, &text), ENOENT);
        CHECK_ERR(beneath_read(g.root_fd, "../../../../etc/passwd", 1 << 20, &text), ENOENT);
        CHECK_ERR(beneath_read(g.root_fd, "loop", 1 << 20, &text), ELOOP);
        CHECK_ERR(beneath_read(g.root_fd, "fifo", 1 << 20, &text), EBADF);
        CHECK_ERR(beneath_read(g.root_fd, "/", 1 << 20, &text), EBADF);

        CHECK(beneath_leads_out(g.root_fd, "out/passwd") == 1);
        CHECK(beneath_leads_out(g.root_fd, "../x") == 1);
        CHECK(beneath_leads_out(g.root_fd, "a/b") == 0);
        CHECK_ERR(beneath_leads_out(g.root_fd, "loop"), ELOOP);

        fd = beneath_make_directory(g.root_fd, "/a/b/c", 0755);
        CHECK_OK(fd);
        CHECK_OK(faccessat(g.root_fd, "a/b/c", F_OK, 0));
}

TEST(what_has_no_name_of_its_own_has_no_parent) {
        static const char *const names[] = { "", "/", ".", "..", "a/", "a/.", "a/.." };
        _cleanup_(guest_done) Guest g;
        const char *base;

        guest_init(&g);
        CHECK_OK(mkdirat(g.root_fd, "a", 0755));
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                CHECK_ERR(beneath_open_parent(g.root_fd, names[i], &base), EINVAL);
}

/* The child leads a session, as services do. */
static _Noreturn void open_terminal(const char *terminal) {
        int pts_fd = open("/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (setsid() < 0 || pts_fd < 0 || beneath_open(pts_fd, strrchr(terminal, '/') + 1, O_RDWR, 0) < 0)
                _exit(EXIT_FAILURE);

        _exit(open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 && errno == ENXIO ? EXIT_SUCCESS : EXIT_FAILURE);
}

TEST(a_terminal_of_a_guest_does_not_become_ours) {
        _cleanup_close_ int master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        int status;
        pid_t pid;

        CHECK_OK(master_fd);
        CHECK_OK(unlockpt(master_fd));
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0)
                open_terminal(ptsname(master_fd));

        CHECK_OK(waitpid(pid, &status, 0));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

TEST(machine_ids_of_guests_may_be_garbage) {
        _cleanup_(guest_done) Guest g;
        Id128 id;

        guest_init(&g);
        CHECK_ERR(id128_read_machine(g.root_fd, &id), ENOENT);
        CHECK_OK(mkdirat(g.root_fd, "etc", 0755));
        CHECK_OK(file_replace(g.root_fd, "etc/machine-id", 0644, "uninitialized\n"));
        CHECK_ERR(id128_read_machine(g.root_fd, &id), ENOENT);
        CHECK_OK(file_replace(g.root_fd, "etc/machine-id", 0644, "../../../../etc/shadow\n"));
        CHECK_ERR(id128_read_machine(g.root_fd, &id), EINVAL);
        CHECK_OK(file_replace(g.root_fd, "etc/machine-id", 0644, "00000000000000000000000000000000\n"));
        CHECK_ERR(id128_read_machine(g.root_fd, &id), EINVAL);
        CHECK_OK(file_replace(g.root_fd, "etc/machine-id", 0644, "0123456789abcdef0123456789abcdef\n"));
        CHECK_OK(id128_read_machine(g.root_fd, &id));
}

TEST(normalized_paths_say_where_they_lead) {
        static const char *const good[] = { "/", "/a", "/a/b", "/a/", "/.a/b.", "/..a/b..", "/..." };
        static const char *const bad[] = { "", "a", "./a", "//", "/a//b", "/./a", "/a/.", "/a/./b", "/..",
                "/a/..", "/a/../b", "/../a", "//a" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(path_is_normalized(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!path_is_normalized(bad[i]));
}

TEST(files_are_read_up_to_a_limit) {
        _cleanup_free_ char *text = NULL;

        CHECK_ERR(file_read("/dev/zero", 100000, &text), EFBIG);
        CHECK_OK(file_read("/dev/null", 1, &text));
        CHECK_STREQ(text, "");
}

typedef struct Trace {
        char text[64];
} Trace;

static int apply_a(void *subject) {
        strcat(((Trace *) subject)->text, "a");
        return 0;
}

static void undo_a(void *subject) {
        strcat(((Trace *) subject)->text, "-a");
}

static int apply_pending(void *subject) {
        strcat(((Trace *) subject)->text, "p");
        return STEP_PENDING;
}

static int apply_failure(_unused_ void *subject) {
        return -EIO;
}

static const Step step_a = { .name = "a", .apply = apply_a, .undo = undo_a };
static const Step step_pending = { .name = "pending", .apply = apply_pending, .undo = undo_a };
static const Step step_failure = { .name = "failure", .apply = apply_failure, .undo = undo_a };
static const Step step_other = { .name = "other", .stage = 1, .apply = apply_failure };

TEST(steps_that_succeeded_are_undone_when_one_fails) {
        static const Step *const table[] = { &step_a, &step_other, &step_pending, &step_failure };
        Trace trace = {};
        Steps steps = { .table = table, .n_steps = ELEMENTSOF(table), .subject = &trace };
        const Step *culprit = NULL;

        CHECK(steps_run(&steps, &culprit) == STEP_PENDING);
        CHECK_STREQ(trace.text, "ap");
        CHECK_ERR(steps_resume(&steps, 0, &culprit), EIO);
        CHECK(culprit == &step_failure);
        CHECK_STREQ(trace.text, "ap-a-a");
}

TEST(a_pending_step_that_fails_is_not_undone_itself) {
        static const Step *const table[] = { &step_a, &step_pending };
        Trace trace = {};
        Steps steps = { .table = table, .n_steps = ELEMENTSOF(table), .subject = &trace };
        const Step *culprit = NULL;

        CHECK(steps_run(&steps, &culprit) == STEP_PENDING);
        CHECK_ERR(steps_resume(&steps, -ENOENT, &culprit), ENOENT);
        CHECK(culprit == &step_pending);
        CHECK_STREQ(trace.text, "ap-a");
}

TEST(every_error_of_ours_has_a_bus_name) {
        for (int e = _ERROR_BASE + 1; e < _ERROR_MAX; e++)
                CHECK(error_from_bus_name(error_bus_name(-e)) == -e);

        CHECK(!error_bus_name(-ENOENT));
        CHECK(error_from_bus_name("org.freedesktop.DBus.Error.Failed") == 0);
        CHECK_STREQ(error_text(-E_NO_SUCH_MACHINE), "No such machine");
}

TEST_MAIN()
