/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "client/agent.h"
#include "client/exec-call.h"
#include "client/exec.h"
#include "client/results.h"
#include "client/session.h"
#include "client/stdio.h"
#include "client/terminal.h"
#include "lib/base/clock.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/process.h"
#include "lib/kernel/pty.h"

/* As a shell has it. */
#define STATUS_SIGNALLED 128
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_EXECUTABLE 126

/* From the end of the program until the daemon tells of it. */
#define TELL_USEC (5 * USEC_PER_SEC)

/* So many signals to end within a second, and we end: the program may have its
 * reasons not to. */
#define URGES_MAX 3
#define URGES_USEC USEC_PER_SEC

typedef struct Run {
        Client *client;
        const ExecRequest *request;
        sd_event *event;
        sd_bus_slot *call, *exited, *owner, *disconnected;
        sd_event_source *process;
        Terminal *terminal;
        Stdio stdio;
        ExecAnswer answer;
        int peer;                       /* of the machine's terminal */
        int early_signal;               /* came before that */
        uint64_t urged_usec[URGES_MAX];
        bool is_lost;                   /* the daemon has forgotten it */
        bool has_ended;
        int status;
} Run;

static void run_done(Run *run) {
        run->terminal = terminal_free(run->terminal);
        stdio_done(&run->stdio);
        (void) sd_event_source_disable_unref(run->process);
        (void) sd_bus_slot_unref(run->call);
        (void) sd_bus_slot_unref(run->exited);
        (void) sd_bus_slot_unref(run->owner);
        (void) sd_bus_slot_unref(run->disconnected);
        (void) sd_bus_detach_event(run->client->bus);
        (void) sd_event_unref(run->event);
        exec_answer_done(&run->answer);
        closep(&run->peer);
}

static int end(void *userdata) {
        Run *run = userdata;

        return sd_event_exit(run->event, run->status);
}

static int end_with(Run *run, int status) {
        run->status = status;
        return end(run);
}

/* It has ended, and what it said last is to be written still. */
static int on_end_of_program(Run *run, int status) {
        if (run->has_ended)
                return 0;

        run->has_ended = true;
        run->status = status;
        (void) sd_event_source_set_enabled(run->process, SD_EVENT_OFF);

        if (!run->terminal)
                return stdio_finish(&run->stdio, end, run);

        closep(&run->peer);
        run->peer = -EBADF;
        return terminal_finish_soon(run->terminal);
}

/* The kernel may know what the daemon did not say. */
static int on_silence(Run *run) {
        int r, status;

        if (run->has_ended)
                return 0;

        r = process_exit_status(run->answer.pidfd, &status);
        if (r >= 0)
                return on_end_of_program(run, WIFSIGNALED(status) ? STATUS_SIGNALLED + WTERMSIG(status)
                                                                  : WEXITSTATUS(status));

        (void) log_error(0, _("The program in machine '%s' has ended, but the daemon cannot tell how."),
                         run->request->machine);
        return on_end_of_program(run, -ENODATA);
}

static int on_told_too_late(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        return on_silence(userdata);
}

static int on_process(sd_event_source *source, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        Run *run = userdata;

        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (run->is_lost)
                return on_silence(run);

        return sd_event_add_time_relative(run->event, NULL, CLOCK_MONOTONIC, TELL_USEC, 0,
                                          on_told_too_late, run);
}

/* The program goes on: the daemon is not its parent. */
static int on_lost(Run *run) {
        if (!run->answer.path || run->is_lost)
                return 0;

        run->is_lost = true;
        return process_is_alive(run->answer.pidfd) ? 0 : on_silence(run);
}

static int on_exited(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Run *run = userdata;
        const char *how;
        int32_t status;
        int r;

        /* Others' programs end, too. */
        if (!streq_ptr(sd_bus_message_get_path(m), run->answer.path))
                return 0;

        r = sd_bus_message_read(m, "si", &how, &status);
        if (r < 0)
                return r;

        if (streq(how, "exited"))
                return on_end_of_program(run, status);
        if (streq(how, "killed") || streq(how, "dumped"))
                return on_end_of_program(run, STATUS_SIGNALLED + status);

        return on_lost(run);
}

static int on_owner_changed(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        const char *old;
        int r;

        r = sd_bus_message_read(m, "sss", NULL, &old, NULL);
        if (r < 0)
                return r;

        return *old ? on_lost(userdata) : 0;
}

static int on_disconnected(
                _unused_ sd_bus_message *m,
                void *userdata,
                _unused_ sd_bus_error *reterr) {

        return on_lost(userdata);
}

/* Before the call: a program may end before its caller has read the answer. */
static int subscribe(Run *run) {
        sd_bus *bus = run->client->bus;
        const char *sender;
        int r;

        /* Anybody may send a signal on a bus, and nobody but the daemon on its own socket. */
        sender = sd_bus_is_bus_client(bus) > 0 ? MACHINE1_NAME : NULL;
        r = sd_bus_match_signal_async(bus, &run->exited, sender, NULL, BERTH_PROCESS, "Exited",
                                      on_exited, NULL, run);
        if (r < 0)
                return r;

        r = sd_bus_add_match_async(bus, &run->owner, "type='signal',sender='org.freedesktop.DBus',"
                                   "member='NameOwnerChanged',arg0='" MACHINE1_NAME "'",
                                   on_owner_changed, NULL, run);
        if (r < 0)
                return r;

        r = sd_bus_match_signal_async(bus, &run->disconnected, NULL, "/org/freedesktop/DBus/Local",
                                      "org.freedesktop.DBus.Local", "Disconnected",
                                      on_disconnected, NULL, run);
        return r < 0 ? r : 0;
}

static int on_kill_reply(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        Run *run = userdata;

        /* That it has ended meanwhile is what was wanted. */
        if (e && !run->has_ended && process_is_alive(run->answer.pidfd))
                (void) complain(-sd_bus_message_get_errno(m), e,
                                _("Cannot signal the program in machine '%s'"), run->request->machine);
        return 0;
}

static int pass_on(Run *run, int signo) {
        int r;

        if (run->is_lost)
                r = process_signal(run->answer.pidfd, signo);
        else
                r = sd_bus_call_method_async(run->client->bus, NULL, MACHINE1_NAME, run->answer.path,
                                             BERTH_PROCESS, "Kill", on_kill_reply, run,
                                             "i", (int32_t) signo);
        if (r < 0)
                (void) log_error(r, _("Cannot signal the program in machine '%s'"), run->request->machine);

        return 0;
}

static bool is_urgent(Run *run, int signo) {
        uint64_t now = clock_now_usec();

        if (signo != SIGINT && signo != SIGTERM && signo != SIGQUIT)
                return false;

        memmove(run->urged_usec, run->urged_usec + 1, sizeof(run->urged_usec) - sizeof(now));
        run->urged_usec[URGES_MAX - 1] = now;
        return run->urged_usec[0] > 0 && now - run->urged_usec[0] <= URGES_USEC;
}

static int on_signal(
                _unused_ sd_event_source *source,
                const struct signalfd_siginfo *info,
                void *userdata) {

        Run *run = userdata;
        int signo = (int) info->ssi_signo;

        /* A terminal that we leave is hung up, and that is told there. */
        if (run->terminal && signo == SIGHUP)
                return end_with(run, STATUS_SIGNALLED + signo);

        /* No program yet to pass it on to; but who insists wants us to end. */
        if (!run->answer.path) {
                if (run->early_signal != 0)
                        return end_with(run, STATUS_SIGNALLED + signo);
                run->early_signal = signo;
                return 0;
        }

        if (is_urgent(run, signo)) {
                (void) log_error(0, _("The program in machine '%s' does not end; it is left there."),
                                 run->request->machine);
                return end_with(run, STATUS_SIGNALLED + signo);
        }

        return pass_on(run, signo);
}

static int watch_signals(Run *run) {
        static const int table[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
        sigset_t set;
        int r;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                (void) sigaddset(&set, table[i]);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                r = sd_event_add_signal(run->event, NULL, table[i], on_signal, run);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int on_end_of_terminal(int r, RelayEnd end_of_relay, void *userdata) {
        Run *run = userdata;

        if (r < 0)
                return end_with(run, log_error(r, _("Cannot connect the terminal")));
        if (run->has_ended)
                return end(run);
        if (end_of_relay == RELAY_ESCAPED)
                return end_with(run, EXIT_SUCCESS);

        /* Nobody sits there any more. The program is told by its own terminal, which is hung up. */
        return end_with(run, STATUS_SIGNALLED + SIGHUP);
}

static int connect_terminal(Run *run) {
        Client *client = run->client;

        if (run->answer.master < 0)
                return -EBADMSG;

        /* Programs come and go; it is hung up when the one that we started has. */
        run->peer = pty_open_peer(run->answer.master);
        if (run->peer < 0)
                return run->peer;

        if (run->request->says_so)
                session_say_hello(client, run->request->machine);

        return terminal_new(run->event, &(TerminalOptions) {
                .master = run->answer.master,
                .detach_keys = client->options.detach_keys,
                .on_end = on_end_of_terminal,
                .userdata = run,
        }, &run->terminal);
}

static int on_refusal(Run *run, sd_bus_message *m) {
        static const char *const unable[] = {
                SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_INTERFACE,
        };
        const sd_bus_error *e = sd_bus_message_get_error(m);
        const ExecRequest *request = run->request;
        int r = -sd_bus_message_get_errno(m);

        for (size_t i = 0; i < ELEMENTSOF(unable); i++)
                if (sd_bus_error_has_name(e, unable[i]))
                        return end_with(run, -EOPNOTSUPP);

        if (request->detach)
                results_add_error(run->client, request->machine, r, e);

        /* The bus speaks of the object, which people have never heard of. */
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT)) {
                (void) log_error(0, _("No machine '%s' known"), request->machine);
                return end_with(run, r);
        }

        (void) complain(r, e, _("Cannot run '%s' in machine '%s'"),
                        request->argv[0] ?: _("the user's shell"), request->machine);
        if (sd_bus_error_has_name(e, "org.berth.NotFound"))
                r = STATUS_NOT_FOUND;
        else if (sd_bus_error_has_name(e, "org.berth.NotExecutable"))
                r = STATUS_NOT_EXECUTABLE;

        return end_with(run, r);
}

static int on_started(Run *run) {
        int r;

        if (run->request->detach) {
                if (run->client->options.format == OUTPUT_TEXT)
                        (void) printf("%" PRIu32 "\n", run->answer.pid);
                results_add_ok(run->client, run->request->machine, "pid", json_integer(run->answer.pid));
                return end_with(run, EXIT_SUCCESS);
        }

        r = run->request->terminal ? connect_terminal(run) : stdio_start(&run->stdio, run->event);
        if (r < 0)
                return r;

        r = sd_event_add_io(run->event, &run->process, run->answer.pidfd, EPOLLIN, on_process, run);
        if (r < 0)
                return r;

        return run->early_signal != 0 ? pass_on(run, run->early_signal) : 0;
}

static int on_answer(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *reterr) {
        Run *run = userdata;
        int r;

        agent_stop(run->client); /* or it would share the terminal with the program */
        if (sd_bus_message_is_method_error(m, NULL))
                return on_refusal(run, m);

        r = exec_answer_read(m, &run->answer);
        if (r < 0)
                return end_with(run, log_error(r, _("Cannot read the daemon's answer")));

        r = on_started(run);
        return r < 0 ? end_with(run, log_error(r, _("Cannot connect to the program in machine '%s'"),
                                               run->request->machine)) : 0;
}

static int prepare(Run *run) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_event_default(&run->event);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(run->client->bus, run->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;

        r = watch_signals(run);
        if (r < 0)
                return r;

        if (!run->request->detach) {
                r = subscribe(run);
                if (r < 0)
                        return r;
        }

        if (!run->request->detach && !run->request->terminal) {
                r = stdio_open(&run->stdio);
                if (r < 0)
                        return r;
        }

        r = exec_call_new(run->client->bus, run->request, &run->stdio, &m);
        if (r < 0)
                return r;

        return sd_bus_call_async(run->client->bus, &run->call, m, on_answer, run, UINT64_MAX);
}

int exec_run(Client *client, const ExecRequest *request) {
        _cleanup_(run_done) Run run = {
                .client = client,
                .request = request,
                .stdio = STDIO_INIT,
                .answer = EXEC_ANSWER_INIT,
                .peer = -EBADF,
        };
        int r;

        assert(client);
        assert(request);

        agent_start(client);
        r = prepare(&run);
        if (r < 0)
                return log_error(r, _("Cannot call the daemon"));

        r = sd_event_loop(run.event);
        if (request->says_so && run.terminal) {
                run.terminal = terminal_free(run.terminal);
                session_say_goodbye(client, request->machine);
        }

        return r;
}
