/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "daemon/core/operation.h"
#include "lib/base/console-log.h"
#include "lib/base/errors.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

#define TEXT_MAX 512

struct Operations {
        OperationsConfig config;
        Operation *list;
        Programs *programs;
};

const OperationKind *const operation_table[] = {
        &operation_create,
        &operation_register,
        &operation_start,
        &operation_enable,
        &operation_disable,
        &operation_unregister,
        &operation_terminate,
        &operation_stop,
        &operation_kill,
        &operation_freeze,
        &operation_thaw,
        &operation_set_properties,
        &operation_get_ssh_info,
        &operation_get_stats,
        &operation_get_uid_shift,
        &operation_map_from_user,
        &operation_map_from_group,
        &operation_get_addresses,
        &operation_get_os_release,
        &operation_open_root_directory,
        &operation_copy_from,
        &operation_copy_to,
        &operation_bind,
        &operation_open_console_log,
        &operation_open_journal,
        &operation_open_pty,
        &operation_open_login,
        &operation_open_shell,
        &operation_exec,
        &operation_kill_program,
        &operation_resize_program,
        NULL,
};

void caller_done(Caller *caller) {
        closep(&caller->pidfd);
        free(caller->bus_name);
        *caller = (Caller) { .uid = CALLER_UNKNOWN, .pidfd = -EBADF };
}

void operation_request_done(OperationRequest *q) {
        assert(q);

        caller_done(&q->caller);
        free(q->machine);
        free(q->user);
        free(q->program);
        (void) strv_free(q->argv);
        (void) strv_free(q->environment);
        free(q->source);
        free(q->destination);
        properties_done(&q->limits);
        create_request_done(&q->create);
        if (q->has_exec)
                exec_request_done(&q->exec);
        autostart_done(&q->autostart);
        *q = (OperationRequest) { .caller = { .uid = CALLER_UNKNOWN, .pidfd = -EBADF } };
}

static void answer_done(OperationAnswer *answer) {
        closep(&answer->fd);
        free(answer->path);
        (void) strv_free(answer->pairs);
        free(answer->addresses);
        (void) machine_stats_free(answer->stats);
}

static Operation *operation_free(Operation *o) {
        if (o->previous)
                o->previous->next = o->next;
        else
                o->operations->list = o->next;
        if (o->next)
                o->next->previous = o->previous;

        operation_request_done(&o->request);
        answer_done(&o->answer);
        free(o);
        return NULL;
}

/* Who asks knows the name that it gave, but not always in which of its calls. */
static void describe(const Operation *o, int error, const char *text, char ret[static TEXT_MAX]) {
        const OperationRequest *q = &o->request;

        if (error == -EINVAL && text)
                (void) snprintf(ret, TEXT_MAX, "%s", text);
        else if (error == -E_NO_SUCH_MACHINE)
                (void) snprintf(ret, TEXT_MAX, "No machine '%s' known", q->machine);
        else if (error == -E_MACHINE_EXISTS)
                (void) snprintf(ret, TEXT_MAX, "Machine '%s' already exists", q->machine);
        else
                (void) snprintf(ret, TEXT_MAX, "%s '%s': %s", q->kind->failure, q->machine,
                                text ?: error_text(error));
}

void operation_finish(Operation *o, int result, const char *text) {
        char failure[TEXT_MAX];

        assert(o);

        if (result >= 0) {
                o->done(o->userdata, 0, NULL, &o->answer);
                (void) operation_free(o);
                return;
        }

        describe(o, result, text, failure);
        if (o->is_allowed && o->request.kind->action)
                (void) log_notice("%s", failure);

        o->done(o->userdata, result, failure, NULL);
        (void) operation_free(o);
}

void operation_finish_fd(void *userdata, int result, const char *text, WorkerAnswer *answer) {
        Operation *o = userdata;
        int r = result;

        if (r >= 0 && answer->n_fds != 1)
                r = -EPROTO;
        if (r >= 0)
                o->answer.fd = TAKE_FD(answer->fds[0]);

        operation_finish(o, r, text);
}

Machine *operation_machine(Operation *o) {
        Machine *m = manager_find(o->manager, o->request.machine);
        const MachineInfo *info;

        if (!m)
                return NULL;

        info = machine_info(m);
        return info->leader == o->leader && info->monotonic == o->since ? m : NULL;
}

/* Of a machine that was not there, when it is asked for what has stayed; not of one that has come
 * since: it may be somebody else's. */
static bool may_go_on(const Operation *o) {
        return o->request.kind->may_have_gone && !manager_find(o->manager, o->request.machine);
}

static void run(Operation *o) {
        int r;

        o->is_allowed = true;
        if (!o->request.kind->is_new) {
                o->machine = operation_machine(o);
                if (!o->machine && !may_go_on(o)) {
                        operation_finish(o, -E_NO_SUCH_MACHINE, NULL);
                        return;
                }
        }

        r = o->request.kind->run(o);
        if (r != 0)
                operation_finish(o, r, NULL);
}

static void on_verdict(void *userdata, int verdict, const char *text) {
        Operation *o = userdata;

        if (verdict > 0)
                run(o);
        else
                operation_finish(o, verdict, text);
}

bool operation_is_granted(
                const Operations *operations,
                const OperationKind *kind,
                uid_t uid,
                const Machine *m) {

        assert(operations);
        assert(kind);

        if (!kind->action)
                return true;
        if (operations->config.asks_for_root)
                return false;
        if (uid == 0 || uid == getuid())
                return true;

        return kind->owner_may && m && machine_info(m)->uid == uid;
}

#define DETAILS_MAX 8

/* What an administrator's rules may look at, and is shown who is asked for a password. */
static void list_details(const OperationRequest *q, const char *ret[static 2 * DETAILS_MAX + 1]) {
        const struct {
                const char *key, *value;
        } table[] = {
                { "machine", q->machine },
                { "verb", q->kind->verb },
                { "user", q->user },
                { "program", q->program },
                { "src", q->source },
                { "dest", q->destination },
        };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (!table[i].value)
                        continue;
                ret[n++] = table[i].key;
                ret[n++] = table[i].value;
        }
        ret[n] = NULL;
}

static int ask(Operation *o, const Machine *m) {
        const Authority *authority = &o->operations->config.authority;
        const OperationKind *kind = o->request.kind;
        const char *details[2 * DETAILS_MAX + 1];
        bool is_host = m && machine_info(m)->class == MACHINE_HOST;

        list_details(&o->request, details);
        return authority->ask(authority->authority, &o->request.caller,
                              is_host && kind->host_action ? kind->host_action : kind->action, details,
                              on_verdict, o);
}

/* Whose program it is may do with it as they like. */
static bool is_of_caller(const Operation *o) {
        const Program *p = programs_find(o->operations->programs, o->request.program_id);

        return p && o->request.caller.uid != CALLER_UNKNOWN &&
               program_info(p)->caller == o->request.caller.uid;
}

Programs *operations_programs(Operations *operations) {
        assert(operations);

        return operations->programs;
}

static void begin(Operation *o) {
        const OperationKind *kind = o->request.kind;
        const char *text = NULL;
        Machine *m = NULL;
        int r;

        r = kind->check ? kind->check(&o->request, &text) : 0;
        if (r >= 0 && kind->hold)
                r = kind->hold(&o->request, &text);
        if (r < 0) {
                operation_finish(o, r, text);
                return;
        }

        if (!kind->is_new) {
                m = manager_find(o->manager, o->request.machine);
                if (!m && !kind->may_have_gone) {
                        operation_finish(o, -E_NO_SUCH_MACHINE, NULL);
                        return;
                }
        }
        if (m) {
                o->leader = machine_info(m)->leader;
                o->since = machine_info(m)->monotonic;
        }

        if (operation_is_granted(o->operations, kind, o->request.caller.uid, m) || is_of_caller(o)) {
                run(o);
                return;
        }

        r = ask(o, m);
        if (r < 0)
                operation_finish(o, r, NULL);
}

void operation_submit(
                Operations *operations,
                OperationRequest *request,
                OperationDone done,
                void *userdata) {

        Operation *o;

        assert(operations);
        assert(request);
        assert(request->kind);
        assert(request->machine);
        assert(done);

        o = malloc(sizeof(*o));
        if (!o) {
                operation_request_done(request);
                done(userdata, -ENOMEM, error_text(-ENOMEM), NULL);
                return;
        }

        *o = (Operation) {
                .operations = operations,
                .next = operations->list,
                .request = *request,
                .answer = { .fd = -EBADF },
                .done = done,
                .userdata = userdata,
                .manager = operations->config.manager,
                .workers = operations->config.workers,
                .console_logs = operations->config.console_logs ?: CONSOLE_LOG_DIRECTORY,
                .autostart_directory = operations->config.autostart_directory,
        };
        *request = (OperationRequest) { .caller = { .uid = CALLER_UNKNOWN, .pidfd = -EBADF } };
        if (o->next)
                o->next->previous = o;
        operations->list = o;

        begin(o);
}

bool operations_cancel(Operations *operations, void *userdata) {
        assert(operations);

        for (Operation *o = operations->list; o; o = o->next) {
                if (o->userdata != userdata || o->ticket == 0)
                        continue;

                workers_cancel(o->workers, o->ticket);
                operation_finish(o, -ECANCELED, NULL);
                return true;
        }

        return false;
}

int operations_new(const OperationsConfig *config, Operations **ret) {
        Operations *o;
        int r;

        assert(config);
        assert(ret);

        o = malloc(sizeof(*o));
        if (!o)
                return -ENOMEM;

        *o = (Operations) { .config = *config };
        r = programs_new(&o->programs);
        if (r < 0) {
                free(o);
                return r;
        }

        *ret = o;
        return 0;
}

const char *operations_autostart_directory(const Operations *o) {
        return o->config.autostart_directory;
}

Operations *operations_free(Operations *o) {
        if (!o)
                return NULL;

        while (o->list)
                operation_finish(o->list, -ESHUTDOWN, NULL);
        (void) programs_free(o->programs);
        free(o);
        return NULL;
}
