/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "lib/kernel/note.h"
#include "lib/kernel/process.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

/* What came, in its order: "event key=value …", and "+" and "-" for MachineNew and MachineRemoved. */
typedef struct Story {
        Fixture f;
        char **lines;
} Story;

static void append_detail(sd_bus_message *msg, char **text) {
        _cleanup_free_ char *before = TAKE_PTR(*text);
        const char *key, *type, *s;
        uint64_t number = 0;

        CHECK_OK(sd_bus_message_read(msg, "s", &key));
        CHECK_OK(sd_bus_message_peek_type(msg, NULL, &type));
        CHECK_OK(sd_bus_message_enter_container(msg, 'v', type));
        if (type[0] == 's') {
                CHECK_OK(sd_bus_message_read(msg, "s", &s));
                CHECK_OK(text_printf(text, "%s %s=%s", before, key, s));
        } else {
                CHECK_OK(sd_bus_message_read_basic(msg, type[0], &number));
                CHECK_OK(text_printf(text, "%s %s=%c%llu", before, key, type[0],
                                     (unsigned long long) number));
        }
        CHECK_OK(sd_bus_message_exit_container(msg));
}

static int on_event(sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        _cleanup_free_ char *text = NULL;
        const char *name, *event;
        Story *s = userdata;

        CHECK_OK(sd_bus_message_read(msg, "ss", &name, &event));
        CHECK_STREQ(name, "web");
        text = strdup(event);
        CHECK_OK(sd_bus_message_enter_container(msg, 'a', "{sv}"));
        while (sd_bus_message_enter_container(msg, 'e', "sv") > 0) {
                append_detail(msg, &text);
                CHECK_OK(sd_bus_message_exit_container(msg));
        }
        CHECK_OK(strv_push(&s->lines, text));
        return 0;
}

static int on_new(_unused_ sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        CHECK_OK(strv_push(&((Story *) userdata)->lines, "+"));
        return 0;
}

static int on_removed(_unused_ sd_bus_message *msg, void *userdata, _unused_ sd_bus_error *reterr) {
        CHECK_OK(strv_push(&((Story *) userdata)->lines, "-"));
        return 0;
}

static void story_init(Story *s) {
        sd_bus *client;

        *s = (Story) {};
        fixture_init(&s->f);
        client = s->f.pair.client;
        CHECK_OK(sd_bus_match_signal(client, NULL, NULL, MACHINE1_PATH, BERTH_MANAGER, "MachineEvent",
                                     on_event, s));
        CHECK_OK(sd_bus_match_signal(client, NULL, NULL, MACHINE1_PATH, MACHINE1_MANAGER, "MachineNew",
                                     on_new, s));
        CHECK_OK(sd_bus_match_signal(client, NULL, NULL, MACHINE1_PATH, MACHINE1_MANAGER, "MachineRemoved",
                                     on_removed, s));
        fixture_settle(&s->f);
}

static void story_done(Story *s) {
        fixture_done(&s->f);
        (void) strv_free(s->lines);
}

static void check_lines(Story *s, const char *wanted) {
        _cleanup_free_ char *text = NULL;

        fixture_settle(&s->f);
        CHECK_OK(strv_join(s->lines, "; ", &text));
        CHECK_STREQ(text, wanted);
}

static void wait_for_end(Story *s) {
        while (s->f.n_removed == 0)
                CHECK_OK(sd_event_run(s->f.event, UINT64_MAX));
}

TEST(a_machine_in_a_scope_is_ready_at_once) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        check_lines(&s, "+; ready");
}

TEST(how_the_leader_has_ended_is_told) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        CHECK_OK(kill(s.f.leader, SIGTERM));
        wait_for_end(&s);
        check_lines(&s, "+; ready; exited signal=i15 core-dumped=b0 cause=signal; -");
}

TEST(who_was_asked_to_end_was_stopped) {
        _cleanup_(story_done) Story s;
        Machine *m;

        story_init(&s);
        fixture_create(&s.f);
        m = manager_find(s.f.manager, "web");
        manager_set_closing(s.f.manager, m, "stop");
        manager_set_closing(s.f.manager, m, "terminate"); /* as it does anyway */
        CHECK_OK(kill(s.f.leader, SIGKILL));
        wait_for_end(&s);
        check_lines(&s, "+; ready; stopping cause=stop; "
                        "exited signal=i9 core-dumped=b0 cause=stopped; -");
}

TEST(supervisors_tell_what_their_machines_are_about) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        CHECK(machine_info(manager_find(s.f.manager, "web"))->supervisor == getpid());
        CHECK_OK(note_send(s.f.notes, "stopping=never"));
        CHECK_OK(note_send(s.f.notes, "READY=1"));
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "0")); /* it has not */
        CHECK_OK(note_send(s.f.notes, NOTE_STOPPING "guest"));
        check_lines(&s, "+; ready; stopping cause=guest");

        /* What we were asked for ourselves was told. */
        manager_set_closing(s.f.manager, manager_find(s.f.manager, "web"), "stop");
        CHECK_OK(note_send(s.f.notes, NOTE_STOPPING "service"));
        check_lines(&s, "+; ready; stopping cause=guest; stopping cause=stop");
}

/* By a process that is nobody's supervisor. */
static void send_as_other(const Story *s, const char *text) {
        pid_t pid;
        int status;

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0)
                _exit(note_send(s->f.notes, text) < 0);
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(nobody_tells_of_machines_of_others) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        send_as_other(&s, NOTE_STOPPING "guest");
        check_lines(&s, "+; ready");
}

/* A process that does nothing but send that, when it is told to by the descriptor. */
static pid_t start_supervisor(const Story *s, const char *text, int *ret_fd) {
        int go[2];
        pid_t pid;

        CHECK_OK(pipe2(go, O_CLOEXEC));
        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) close(go[1]);
                _exit(read(go[0], &(char) { 0 }, 1) < 0 || note_send(s->f.notes, text) < 0);
        }
        (void) close(go[0]);
        *ret_fd = go[1];
        return pid;
}

static void set_supervisor(Story *s, pid_t pid, bool is_same) {
        MachineInfo *info = machine_info_edit(manager_find(s->f.manager, "web"));
        _cleanup_close_ int fd = process_open(pid);

        CHECK_OK(fd);
        info->supervisor = pid;
        CHECK_OK(process_identify(fd, &info->supervisor_identity));
        if (!is_same) {
                info->supervisor_identity.pidfd_id++;
                info->supervisor_identity.start_time++;
        }
}

TEST(the_last_word_of_a_supervisor_counts) {
        _cleanup_(story_done) Story s;
        int fd, status;
        pid_t pid;

        story_init(&s);
        fixture_create(&s.f);
        pid = start_supervisor(&s, NOTE_STOPPING "guest", &fd);
        set_supervisor(&s, pid, /* is_same= */ true);
        CHECK_OK(close(fd));
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        check_lines(&s, "+; ready; stopping cause=guest");
}

TEST(who_has_the_number_of_a_supervisor_now_is_another) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        set_supervisor(&s, getpid(), /* is_same= */ false);
        CHECK_OK(note_send(s.f.notes, NOTE_STOPPING "guest"));
        check_lines(&s, "+; ready");
}

static void kill_leader(const Story *s) {
        siginfo_t info;

        CHECK_OK(kill(s->f.leader, SIGTERM));
        CHECK_OK(waitid(P_PID, (id_t) s->f.leader, &info, WEXITED | WNOWAIT));
}

TEST(how_a_machine_has_ended_its_supervisor_knows_best) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        kill_leader(&s);
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "65536"));
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "127")); /* has stopped, as waitpid() has it */
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "1792"));
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "-1"));
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED));
        send_as_other(&s, NOTE_EXITED "256");
        wait_for_end(&s);
        check_lines(&s, "+; ready; exited status=i7 cause=exit; -");
}

static void create_of_runtime(Story *s) {
        sd_bus_message *reply;

        reply = fixture_call(&s->f, MACHINE1_PATH, MACHINE1_MANAGER, "CreateMachine", "sayssusa(sv)", "web",
                             0, "berth-run", "container", s->f.leader, "", 0);
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        sd_bus_message_unref(reply);
}

TEST(a_supervisor_that_is_late_is_waited_for) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        create_of_runtime(&s);
        kill_leader(&s);
        send_as_other(&s, NOTE_EXITED "256");
        check_lines(&s, "+; ready");
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "1792"));
        wait_for_end(&s);
        check_lines(&s, "+; ready; exited status=i7 cause=exit; -");
}

TEST(a_supervisor_that_tells_nothing_is_not_waited_for_long) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        create_of_runtime(&s);
        CHECK_OK(note_send(s.f.notes, NOTE_EXITED "2304")); /* it has not yet */
        fixture_settle(&s.f);
        kill_leader(&s);
        wait_for_end(&s);
        check_lines(&s, "+; ready; exited signal=i15 core-dumped=b0 cause=signal; -");
}

TEST(a_machine_that_is_only_forgotten_has_not_exited) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        reply = fixture_call(&s.f, MACHINE1_PATH, MACHINE1_MANAGER, "UnregisterMachine", "s", "web");
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        check_lines(&s, "+; ready; -");
}

static void start(Story *s) {
        s->f.replies_scope = false;
        sd_bus_message_unref(fixture_send(&s->f, MACHINE1_PATH, BERTH_MANAGER, "StartMachine", "sa{sv}",
                                          "web", 0));
        CHECK(s->f.scope.n_services == 1);
}

TEST(a_start_that_fails_ends_what_it_has_begun) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        start(&s);
        check_lines(&s, "starting cause=request");
        fake_scope_answer(&s.f.scope, -E_JOB_FAILED);
        check_lines(&s, "starting cause=request; exited cause=start-failed");
}

TEST(a_machine_is_ready_when_its_service_is) {
        ScopeDone done;
        void *userdata;

        _cleanup_(story_done) Story s;

        story_init(&s);
        start(&s);
        done = s.f.scope.done;
        userdata = s.f.scope.userdata;

        s.f.replies_scope = true;
        s.f.scope.done = NULL;
        fixture_create(&s.f);
        check_lines(&s, "starting cause=request; +");
        done(userdata, 0);
        check_lines(&s, "starting cause=request; +; ready");
}

TEST(limits_that_were_set_are_told) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *set = NULL, *call = NULL;
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        set = fixture_call(&s.f, MACHINE_PATH_PREFIX "/web", BERTH_MACHINE, "SetProperties", "ba(sv)", true,
                           2, "TasksMax", "t", UINT64_C(9), "CPUWeight", "t", UINT64_C(50));
        CHECK(!sd_bus_message_is_method_error(set, NULL));
        check_lines(&s, "+; ready; limit-changed TasksMax=t9 CPUWeight=t50");

        s.f.replies_scope = false;
        call = fixture_send(&s.f, MACHINE_PATH_PREFIX "/web", BERTH_MACHINE, "SetProperties", "ba(sv)", true,
                            1, "TasksMax", "t", UINT64_C(10));
        fake_scope_answer(&s.f.scope, -EIO);
        check_lines(&s, "+; ready; limit-changed TasksMax=t9 CPUWeight=t50");
}

TEST(a_restart_of_the_daemon_is_no_event) {
        _cleanup_(story_done) Story s;

        story_init(&s);
        fixture_create(&s.f);
        fixture_restart(&s.f);
        CHECK_OK(sd_bus_match_signal(s.f.pair.client, NULL, NULL, MACHINE1_PATH, BERTH_MANAGER,
                                     "MachineEvent", on_event, &s));
        CHECK_OK(kill(s.f.leader, SIGTERM));
        s.f.n_removed = 0;
        wait_for_end(&s);
        check_lines(&s, "+; ready; exited signal=i15 core-dumped=b0 cause=signal");
}

TEST_MAIN()
