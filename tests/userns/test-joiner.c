/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What who joins a machine has at hand on the way in, and what its program begins with. It is looked
 * at from within: calls of the C library that it makes at the moments in question are ours. */

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/join-private.h"
#include "lib/kernel/kept-filter.h"
#include "lib/kernel/privileges.h"
#include "lib/kernel/process.h"
#include "tests/test.h"
#include "tests/userns/leader.h"

#define OUTPUT_MAX 8192
#define FDS_MAX 256
#define NEEDS_ROOT() SKIP_UNLESS(geteuid() == 0, "root")
#define SHELL(script) ((char *const[]) { (char *) "/bin/sh", (char *) "-c", (char *) (script), NULL })

typedef enum Moment {
        ENTERING,       /* the joiner, before it is in the machine's tree */
        LEAVING,        /* its last look at it */
        BORN,           /* the program, in the machine's pid namespace: others see it from now on */
        _MOMENT_MAX,
} Moment;

typedef struct Look {
        bool taken;
        int dumpable, death_signal, no_new_privileges, n_groups, n_descriptors;
        bool filtered;
        Privileges privileges;
} Look;

/* In memory that all share. */
static struct {
        Look looks[_MOMENT_MAX];
        bool forges;            /* what the joiner reports, once the program is born */
        JoinReport forged;
        bool waits;             /* the program, with its last steps */
        sem_t waiting, go_on;
} *spy;

static JoinReport *report;

static void look(Moment moment) {
        Look *l;

        if (!spy)
                return;

        l = &spy->looks[moment];
        *l = (Look) {
                .taken = true,
                .dumpable = prctl(PR_GET_DUMPABLE),
                .no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
                .n_groups = getgroups(0, NULL),
        };
        (void) prctl(PR_GET_PDEATHSIG, &l->death_signal);
        (void) privileges_read(&l->privileges);
        l->filtered = uname(&(struct utsname) {}) < 0;
        for (int fd = 0; fd < FDS_MAX; fd++)
                l->n_descriptors += fcntl(fd, F_GETFD) >= 0;
}

/* The joiner's is of this size. */
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
        void *p = (void *) syscall(SYS_mmap, address, size, protection, flags, fd, offset);

        if (size == sizeof(*report))
                report = p;

        return p;
}

int chroot(const char *path) {
        look(ENTERING);
        return (int) syscall(SYS_chroot, path);
}

void _exit(int status) {
        look(LEAVING);
        for (;;)
                (void) syscall(SYS_exit_group, status);
}

pid_t setsid(void) {
        look(BORN);
        if (spy && spy->forges)
                *report = spy->forged;

        return (pid_t) syscall(SYS_setsid);
}

mode_t umask(mode_t mode) {
        if (spy && spy->waits) {
                (void) sem_post(&spy->waiting);
                (void) sem_wait(&spy->go_on);
        }

        return (mode_t) syscall(SYS_umask, mode);
}

static void spy_begin(void) {
        spy = mmap(NULL, sizeof(*spy), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(spy != MAP_FAILED);
        CHECK_OK(sem_init(&spy->waiting, 1, 0));
        CHECK_OK(sem_init(&spy->go_on, 1, 0));
}

static void spy_end(void) {
        (void) munmap(spy, sizeof(*spy));
        spy = NULL;
}

static char *const environment[] = { (char *) "WHO=me", NULL };

/* Runs a program inside; returns its output. */
static char *run(const Leader *l, JoinRequest request, char *const *argv) {
        _cleanup_close_ int read_fd = -EBADF;
        char *text = NULL;
        JoinResult result;
        int p[2], status;

        CHECK_OK(pipe2(p, O_CLOEXEC));
        read_fd = p[0];
        request.leader = l->pidfd;
        request.stdio[1] = request.stdio[2] = p[1];
        request.program = argv[0];
        request.argv = argv;
        request.environment = environment;
        CHECK_OK(join_start(&request, &result, NULL));
        closep(&p[1]);

        CHECK_OK(fd_read_all(read_fd, OUTPUT_MAX, &text, NULL));
        CHECK(waitpid(result.pid, &status, 0) == result.pid && status == 0);
        closep(&result.pidfd);
        return text;
}

static void check_run(const Leader *l, JoinRequest request, const char *script, const char *wanted) {
        _cleanup_free_ char *text = run(l, request, SHELL(script));

        CHECK_STREQ(text, wanted);
}

/* Nobody traces it, and it ends with who waits for it, all the way. */
static void check_protected(uid_t uid) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        Look looks[_MOMENT_MAX];

        leader_init(&l, 0);
        spy_begin();
        check_run(&l, (JoinRequest) { .uid = uid, .gid = uid }, "echo said", "said\n");

        memcpy(looks, spy->looks, sizeof(looks));
        spy_end();

        for (Moment m = 0; m < _MOMENT_MAX; m++) {
                CHECK(looks[m].taken && looks[m].dumpable == 0);
                CHECK(m == BORN || looks[m].death_signal == SIGKILL);
        }
}

TEST(who_joins_is_nobody_s_to_look_into_and_ends_with_who_asked) {
        NEEDS_ROOT();
        check_protected(0);
        check_protected(1000);
}

/* Refuses uname(), or nothing. */
static struct sock_filter no_uname[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const SyscallProgram filter = { no_uname, ELEMENTSOF(no_uname) };

TEST(the_machine_sees_a_program_that_has_given_up_all_already) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        _cleanup_free_ char *kept = NULL;
        Look born;

        NEEDS_ROOT();
        leader_init(&l, 0);
        CHECK_OK(kept_filter_add(l.pidfd, &filter, &kept));
        spy_begin();
        check_run(&l, (JoinRequest) {}, "uname 2>&1 || echo refused",
                  "uname: cannot get system name: Operation not permitted\nrefused\n");
        kept_filter_remove(kept);
        born = spy->looks[BORN];
        spy_end();

        CHECK(born.taken && born.filtered && born.no_new_privileges == 1);
        CHECK(born.n_descriptors == 4);
        CHECK(((born.privileges.permitted | born.privileges.effective | born.privileges.bounding) &
               UINT64_C(1) << CAP_SYS_BOOT) == 0);
}

TEST(capabilities_are_not_inherited) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };

        NEEDS_ROOT();
        leader_init(&l, 0);
        CHECK_OK(privileges_set_ambient(UINT64_C(1) << CAP_SYS_BOOT));
        check_run(&l, (JoinRequest) {},
                  "grep -c -E '^Cap(Inh|Amb):.0*$' /proc/self/status;"
                  "sed -n 's/^Cap\\(Bnd\\|Eff\\|Prm\\)://p' /proc/self/status | uniq | wc -l", "2\n1\n");
        CHECK_OK(privileges_limit(UINT64_MAX)); /* what is inherited, it takes away in any case */
}

static void check_groups(int more_namespaces) {
        const gid_t ours[] = { 41, 42 }, wanted[] = { 7, 8 };
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        int n_groups;

        leader_init(&l, more_namespaces);
        CHECK_OK(setgroups(ELEMENTSOF(ours), ours));
        spy_begin();
        check_run(&l, (JoinRequest) { .gid = 5 }, "id -G", "5\n");
        n_groups = spy->looks[ENTERING].n_groups;
        spy_end();
        check_run(&l, (JoinRequest) { .gid = 5, .groups = wanted, .n_groups = 2 }, "id -G", "5 7 8\n");
        CHECK_OK(setgroups(0, NULL));
        CHECK(n_groups == 0);
}

TEST(groups_are_those_that_were_asked_for) {
        NEEDS_ROOT();
        check_groups(0);
        check_groups(CLONE_NEWUSER);
}

TEST(it_has_a_session_and_a_mask_of_its_own) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };

        NEEDS_ROOT();
        leader_init(&l, 0);
        (void) umask(077);
        check_run(&l, (JoinRequest) {}, "umask; read -r pid _ _ _ _ sid _ </proc/self/stat; "
                                        "[ $pid = $sid ] && echo leads", "0022\nleads\n");
        (void) umask(022);
}

TEST(its_environment_is_what_was_asked_for) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        _cleanup_free_ char *text = NULL;

        NEEDS_ROOT();
        leader_init(&l, 0);
        text = run(&l, (JoinRequest) {}, (char *const[]) { (char *) "/usr/bin/env", NULL });
        CHECK_STREQ(text, "WHO=me\n");
}

typedef struct Group {
        char *path;
} Group;

static void group_done(Group *g) {
        if (g->path)
                (void) cgroup_remove(g->path);
        free(g->path);
}

static void freeze(const char *path) {
        _cleanup_close_ int fd = -EBADF, events_fd = -EBADF;

        fd = cgroup_open(path);
        CHECK_OK(fd);
        events_fd = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        CHECK_OK(events_fd);
        CHECK_OK(cgroup_write(path, "cgroup.freeze", "1"));
        while (cgroup_is_frozen(path) == 0) {
                struct pollfd p = { .fd = events_fd, .events = POLLPRI };
                char text[128];

                CHECK_OK(pread(events_fd, text, sizeof(text), 0));
                CHECK_OK(poll(&p, 1, 100));
        }
}

TEST(it_is_in_the_control_group_of_the_leader_if_that_is_not_frozen) {
        _cleanup_(group_done) Group g = {};
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        _cleanup_free_ char *own = NULL, *inside = NULL, *path = NULL;
        JoinRequest request = {
                .program = "/bin/true", .argv = (char *[]) { (char *) "true", NULL },
        };

        NEEDS_ROOT();
        SKIP_UNLESS(cgroup_mount_point() && cgroup_of_process(0, &own) >= 0, "control groups");
        CHECK_OK(text_printf(&path, "%s/berth-test-%i", streq(own, "/") ? "" : own, (int) getpid()));
        SKIP_UNLESS(cgroup_make(path) >= 0, "control groups of our own");
        g.path = TAKE_PTR(path);

        leader_init(&l, 0);
        CHECK_OK(cgroup_attach(g.path, l.pid));
        CHECK_OK(text_printf(&inside, "0::%s\n", g.path));
        check_run(&l, (JoinRequest) {}, "grep ^0: /proc/self/cgroup", inside);

        freeze(g.path);
        request.leader = l.pidfd;
        (void) alarm(10); /* it would wait for ever */
        CHECK_ERR(join_start(&request, &(JoinResult) {}, NULL), E_MACHINE_FROZEN);
        (void) alarm(0);
        CHECK_OK(cgroup_write(g.path, "cgroup.freeze", "0"));
}

TEST(what_a_machine_could_write_into_the_joiner_s_memory_is_not_believed) {
        Leader l = { .pidfd = -EBADF };
        JoinResult result = { .pidfd = -EBADF };
        JoinStage stage = JOIN_PREPARE;
        int of_another, made_up;
        JoinRequest request = {
                .program = "/bin/true", .argv = (char *[]) { (char *) "true", NULL },
        };

        NEEDS_ROOT();
        leader_init(&l, 0);
        request.leader = l.pidfd;
        spy_begin();
        spy->forges = true;
        spy->forged = (JoinReport) { .pid = 1 };
        of_another = join_start(&request, &result, NULL);
        spy->forged = (JoinReport) { .pid = 1, .error = -EIO, .stage = _JOIN_STAGE_MAX + 1000 };
        made_up = join_start(&request, &result, &stage);
        spy_end();
        CHECK_OK(process_signal(l.pidfd, SIGKILL));
        while (waitpid(-1, NULL, 0) > 0)
                ; /* the programs, too, of which nobody knows */
        closep(&l.pidfd);

        CHECK_ERR(of_another, ESRCH);
        CHECK_ERR(made_up, EIO);
        CHECK(stage < _JOIN_STAGE_MAX);
}

/* Who waits for it is gone: all of its end that is left is ours. */
TEST(a_program_that_nobody_waits_for_is_not_executed) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        _cleanup_close_ int read_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        JoinResult result;
        int p[2];
        pid_t pid;

        NEEDS_ROOT();
        leader_init(&l, 0);
        spy_begin();
        spy->waits = true;
        CHECK_OK(pipe2(p, O_CLOEXEC));
        read_fd = p[0];

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) join_start(&(JoinRequest) {
                        .leader = l.pidfd, .stdio = { STDIN_FILENO, p[1], STDERR_FILENO },
                        .program = "/bin/echo", .argv = (char *[]) { (char *) "echo", (char *) "ran", NULL },
                }, &result, NULL);
                _exit(EXIT_FAILURE);
        }

        closep(&p[1]);
        CHECK_OK(sem_wait(&spy->waiting));
        CHECK_OK(kill(pid, SIGKILL));
        CHECK(waitpid(pid, NULL, 0) == pid);
        CHECK_OK(sem_post(&spy->go_on));
        spy_end();
        CHECK_OK(fd_read_all(read_fd, OUTPUT_MAX, &text, NULL));
        CHECK_STREQ(text, "");
}

static void check_label(LabelModule module) {
        JoinPlan plan = {
                .request = &(JoinRequest) {}, .root_fd = -EBADF, .cgroup_fd = -EBADF, .report_fd = -EBADF,
        };
        pid_t pid, ours = getpid();

        plan.labels[module] = (char *) "berth-test-nowhere";
        plan.report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(plan.report != MAP_FAILED);
        for (int i = 0; i < (int) RLIM_NLIMITS; i++)
                CHECK_OK(getrlimit((__rlimit_resource_t) i, &plan.limits[i]));

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0)
                join_enter(&plan, ours, true);

        CHECK(waitpid(pid, NULL, 0) == pid);
        CHECK(plan.report->stage == JOIN_PRIVILEGES && plan.report->error < 0);
        (void) munmap(plan.report, sizeof(*report));
}

/* Where the kernel does not have the module, it refuses: it was asked. */
TEST(a_label_that_cannot_be_taken_is_an_error) {
        NEEDS_ROOT();
        check_label(LABEL_APPARMOR);
        check_label(LABEL_SELINUX);
}

static mode_t mode_of(const char *path) {
        struct stat st;

        CHECK_OK(lstat(path, &st));
        return st.st_mode & ALLPERMS;
}

/* As if whoever had this number began then. */
static void write_filter(const char *path, uint64_t start) {
        _cleanup_close_ int fd = -EBADF;

        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CHECK_OK(fd);
        CHECK_OK(fd_write_all(fd, &start, sizeof(start)));
        CHECK_OK(fd_write_all(fd, no_uname, sizeof(no_uname)));
}

/* A /run of our own, that others do not see. */
static void hide_run(void) {
        CHECK_OK(unshare(CLONE_NEWNS));
        CHECK_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
        CHECK_OK(mount("tmpfs", "/run", "tmpfs", 0, NULL));
}

static size_t found(const Leader *l) {
        SyscallProgram program;
        size_t n;

        CHECK_OK(kept_filter_find(l->pidfd, &program));
        n = program.n_instructions;
        syscall_program_done(&program);
        return n;
}

TEST(filters_are_kept_for_root_and_as_long_as_who_has_them_is_there) {
        _cleanup_(leader_done) Leader l = { .pidfd = -EBADF };
        Leader other = { .pidfd = -EBADF };
        _cleanup_free_ char *kept = NULL, *left = NULL;
        uint64_t start;

        NEEDS_ROOT();
        hide_run();
        leader_init(&l, 0);
        leader_init(&other, 0);
        CHECK_OK(process_start_time(l.pidfd, &start));
        CHECK_OK(text_printf(&left, "/run/berth/filters/%i", other.pid));

        (void) umask(0);
        CHECK_OK(kept_filter_add(l.pidfd, &filter, &kept));
        (void) umask(022);
        CHECK(mode_of("/run/berth/filters") == 0700 && mode_of(kept) == 0600);
        CHECK(found(&l) == ELEMENTSOF(no_uname));

        /* Another had its number once; or somebody has made a link of it. */
        write_filter(kept, start - 1);
        CHECK(found(&l) == 0);
        CHECK_OK(unlink(kept));
        CHECK_OK(symlink(left, kept));
        write_filter(left, start);
        CHECK_ERR(kept_filter_find(l.pidfd, &(SyscallProgram) {}), ELOOP);
        free(TAKE_PTR(kept));

        /* What those have left who are there stays, that of others goes. */
        CHECK_OK(kept_filter_add(l.pidfd, &filter, &kept));
        CHECK(found(&l) == ELEMENTSOF(no_uname) && access(left, F_OK) >= 0);
        free(TAKE_PTR(kept));
        leader_done(&other);
        CHECK_OK(kept_filter_add(l.pidfd, &filter, &kept));
        CHECK(access(left, F_OK) < 0 && errno == ENOENT);
        kept_filter_remove(kept);
        CHECK(access(kept, F_OK) < 0);
}

TEST_MAIN()
