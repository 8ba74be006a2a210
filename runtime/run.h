/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Run
 *
 * One container being started: the spec, and what the steps have made so far.
 * A step runs in one of two processes, and at one of five times:
 *
 *      STAGE_HOST      the supervisor, before there is a leader. Looks at the
 *                      image, and makes what the leader is born into. Writes
 *                      nothing into the image: its owners may not be settled.
 *      STAGE_OUTER     the leader, in its new namespaces, host still in sight.
 *                      Assembles the mount tree. For a machine with users of
 *                      its own that is another process, the builder, with the
 *                      host's users and privileges; the leader is born from it
 *                      with a copy of the tree that its guest cannot take apart.
 *      STAGE_OWN       the leader, as root of its own namespaces: mounts what
 *                      shows them, sets them up, and leaves the host's tree.
 *      STAGE_LEADER    the supervisor again, at the same time, or after that
 *                      if the machine is registered: what needs a leader.
 *                      Registers it, wires it.
 *      STAGE_INNER     the leader, when both are done. Gives up the host's
 *                      privileges, and becomes the payload.
 *
 * The leader has a copy of what STAGE_HOST has set; what it sets itself, the
 * supervisor does not see, but for the descriptors that it is sent.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"
#include "lib/base/steps.h"
#include "lib/kernel/syscall-filter.h"
#include "lib/kernel/tree-lock.h"
#include "lib/kernel/uid-range.h"
#include "lib/spec/spec.h"
#include "runtime/host-user.h"
#include "runtime/journal-remote.h"
#include "runtime/user.h"

typedef enum Stage {
        STAGE_HOST,
        STAGE_OUTER,
        STAGE_OWN,
        STAGE_LEADER,
        STAGE_INNER,
        _STAGE_MAX,
} Stage;

/* What the leader makes inside and the supervisor keeps. */
typedef enum GuestFd {
        GUEST_CONSOLE_MASTER,
        GUEST_CONSOLE_PEER,     /* keeps the master from seeing a hang-up while nobody inside has it open */
        GUEST_NOTIFY,
        GUEST_KMSG,             /* keeps /proc/kmsg from being at its end */
        GUEST_TTYS,             /* and as many as the spec wants: masters of the other terminals */
        _GUEST_FD_MAX = GUEST_TTYS + SPEC_TTYS_MAX,
} GuestFd;

/* What $container and /run/host/container-manager say. */
#define CONTAINER_MANAGER "berth"

/* Inodes in /run/host that are mounted over those of /proc. */
#define RUN_HOST_BOOT_ID "proc-sys-kernel-random-boot-id"
#define RUN_HOST_KMSG "proc-kmsg"

/* Directory of it in which --nesting mounts. */
#define RUN_HOST_NESTING "nesting"

/* Those that a leader must have of its own; of network and users, if asked for. */
typedef enum RunNamespace {
        RUN_NAMESPACE_CGROUP,
        RUN_NAMESPACE_IPC,
        RUN_NAMESPACE_MNT,
        RUN_NAMESPACE_NET,
        RUN_NAMESPACE_PID,
        RUN_NAMESPACE_TIME,
        RUN_NAMESPACE_USER,
        RUN_NAMESPACE_UTS,
        _RUN_NAMESPACE_MAX,
} RunNamespace;

#define RUN_OBJECT_MAX 192

/* Where the leader has the tree until that is its root. Nowhere on the way to anything else: whatever is
 * looked up on the host meanwhile, by links with ".." in them too, must not lead into the tree. Over the
 * host's root ".." would, and the kernel makes no user namespace for who has something there. */
#define RUN_PLACE "/run/berth/root"

/* What tells of the host, inside; and where credentials are. */
#define RUN_HOST "/run/host"
#define RUN_CREDENTIALS RUN_HOST "/credentials"

/* One that was read from a file; as many as the spec has. */
typedef struct RunCredential {
        char *data;
        size_t size;
} RunCredential;

/* Of runtime/late.h. */
typedef struct Late Late;

typedef struct Run {
        const Spec *spec;
        bool is_reboot;         /* the guest was there just now, and wants to be again */
        bool pipe;              /* the payload gets our own streams */
        unsigned n_listen_fds;  /* sockets that we were started with, for the payload */
        const Steps *steps;     /* the ones that are being taken */
        size_t object_at;       /* row of the step that has set the object */
        char object[RUN_OBJECT_MAX];

        int program_fd;         /* the directory of our program, in a mount of its own, or negative */
        UidRange *range;        /* the machine's users; kept by the caller, through all reboots */
        TreeLock *lock;         /* on the tree; kept likewise */
        uint32_t tree_block;    /* first of the users whose files are shown as the machine's */
        bool tree_is_mapped;    /* they are */
        bool unregistered;      /* it could be told to nobody, and did not have to */
        const char *without_users;      /* its own users were optional, and this is why there are none */

        /* STAGE_HOST */
        uint64_t host_namespaces[_RUN_NAMESPACE_MAX];   /* inodes */
        unsigned host_filters;  /* of system calls, around us */
        int root_fd;            /* the root directory; in the leader, from step root on, its mount */
        char *root_path;
        bool of_host;           /* the tree is the host's own: nothing may reach it */
        char *init;             /* program in the guest, with START_BOOT */
        bool notify_ready;
        Id128 uuid;
        User user;              /* whom the payload runs as */
        char **host_environment;        /* container_host_… */
        char *host_os_release;
        char *cgroup;           /* that the leader is born in, or NULL: ours */
        int cgroup_fd;
        SyscallProgram filter;  /* empty if this build has none */
        int place_fd;           /* of the host's directory for this machine, held */
        int journal_fd;         /* the socket that its journal is sent to, detached */
        JournalRemote journal_remote;   /* who takes it */
        int export_fd;          /* for its sockets, detached */
        int *source_fds;        /* of the spec's mounts, detached */
        size_t n_source_fds;
        RunCredential *credentials;
        HostUser *bind_users;
        size_t n_bind_users;
        char **temporaries;     /* directories of the host to remove in the end */
        char *changes;          /* directory of the host that an ephemeral tree's changes are in */
        bool will_reboot;       /* it has ended, and will be there again: changes stay */
        int writer_fd;          /* keeps the guest from making the file system read-only, or negative */
        int image_fd;           /* the whole tree, if the root directory is not that */
        int usr_fd;             /* of the tree, with VOLATILE_YES, or if the host's is another mount */
        int netns_fd;           /* to join, or negative */
        int stub_fd;            /* the program that is PID 1 with as_pid2 */

        const Late *late;       /* once it has been loaded */

        /* STAGE_LEADER */
        pid_t leader;
        int leader_pidfd;
        char *kept_filter;      /* for those who join */
        unsigned veth;          /* ifindex of our end, if we made it */

        /* STAGE_OUTER and STAGE_OWN, in the leader */
        int sync_fd;            /* our end of what connects us with the supervisor; not ours to close */
        int dev_fd;
        int proc_fd;
        int sys_fd;
        int run_fd;
        int run_host_fd;
        int guest_fds[_GUEST_FD_MAX];
        char **ttys;            /* names of the other terminals, in the guest's /dev */
} Run;

void run_init(Run *run, const Spec *spec);
void run_done(Run *run);

/* How many of the guest's descriptors there are, once its leader has made them. */
size_t run_count_guest_fds(const Run *run);

/* Whether berthd is told of the machine. */
bool run_is_registered(const Run *run);

/* The method of machine1's that does what we want: with a scope or in our own unit; and whether berthd
 * shall leave the network namespace alone, which has what it shall have. */
const char *run_register_method(const Run *run);

/* Whether the machine has users of its own, and thus a user namespace. */
bool run_has_users(const Run *run);

/**
 * run_set_object() - name what a step is at, in case that it fails
 * @run:                the run
 * @format:             printf() format
 *
 * For steps that have several objects; those of the others are what their
 * explain() prints.
 */
void run_set_object(Run *run, const char *format, ...) _printf_(2, 3);

/**
 * run_object() - what a step was at when it failed
 * @run:                the run
 * @step:               the step
 * @ret:                return location for the text, possibly ""
 */
void run_object(const Run *run, const Step *step, char ret[static RUN_OBJECT_MAX]);

/* What nobody inside has more than, as of lib/spec/capability.h: what the spec says; and where there
 * is no filter to hide the kernel's audit from a machine with the host's users, what lets its PAM write
 * there, which refuses all logins otherwise. */
uint64_t run_bounding(const Run *run);

/* What the payload holds, as it begins: bits, as of lib/spec/capability.h. */
uint64_t run_capabilities(const Run *run);

extern const Step *const step_table[];
extern const size_t n_steps;

/* A way through the steps of one stage; it is the current one until the next. */
void run_steps_init(Run *run, Steps *steps, Stage stage);
