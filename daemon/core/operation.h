/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations
 *
 * What can be done with machines, whichever door the wish comes in through: the
 * D-Bus methods of the manager, those of a machine's object, and Varlink's read
 * arguments and write answers, and know no more. What it takes to be allowed to,
 * and what is then done, is the operation's own:
 *
 *      door -> operation_submit()      is the request well-formed? is there such
 *                                      a machine?
 *              the authority           may the caller? (takes time)
 *              kind->run()             the machine is looked up again, then it
 *                                      happens (takes time, too)
 *      door <- done()                  the answer
 *
 * Nothing but names waits for an authority, and nothing has happened before its
 * answer.
 */

#include "daemon/core/authority.h"
#include "daemon/core/autostart.h"
#include "daemon/core/manager.h"
#include "daemon/core/stats.h"
#include "daemon/core/program.h"
#include "daemon/core/worker.h"
#include "lib/kernel/netlink-address.h"

typedef struct Operation Operation;
typedef struct OperationKind OperationKind;
typedef struct Operations Operations;

/* How far one is that takes its time: bytes copied. With the userdata of its OperationDone. */
typedef void (*OperationProgress)(void *userdata, uint64_t bytes);

/* How a program is to run, beside its command line. Empty with exec_request_init(). */
typedef struct ExecRequest {
        char *directory;                /* NULL: the user's */
        int stdio[3];                   /* or -EBADF for the machine's /dev/null */
        bool terminal;                  /* instead of those */
        uint16_t rows, columns;         /* its size, 0 if unknown */
        bool has_modes;
        TerminalModes modes;
} ExecRequest;

/* What is wished for. Which of the arguments mean something is up to the kind. */
typedef struct OperationRequest {
        const OperationKind *kind;
        Caller caller;
        OperationProgress progress;     /* or NULL */
        char *machine;                  /* its name */

        KillWhom whom;
        int signal;
        char *user;                     /* of the machine, to run something as */
        char *program;                  /* path in the machine */
        char **argv, **environment;
        char *source, *destination;     /* paths, of the host and of the machine or the other way round */
        bool is_read_only, makes_directory, replaces;
        bool is_previous;               /* not the current file, but the one before */
        uint32_t id;                    /* of a user or group of the machine */
        uint64_t timeout_usec;          /* for its end; see manager_stop() */
        Properties limits;              /* for its unit */
        bool runtime;                   /* not for good */
        CreateRequest create;
        bool has_exec;                  /* and exec is to be freed */
        ExecRequest exec;
        uint64_t program_id;
        Autostart autostart;
} OperationRequest;

/* What came of it. */
typedef struct OperationAnswer {
        const char *machine;            /* the name */
        int fd;                         /* or -EBADF; who keeps it takes it from here */
        char *path;                     /* of a terminal, in the machine */
        char **pairs;                   /* key, value, … */
        NetlinkAddress *addresses;
        size_t n_addresses;
        uint32_t id;                    /* of a user or group of the host */
        bool was_killed;                /* it did not end by itself */
        const Program *program;         /* that runs */
        const char *ssh_address, *ssh_private_key_path;
        MachineStats *stats;
} OperationAnswer;

/**
 * typedef OperationDone - how an operation has ended
 * @userdata:           what came with it
 * @result:             0, or a negative error code
 * @text:               what the caller is to be told, on failure
 * @answer:             on success; freed afterwards, but for what was taken from it
 */
typedef void (*OperationDone)(void *userdata, int result, const char *text, OperationAnswer *answer);

/* A row: one thing that can be done. */
struct OperationKind {
        const char *verb;               /* "kill"; rules of polkit know it by that */
        const char *failure;            /* "Cannot kill machine"; its name follows */
        const char *action;             /* polkit's; NULL: everybody may */
        const char *host_action;        /* the same, if the machine is the host; NULL: no other one */
        bool owner_may;                 /* who registered the machine need not be asked for */
        bool is_new;                    /* the machine is not there before */
        bool may_have_gone;             /* it need not be there: o->machine is NULL if it is not */

        /* @check: is the request well-formed? Before anything else, and pure
         *
         * Return: 0 on success, -EINVAL or another error code on failure,
         *         with @reterr_text, which is static.
         */
        int (*check)(const OperationRequest *q, const char **reterr_text);

        /* @hold: get hold of what the request names, before anything is waited for
         *
         * May be NULL, and returns what @check does.
         */
        int (*hold)(OperationRequest *q, const char **reterr_text);

        /* @run: do it
         *
         * o->machine is the machine, during the call only. The answer goes to
         * o->answer.
         *
         * Return: 1 if it is done, 0 if operation_finish() will be called or
         *         has been, negative error code on failure.
         */
        int (*run)(Operation *o);
};

struct Operation {
        Operations *operations;
        Operation *next, *previous;
        OperationRequest request;
        OperationAnswer answer;
        OperationDone done;
        void *userdata;
        Machine *machine;               /* in run() only: it may have gone afterwards */
        Manager *manager;
        Workers *workers;
        const char *console_logs;       /* directory */
        const char *autostart_directory;
        pid_t leader;                   /* which machine of that name was asked for */
        uint64_t since;
        bool is_allowed;
        uint64_t ticket;                /* of its worker, if it may be cancelled; otherwise 0 */
};

typedef struct OperationsConfig {
        Manager *manager;               /* all are borrowed */
        Workers *workers;
        const char *autostart_directory;        /* see autostart.h */
        Authority authority;
        const char *console_logs;       /* where they are; borrowed, NULL: CONSOLE_LOG_DIRECTORY */
        bool asks_for_root;             /* for tests, which are root */
} OperationsConfig;

/**
 * operations_new() - get ready for wishes
 * @config:             what they need
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int operations_new(const OperationsConfig *config, Operations **ret);

/**
 * operations_free() - end what is under way
 * @o:                  the object, or NULL
 *
 * All that have not ended do so now, with -ESHUTDOWN. The authority, the workers
 * and the manager must have gone before.
 *
 * Return: NULL, always.
 */
Operations *operations_free(Operations *o);
DEFINE_CLEANUP(Operations, operations_free);

/* Where it is kept which machines are enabled; see autostart.h. */
const char *operations_autostart_directory(const Operations *o);

/**
 * operation_submit() - have something done
 * @operations:         where it is kept meanwhile
 * @request:            what; taken over, whatever comes of it
 * @done:               told once, possibly before this function returns
 * @userdata:           for that
 */
void operation_submit(
                Operations *operations,
                OperationRequest *request,
                OperationDone done,
                void *userdata);

/**
 * operation_is_granted() - whether somebody may do something without a question
 * @operations:         where it would be kept
 * @kind:               what
 * @uid:                who, or CALLER_UNKNOWN
 * @m:                  the machine; NULL if there is none before
 *
 * For those who tell what others have found out: who would have to ask for it is
 * told nothing.
 *
 * Return: true if no authority needs to be asked.
 */
bool operation_is_granted(
                const Operations *operations,
                const OperationKind *kind,
                uid_t uid,
                const Machine *m);

/**
 * operations_cancel() - give up what takes its time
 * @operations:         where it is
 * @userdata:           what came with it
 *
 * It ends with -ECANCELED, before this returns. Only copies can be given up.
 *
 * Return: whether there was something to give up.
 */
bool operations_cancel(Operations *operations, void *userdata);

/**
 * operation_finish() - tell how an operation has ended
 * @o:                  the operation, which is gone afterwards
 * @result:             0 or more, or a negative error code
 * @text:               what has failed, if there is more to say than the error code
 *                      does, or NULL
 *
 * For those whose run() has returned 0.
 */
void operation_finish(Operation *o, int result, const char *text);

/**
 * operation_finish_fd() - tell of a descriptor that a worker has opened
 * @userdata:           the operation
 * @result:             as workers tell it
 * @text:               as workers tell it
 * @answer:             as workers tell it, with one descriptor
 *
 * A WorkerDone, for jobs that answer nothing else.
 */
void operation_finish_fd(void *userdata, int result, const char *text, WorkerAnswer *answer);

/**
 * operation_machine() - the machine that was there when the wish came in
 * @o:                  the operation
 *
 * Return: the machine, or NULL: it has gone, also if there is another of its name.
 */
Machine *operation_machine(Operation *o);

/* What runs in machines on somebody's wish. */
Programs *operations_programs(Operations *operations);

void exec_request_init(ExecRequest *q);
void exec_request_done(ExecRequest *q);

/* Frees what a request holds; it is empty afterwards. */
void operation_request_done(OperationRequest *q);

/* All of them; NULL behind the last. */
extern const OperationKind *const operation_table[];

extern const OperationKind operation_create;
extern const OperationKind operation_register;
extern const OperationKind operation_start;
extern const OperationKind operation_enable;
extern const OperationKind operation_disable;
extern const OperationKind operation_unregister;
extern const OperationKind operation_terminate;
extern const OperationKind operation_stop;
extern const OperationKind operation_kill;
extern const OperationKind operation_freeze;
extern const OperationKind operation_thaw;
extern const OperationKind operation_set_properties;
extern const OperationKind operation_get_ssh_info;
extern const OperationKind operation_get_stats;
extern const OperationKind operation_get_uid_shift;
extern const OperationKind operation_map_from_user;
extern const OperationKind operation_map_from_group;
extern const OperationKind operation_get_addresses;
extern const OperationKind operation_get_os_release;
extern const OperationKind operation_open_root_directory;
extern const OperationKind operation_copy_from;
extern const OperationKind operation_copy_to;
extern const OperationKind operation_bind;
extern const OperationKind operation_open_console_log;
extern const OperationKind operation_open_journal;
extern const OperationKind operation_open_pty;
extern const OperationKind operation_open_login;
extern const OperationKind operation_open_shell;
extern const OperationKind operation_exec;
extern const OperationKind operation_kill_program;
extern const OperationKind operation_resize_program;
