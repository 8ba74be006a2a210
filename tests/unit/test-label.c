/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How labels are written for the kernel, and what is made of what it says then; with
 * files in place of those in /proc: few kernels that tests run on know of labels. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "lib/base/tree.h"
#include "lib/kernel/label.h"
#include "tests/test.h"

#define CONTEXT "system_u:system_r:container_t:s0"
#define ATTRIBUTE "thread-self/attr/exec"
#define ATTRIBUTE_OF_APPARMOR "thread-self/attr/apparmor/exec"

typedef struct Proc {
        char path[32];
        int fd;
} Proc;

static void proc_init(Proc *p) {
        strcpy(p->path, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(p->path));
        p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK_OK(p->fd);
        CHECK_OK(mkdirat(p->fd, "thread-self", 0700));
        CHECK_OK(mkdirat(p->fd, "thread-self/attr", 0700));
}

static void proc_done(Proc *p) {
        closep(&p->fd);
        CHECK_OK(tree_remove(p->path));
}

/* What is there before stays behind what is written: like what the kernel adds. */
static void put(const Proc *p, const char *name, const char *text) {
        _cleanup_close_ int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK_OK(fd);
        CHECK_OK(fd_write_all(fd, text, strlen(text)));
}

static void check_written(const Proc *p, const char *name, const char *wanted) {
        _cleanup_free_ char *text = NULL;

        CHECK_OK(beneath_read(p->fd, name, 4096, &text));
        CHECK_STREQ(text, wanted);
}

TEST(a_context_is_written_as_it_is) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        put(&p, ATTRIBUTE, "");
        CHECK_OK(label_set_exec(p.fd, LABEL_SELINUX, CONTEXT));
        check_written(&p, ATTRIBUTE, CONTEXT);
}

TEST(a_line_s_end_or_a_mode_may_follow) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        put(&p, ATTRIBUTE, "123\n");
        CHECK_OK(label_set_exec(p.fd, LABEL_SELINUX, "a:b"));
        put(&p, ATTRIBUTE, "123 (enforce)");
        CHECK_OK(label_set_exec(p.fd, LABEL_SELINUX, "a:b"));
}

TEST(a_label_that_was_not_taken_is_an_error) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        put(&p, ATTRIBUTE, "12345");
        CHECK_ERR(label_set_exec(p.fd, LABEL_SELINUX, "a:b"), EOPNOTSUPP); /* a:b45 is another */
        CHECK_OK(unlinkat(p.fd, ATTRIBUTE, 0));
        CHECK_OK(symlinkat("/dev/null", p.fd, ATTRIBUTE));
        CHECK_ERR(label_set_exec(p.fd, LABEL_SELINUX, "a:b"), EOPNOTSUPP);
}

TEST(what_was_chosen_can_be_asked_for) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        CHECK_ERR(label_check_exec(p.fd, LABEL_SELINUX, CONTEXT), ENOENT);
        put(&p, ATTRIBUTE, "");
        CHECK_ERR(label_check_exec(p.fd, LABEL_SELINUX, CONTEXT), EOPNOTSUPP);
        put(&p, ATTRIBUTE, CONTEXT ",c1");
        CHECK_ERR(label_check_exec(p.fd, LABEL_SELINUX, CONTEXT), EOPNOTSUPP);
        put(&p, ATTRIBUTE, CONTEXT);
        CHECK_OK(label_check_exec(p.fd, LABEL_SELINUX, CONTEXT));
}

TEST(a_profile_is_a_command_in_a_place_of_its_own) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        put(&p, ATTRIBUTE, "");
        CHECK_OK(mkdirat(p.fd, "thread-self/attr/apparmor", 0700));
        put(&p, ATTRIBUTE_OF_APPARMOR, "");

        /* A file says what was written to it, which is not what AppArmor says. */
        CHECK_ERR(label_set_exec(p.fd, LABEL_APPARMOR, "guests"), EOPNOTSUPP);
        check_written(&p, ATTRIBUTE_OF_APPARMOR, "exec guests");
        check_written(&p, ATTRIBUTE, "");
}

TEST(a_profile_goes_where_older_kernels_look) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        put(&p, ATTRIBUTE, "");
        CHECK_ERR(label_set_exec(p.fd, LABEL_APPARMOR, "guests"), EOPNOTSUPP);
        check_written(&p, ATTRIBUTE, "exec guests");
}

TEST(a_kernel_without_labels_is_told_of) {
        _cleanup_(proc_done) Proc p;

        proc_init(&p);
        CHECK_ERR(label_set_exec(p.fd, LABEL_SELINUX, CONTEXT), ENOENT);
        CHECK_ERR(label_set_exec(p.fd, LABEL_APPARMOR, "guests"), ENOENT);
}

TEST_MAIN()
