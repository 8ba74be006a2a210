/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs in machines: how they are started, signalled, and told of their terminal's size. */

#include <fcntl.h>
#include <signal.h>

#include "daemon/core/look.h"
#include "daemon/core/operation.h"
#include "lib/base/errors.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

#define EXEC "org.berth.exec"
#define HOST_EXEC "org.berth.host-exec"

/* What a machine may take to let it start: its file system could be slow. */
#define START_USEC (20 * USEC_PER_SEC)

void exec_request_init(ExecRequest *q) {
        *q = (ExecRequest) { .stdio = { -EBADF, -EBADF, -EBADF } };
}

void exec_request_done(ExecRequest *q) {
        fds_close(q->stdio, ELEMENTSOF(q->stdio));
        free(q->directory);
        exec_request_init(q);
}

static bool has_stdio(const ExecRequest *q) {
        return q->stdio[0] >= 0 || q->stdio[1] >= 0 || q->stdio[2] >= 0;
}

static const char *check_terminal(const ExecRequest *q) {
        if (q->terminal && has_stdio(q))
                return "A terminal leaves no place for descriptors";
        if (!q->terminal && (q->has_modes || q->rows > 0 || q->columns > 0))
                return "Size and modes are those of a terminal";

        return NULL;
}

static int check_exec(const OperationRequest *q, const char **reterr_text) {
        const char *text = check_terminal(&q->exec);

        if (!text && !isempty(q->user) && !user_name_is_valid(q->user))
                text = "Invalid user name";
        if (!text && q->exec.directory && q->exec.directory[0] != '/')
                text = "Path of the directory is not absolute";
        if (!text && q->argv && isempty(q->argv[0]))
                text = "The program has no name";
        for (char *const *e = q->environment; !text && e && *e; e++)
                if (!environment_assignment_is_valid(*e))
                        text = "Invalid environment variable";

        *reterr_text = text;
        return text ? -EINVAL : 0;
}

/* What somebody else has registered must have users of its own: its root would be the host's. */
static int check_users(Operation *o) {
        const MachineInfo *info = machine_info(o->machine);
        int r;

        if (info->class == MACHINE_HOST || info->uid == 0)
                return 0;

        r = process_shares_namespace(machine_leader_fd(o->machine), "user");
        return r > 0 ? -EACCES : r;
}

/* Until its leader has become the payload it has privileges, which who enters then would keep. Of others'
 * machines the leader may be one that never executes anything. */
static int check_begun(const Operation *o) {
        int r;

        if (!streq_ptr(machine_info(o->machine)->service, "berth-run"))
                return 0;

        r = process_has_executed(machine_leader_fd(o->machine));
        return r == 0 ? -E_MACHINE_STARTING : MIN(r, 0);
}

static int describe_terminal(const ExecRequest *q, char ***args) {
        _cleanup_free_ char *modes = NULL;
        int r;

        r = strv_pushf(args, "%u", q->rows);
        if (r >= 0)
                r = strv_pushf(args, "%u", q->columns);
        if (r >= 0 && q->has_modes)
                r = terminal_modes_format(&q->modes, &modes);
        if (r >= 0)
                r = strv_push(args, modes ?: "");

        return r;
}

/* As job_exec() of the worker wants them. */
static int list_arguments(const OperationRequest *q, char ***ret) {
        _cleanup_(strv_freep) char **args = NULL;
        const ExecRequest *e = &q->exec;
        int r;

        r = strv_push(&args, q->user ?: "");
        if (r >= 0)
                r = strv_push(&args, e->directory ?: "");
        if (r >= 0)
                r = describe_terminal(e, &args);
        if (r >= 0 && e->terminal)
                r = strv_push(&args, "terminal");
        else if (r >= 0)
                r = strv_pushf(&args, "%u%u%u", e->stdio[0] >= 0, e->stdio[1] >= 0, e->stdio[2] >= 0);
        if (r >= 0)
                r = strv_pushf(&args, "%zu", strv_length(q->argv));
        for (char *const *i = q->argv; r >= 0 && i && *i; i++)
                r = strv_push(&args, *i);
        for (char *const *i = q->environment; r >= 0 && i && *i; i++)
                r = strv_push(&args, *i);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(args);
        return 0;
}

static int read_started(ProgramInfo *info, WorkerAnswer *news, bool has_terminal) {
        ProgramStarted started;
        const char *user = news->data + sizeof(started), *terminal;

        if (news->size < sizeof(started) + 2 || news->data[news->size - 1] != 0 ||
            news->n_fds != (has_terminal ? 2U : 1U))
                return -EPROTO;
        terminal = user + strlen(user) + 1;
        if (terminal >= news->data + news->size)
                return -EPROTO;

        memcpy(&started, news->data, sizeof(started));
        info->pid = started.pid;
        info->uid = started.uid;
        info->terminal_identity = started.terminal;
        info->user = strdup(user);
        info->terminal = has_terminal ? strdup(terminal) : NULL;
        if (!info->user || (has_terminal && !info->terminal))
                return -ENOMEM;

        info->pidfd = TAKE_FD(news->fds[0]);
        return 0;
}

static int answer_started(Operation *o, Program *p, WorkerAnswer *news) {
        const ExecRequest *q = &o->request.exec;
        int r;

        r = read_started(program_info_edit(p), news, q->terminal);
        if (r < 0)
                return r;

        if (q->terminal)
                o->answer.fd = TAKE_FD(news->fds[1]);
        o->answer.program = p;
        program_started(p);
        return 0;
}

/* The caller is told; what it wanted is over, though the job is not. */
static void on_started(void *userdata, WorkerAnswer *news) {
        Operation *o = program_userdata(userdata);
        Program *p = userdata;
        int r;

        if (program_info(p)->id > 0)
                return;

        r = answer_started(o, p, news);
        if (r < 0)
                workers_cancel(o->workers, program_info(p)->ticket);
        operation_finish(o, r, NULL);
        if (r < 0)
                (void) program_free(p);
}

static ProgramEnd read_end(const WorkerAnswer *answer, int *ret_status) {
        ProgramEnded ended;

        *ret_status = 0;
        if (!answer || answer->size != sizeof(ended))
                return PROGRAM_LOST;

        memcpy(&ended, answer->data, sizeof(ended));
        *ret_status = ended.status;
        return ended.code == CLD_EXITED ? PROGRAM_EXITED : ended.code == CLD_DUMPED ? PROGRAM_DUMPED
                                                                                    : PROGRAM_KILLED;
}

static void on_ended(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Program *p = userdata;
        ProgramEnd how;
        int status;

        if (program_info(p)->id == 0) {
                operation_finish(program_userdata(p), result < 0 ? result : -EPROTO, text);
                (void) program_free(p);
                return;
        }

        how = read_end(answer, &status);
        program_ended(p, how, status);
}

static int note_program(Operation *o, Program **ret) {
        const MachineInfo *machine = machine_info(o->machine);
        ProgramInfo *info;
        Program *p;
        int r;

        r = program_new(operations_programs(o->operations), o, &p);
        if (r < 0)
                return r;

        info = program_info_edit(p);
        info->machine = strdup(machine->name);
        info->leader = machine->leader;
        info->since = machine->monotonic;
        info->caller = o->request.caller.uid;
        info->command = TAKE_PTR(o->request.argv);
        if (!info->machine) {
                (void) program_free(p);
                return -ENOMEM;
        }

        *ret = p;
        return 0;
}

/* Nobody holds the host's: it cannot go before us. */
static int open_leader(Machine *m) {
        int fd;

        if (machine_info(m)->class == MACHINE_HOST)
                return process_open(1);

        fd = fcntl(machine_leader_fd(m), F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : fd;
}

static int start(Operation *o, char *const *args) {
        _cleanup_close_ int leader_fd = -EBADF;
        ExecRequest *q = &o->request.exec;
        size_t n_fds = 1;
        int r, fds[4];
        Program *p;

        leader_fd = open_leader(o->machine);
        if (leader_fd < 0)
                return leader_fd;

        fds[0] = leader_fd;
        for (int i = 0; i < 3; i++)
                if (q->stdio[i] >= 0)
                        fds[n_fds++] = q->stdio[i];

        r = note_program(o, &p);
        if (r < 0)
                return r;

        r = machine_run_job(o->machine, o->workers, &(WorkerJob) {
                .name = "exec",
                .args = args,
                .fds = fds,
                .n_fds = n_fds,
                .limit_usec = START_USEC,
                .stays = true,
                .progress = on_started,
        }, on_ended, p, &program_info_edit(p)->ticket);
        if (r < 0)
                (void) program_free(p);

        /* Who waits for the end of what it has passed waits for us to let go of it, too. */
        fds_close(q->stdio, ELEMENTSOF(q->stdio));
        return r;
}

static int run_exec(Operation *o) {
        _cleanup_(strv_freep) char **args = NULL;
        int r;

        r = check_users(o);
        if (r == -EACCES) {
                operation_finish(o, r, "It has the host's users, but is not root's");
                return 0;
        }
        if (r >= 0)
                r = check_begun(o);
        if (r >= 0)
                r = list_arguments(&o->request, &args);

        return r < 0 ? r : start(o, args);
}

const OperationKind operation_exec = {
        .verb = "exec",
        .failure = "Cannot run a program in machine",
        .action = EXEC,
        .host_action = HOST_EXEC,
        .owner_may = true,
        .check = check_exec,
        .run = run_exec,
};

/* The program that is meant, if it runs still and is of that machine. */
static Program *find_program(Operation *o) {
        Program *p = programs_find(operations_programs(o->operations), o->request.program_id);
        const MachineInfo *machine = machine_info(o->machine);

        if (!p || program_info(p)->leader != machine->leader || program_info(p)->since != machine->monotonic)
                return NULL;

        return p;
}

static int check_kill(const OperationRequest *q, const char **reterr_text) {
        if (q->signal > 0 && q->signal < NSIG)
                return 0;

        *reterr_text = "Invalid signal";
        return -EINVAL;
}

static int run_kill(Operation *o) {
        const Program *p = find_program(o);
        int r;

        if (!p)
                return -ESRCH;

        r = process_signal(program_info(p)->pidfd, o->request.signal);
        return r < 0 ? r : 1;
}

const OperationKind operation_kill_program = {
        .verb = "exec",
        .failure = "Cannot signal a program in machine",
        .action = EXEC,
        .host_action = HOST_EXEC,
        .owner_may = true,
        .check = check_kill,
        .run = run_kill,
};

static void on_resized(void *userdata, int result, const char *text, _unused_ WorkerAnswer *answer) {
        operation_finish(userdata, result, text);
}

static int run_resize(Operation *o) {
        _cleanup_(strv_freep) char **args = NULL;
        const Program *p = find_program(o);
        const TerminalIdentity *identity;
        int r;

        if (!p)
                return -ESRCH;
        if (!program_info(p)->terminal)
                return -ENOTTY;

        identity = &program_info(p)->terminal_identity;
        r = strv_push(&args, program_info(p)->terminal);
        if (r >= 0)
                r = strv_pushf(&args, "%lu", identity->device);
        if (r >= 0)
                r = strv_pushf(&args, "%lu", identity->inode);
        if (r >= 0)
                r = strv_pushf(&args, "%lu", identity->number);
        if (r >= 0)
                r = strv_pushf(&args, "%u", o->request.exec.rows);
        if (r >= 0)
                r = strv_pushf(&args, "%u", o->request.exec.columns);
        if (r < 0)
                return r;

        return machine_run_job(o->machine, o->workers, &(WorkerJob) { .name = "resize", .args = args },
                               on_resized, o, NULL);
}

const OperationKind operation_resize_program = {
        .verb = "exec",
        .failure = "Cannot resize a terminal in machine",
        .action = EXEC,
        .host_action = HOST_EXEC,
        .owner_may = true,
        .run = run_resize,
};
