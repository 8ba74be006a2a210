/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Spec
 *
 * What a container is to be, decided before anything happens: one plain struct
 * that every front end fills in (the command line, later settings files and OCI
 * bundles), and that the runtime's steps only read. Checking it is a pure
 * function, so that every decision can be tested without privileges.
 */

#include "lib/base/base.h"
#include "lib/base/id128.h"

typedef enum StartMode {
        START_SHELL,            /* no command given: the guest's shell */
        START_COMMAND,
        START_BOOT,             /* its init, as PID 1 */
} StartMode;

typedef enum Console {
        CONSOLE_DEFAULT,        /* interactive on a terminal, otherwise read-only */
        CONSOLE_INTERACTIVE,
        CONSOLE_READ_ONLY,      /* what the guest writes comes out, nothing goes in */
        CONSOLE_PASSIVE,        /* a console that leads nowhere */
        CONSOLE_PIPE,           /* our own three streams */
        CONSOLE_AUTOPIPE,       /* interactive on a terminal, otherwise pipe */
} Console;

typedef enum NotifyReady {
        NOTIFY_READY_NO,        /* ready once the payload runs */
        NOTIFY_READY_YES,       /* ready when the payload says so */
        NOTIFY_READY_AUTO,      /* the latter if the guest's init is systemd */
} NotifyReady;

/* Whether berthd is told of the machine. */
typedef enum Registration {
        REGISTER_AUTO,          /* if it is there */
        REGISTER_YES,
        REGISTER_NO,
} Registration;

typedef enum LinkJournal {
        LINK_JOURNAL_NO,
        LINK_JOURNAL_AUTO,
        LINK_JOURNAL_GUEST,
        LINK_JOURNAL_TRY_GUEST,
        LINK_JOURNAL_HOST,
        LINK_JOURNAL_TRY_HOST,
} LinkJournal;

/* What a machine's journal may take on the host. */
typedef enum ForwardLimit {
        FORWARD_MAX_USE,
        FORWARD_KEEP_FREE,
        FORWARD_MAX_FILE_SIZE,
        FORWARD_MAX_FILES,
        _FORWARD_LIMIT_MAX,
} ForwardLimit;

/* How a machine's journald is told where to send what it writes down: by a credential. */
#define FORWARD_CREDENTIAL "journal.forward_to_socket"
#define FORWARD_SOCKET "/run/host/journal/socket"

typedef enum PrivateUsers {
        USERS_OF_HOST,
        USERS_OF_TREE,          /* those that the root directory belongs to */
        USERS_PICK,             /* a range that nobody has */
        USERS_CHOSEN,           /* users_base and users_count */
        USERS_IDENTITY,         /* a user namespace in which all are who they are on the host */
        USERS_MANAGED,          /* a range that systemd-nsresourced hands out */
} PrivateUsers;

typedef enum UsersOwnership {
        OWNERSHIP_DEFAULT,      /* auto for USERS_PICK, otherwise off */
        OWNERSHIP_OFF,          /* files have the owners that they have */
        OWNERSHIP_CHOWN,        /* they are given to the machine's users, for good */
        OWNERSHIP_MAP,          /* they are shown as the machine's users' */
        OWNERSHIP_AUTO,         /* the latter, unless they belong to those already */
        OWNERSHIP_FOREIGN,      /* they belong to the foreign users, and are shown as the machine's */
} UsersOwnership;

typedef enum MountKind {
        MOUNT_BIND,
        MOUNT_TMPFS,
        MOUNT_OVERLAY,          /* of layers, into one */
        MOUNT_INACCESSIBLE,     /* covered by what nobody can open */
} MountKind;

/* Clocks that count from the host's start. */
typedef enum SpecClock {
        SPEC_CLOCK_MONOTONIC,
        SPEC_CLOCK_BOOTTIME,
        _SPEC_CLOCK_MAX,
} SpecClock;

typedef struct SpecTimeOffset {
        bool set;
        int64_t sec;
        uint32_t nsec;          /* to be added, also if sec is negative */
} SpecTimeOffset;

/* Who owns what is bound, in a machine with users of its own. */
typedef enum BindOwners {
        BIND_OWNERS_OF_HOST,    /* users of the host, who are nobody inside */
        BIND_OWNERS_SAME,       /* inside, the user of the same number */
        BIND_OWNER_ROOT,        /* inside, root; all but the source's own owner are nobody */
        BIND_OWNER_OF_TARGET,   /* inside, whoever owns the target; the others are nobody */
} BindOwners;

/* What becomes of changes to the tree. */
typedef enum Volatile {
        VOLATILE_NO,
        VOLATILE_YES,           /* nothing is the tree's but /usr, which is read-only */
        VOLATILE_STATE,         /* the tree is read-only, but for an empty /var */
        VOLATILE_OVERLAY,       /* they are in memory, and lost in the end */
} Volatile;

/* What a file of the host's becomes inside: /etc/localtime. */
typedef enum Timezone {
        TIMEZONE_AUTO,
        TIMEZONE_OFF,
        TIMEZONE_COPY,
        TIMEZONE_BIND,
        TIMEZONE_SYMLINK,
        TIMEZONE_DELETE,
} Timezone;

/* How /etc/resolv.conf gets there, and which one of the host's it is. */
typedef enum ResolvConf {
        RESOLV_CONF_AUTO,
        RESOLV_CONF_OFF,
        RESOLV_CONF_DELETE,
        RESOLV_CONF_COPY,       /* unless there is a link */
        RESOLV_CONF_REPLACE,
        RESOLV_CONF_BIND,
} ResolvConf;

typedef enum ResolvConfSource {
        RESOLV_CONF_HOST,       /* what programs of the host read */
        RESOLV_CONF_STATIC,     /* systemd-resolved's, by its static name */
        RESOLV_CONF_UPLINK,     /* the servers that it asks itself */
        RESOLV_CONF_STUB,       /* itself */
        _RESOLV_CONF_SOURCE_MAX,
} ResolvConfSource;

typedef struct SpecMount {
        MountKind kind;
        char *source;           /* MOUNT_BIND: of the host; "+" before a path means the image's, "" a
                                 * directory of its own that is thrown away */
        char *target;           /* in the guest */
        char *options;          /* of the file system, or NULL */
        BindOwners owners;
        char **layers;          /* MOUNT_OVERLAY: the lowest first; "+" before a path means the image's,
                                 * "" a directory of its own that is thrown away */
        bool read_only;
        bool recursive;
} SpecMount;

#define SPEC_MOUNTS_MAX 1024

/* So many blocks may be delegated to a machine, for others in it. */
#define USERS_DELEGATED_MAX 16

/* As many users as a machine of its own has, unless somebody says otherwise. */
#define USERS_BLOCK UINT32_C(0x10000)

/* First of the users that trees belong to which are nobody's in particular, as those of
 * others than root (systemd's docs/UIDS-GIDS). */
#define USERS_FOREIGN UINT32_C(0x7ffe0000)

/* Users of the host who are shown inside have these numbers there, which systemd sets apart for that;
 * and belong to so many more groups at most. */
#define BIND_USERS_FIRST UINT32_C(60514)
#define BIND_USERS_LAST UINT32_C(60577)
#define BIND_USERS_MAX (BIND_USERS_LAST - BIND_USERS_FIRST + 1)
#define BIND_GROUPS_MAX 32

/* Their shells. */
typedef enum BindShell {
        BIND_SHELL_UNSAID,      /* the machine's default */
        BIND_SHELL_OF_MACHINE,  /* the same, and somebody has said so */
        BIND_SHELL_OF_HOST,
        BIND_SHELL_GIVEN,
} BindShell;

typedef struct SpecCredential {
        char *id;
        char *path;             /* of the host, absolute; NULL: this is it */
        char *data;
        size_t size;
} SpecCredential;

#define SPEC_CREDENTIALS_MAX 256

/* Resource limits by number, as of getrlimit(2). */
#define SPEC_RLIMITS_MAX 16

typedef struct SpecRlimit {
        bool set;
        uint64_t soft, hard;    /* UINT64_MAX: none */
} SpecRlimit;

/* More logins than that want a network. */
#define SPEC_TTYS_MAX 8

/* Processors with higher numbers cannot be named. */
#define SPEC_CPUS_MAX 1024

/* What a settings file may say, see lib/spec/settings.h. */
typedef enum SettingsMode {
        SETTINGS_YES,           /* what the command line does not */
        SETTINGS_NO,
        SETTINGS_OVERRIDE,      /* goes before the command line */
        SETTINGS_TRUSTED,       /* as yes, wherever it lies */
} SettingsMode;

typedef struct Spec {
        /* Image */
        char *directory;        /* root directory, absolute, or NULL: find it by the machine's name */
        char *template;         /* tree to copy if there is none, absolute, or NULL */
        bool read_only;
        bool ephemeral;         /* changes are thrown away in the end */
        Volatile volatile_mode;
        char *pivot_new;        /* directory of the image that becomes the root directory, or NULL */
        char *pivot_old;        /* where the image's own is then, in that, or NULL */

        /* Execution */
        StartMode mode;
        bool as_pid2;           /* the command, with an init of ours as PID 1 */
        char **command;         /* program and arguments; of init with START_BOOT */
        char **environment;     /* NAME=VALUE, after all of ours */
        char *chdir;
        char *user;             /* name or number, or NULL: root */
        int kill_signal;        /* 0: what suits the mode, see spec_kill_signal() */
        NotifyReady notify_ready;
        bool no_new_privileges;
        uint64_t keep_capabilities;     /* in addition to the default ones */
        uint64_t drop_capabilities;     /* goes before both */
        uint64_t ambient_capabilities;  /* that the command has as whatever user */

        char *selinux_context;
        char *selinux_apifs_context;    /* of what is mounted for it that is in memory */
        char *apparmor_profile;
        bool only_families;     /* of sockets: none but allow_families */
        uint64_t allow_families, deny_families;         /* bits, as of lib/spec/address-family.h */
        char **allow_syscalls;  /* names and @groups, beyond what is allowed by default */
        char **deny_syscalls;   /* goes before both */

        char *manager;          /* what $container says, or NULL: our own name */
        bool any_system;        /* one that is booted need not say what it is */
        bool unlocked;          /* others may have the tree meanwhile */
        bool tmp_of_tree;       /* /tmp is what the tree has there */
        bool nesting;           /* who makes containers inside may have /proc and /sys of their own */
        bool suppress_sync;     /* what is written need not outlive the host's power */

        /* Users */
        PrivateUsers private_users;
        bool users_optional;    /* if there are no user namespaces, go on without */
        uint32_t users_base;
        uint32_t users_count;
        unsigned users_delegated;       /* blocks beyond that, for machines inside */
        UsersOwnership ownership;

        char **bind_users;      /* of the host, who are shown inside with their homes */
        char **bind_groups;     /* of the machine, that they belong to there */
        BindShell bind_shell_mode;
        char *bind_shell;       /* BIND_SHELL_GIVEN */

        SpecTimeOffset time_offsets[_SPEC_CLOCK_MAX];

        /* Resources */
        SpecRlimit rlimits[SPEC_RLIMITS_MAX];
        bool has_oom_score_adjust;
        int oom_score_adjust;
        uint8_t cpus[SPEC_CPUS_MAX / 8];        /* that it may run on, as bits */
        size_t n_cpus;          /* bytes of these that matter; 0: all */
        bool has_personality;
        unsigned long personality;      /* as of personality(2) */

        /* Identity */
        char *machine;
        bool named_after_tree;  /* nobody has said how it is called */
        char *hostname;         /* NULL: the machine's name */
        Id128 uuid;             /* null: one is derived */

        /* Place */
        Registration registration;
        bool keep_unit;
        char *slice;            /* NULL: machine.slice */
        char **properties;      /* NAME=VALUE of the scope */

        /* Network */
        bool private_network;
        bool network_veth;
        char *network_namespace;        /* path of one that is there, or NULL */

        /* Integration */
        LinkJournal link_journal;
        char *forward_journal;  /* file or directory of the host that the journal is sent to, or NULL */
        uint64_t forward_limits[_FORWARD_LIMIT_MAX];    /* 0: none */
        Timezone timezone;
        ResolvConf resolv_conf;
        ResolvConfSource resolv_conf_source;
        SpecMount *mounts;
        size_t n_mounts;
        Console console;
        unsigned n_ttys;        /* terminals beside the console */
        SpecCredential *credentials;
        size_t n_credentials;

        /* Ourselves */
        const char *list_option;        /* whose values are asked for, or NULL */
        SettingsMode settings;
        char *settings_path;    /* of the file that was read, or NULL */
        bool settings_trusted;
        char **warnings;        /* of what that has said, and was ignored */
        bool cleanup;           /* remove what was left, and start nothing */
        bool quiet;
        bool explain;
} Spec;

void spec_init(Spec *spec);
void spec_done(Spec *spec);

/* Frees what a mount holds that was not added. */
void spec_mount_done(SpecMount *mount);

/**
 * spec_add_mount() - add a mount
 * @spec:               spec to extend
 * @mount:              the mount; its strings are taken over on success only
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       there are SPEC_MOUNTS_MAX already
 *         -ENOMEM
 */
int spec_add_mount(Spec *spec, const SpecMount *mount);

/**
 * spec_add_credential() - add a credential
 * @spec:               spec to extend
 * @credential:         the credential; taken over on success only. One with the
 *                      same id is replaced
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E2BIG       there are SPEC_CREDENTIALS_MAX already
 *         -ENOMEM
 */
int spec_add_credential(Spec *spec, const SpecCredential *credential);

/**
 * spec_add_forward_credential() - tell the machine's journald where to send to
 * @spec:               spec to extend; a credential of that name that it has stays
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as spec_add_credential()
 */
int spec_add_forward_credential(Spec *spec);

/**
 * spec_complete() - derive what was not said from what was
 * @spec:               spec to complete
 *
 * The machine's name from the directory's, unless nothing of that can be in a
 * name; the host name from the machine's.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int spec_complete(Spec *spec);

/**
 * spec_name_instance() - tell a machine from others of the same tree
 * @spec:               spec, completed
 * @number:             a random number
 *
 * An ephemeral one that nobody has named gets it into its name: so there may be many.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int spec_name_instance(Spec *spec, uint64_t number);

/**
 * spec_check() - check that a spec makes sense as a whole
 * @spec:               spec to check, completed
 * @ret_complaint:      return location for a static string that says what is
 *                      wrong, written on failure only
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      it does not
 */
int spec_check(const Spec *spec, const char **ret_complaint);

/**
 * spec_shares_tree() - whether the tree is only read
 * @spec:               the spec
 *
 * Return: whether nothing that the machine does changes it.
 */
bool spec_shares_tree(const Spec *spec);

/**
 * spec_discards_changes() - whether changes to the tree are thrown away
 * @spec:               the spec
 *
 * Return: whether they are, all of them.
 */
bool spec_discards_changes(const Spec *spec);

/**
 * spec_is_of_host() - whether the tree is the host's own
 * @spec:               the spec
 *
 * Return: whether it says so. Other paths may lead there as well.
 */
bool spec_is_of_host(const Spec *spec);

/**
 * spec_mounts_over() - check whether something is to be mounted on a place
 * @spec:               the spec
 * @path:               the place, absolute, without dots
 *
 * Return: whether the spec asks for a mount right there.
 */
bool spec_mounts_over(const Spec *spec, const char *path);

/**
 * spec_refused_families() - the address families that sockets may not have
 * @spec:               the spec
 *
 * Return: bits, as of lib/spec/address-family.h.
 */
uint64_t spec_refused_families(const Spec *spec);

/**
 * spec_ownership() - what happens to the files of a machine with users of its own
 * @spec:               the spec
 *
 * Return: not OWNERSHIP_DEFAULT.
 */
UsersOwnership spec_ownership(const Spec *spec);

/**
 * spec_rlimit_name() - name of a resource limit
 * @resource:           its number, as of getrlimit(2)
 *
 * Return: a static string in upper case, without RLIMIT_, or NULL.
 */
const char *spec_rlimit_name(int resource);

/**
 * spec_kill_signal() - the signal that asks the payload to end
 * @spec:               the spec
 *
 * Return: a signal number.
 */
int spec_kill_signal(const Spec *spec);

/**
 * spec_capabilities() - the capabilities that the payload keeps
 * @spec:               the spec
 *
 * Return: bits, as of lib/spec/capability.h.
 */
uint64_t spec_capabilities(const Spec *spec);
