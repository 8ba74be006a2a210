/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/varlink/varlink-machine.h"
#include "daemon/varlink/varlink-resolve.h"
#include "daemon/varlink/varlink-service.h"
#include "daemon/varlink/varlink-userdb.h"
#include "tests/bus/fixture.h"
#include "tests/lib/sleeper.h"
#include "tests/lib/varlink-client.h"
#include "tests/test.h"

/* The daemon of the bus tests, with its other door. */
typedef struct Door {
        Fixture daemon;
        VarlinkContext context;
        ResolveHook *hook;
        VarlinkServer *machine, *resolve;
        VarlinkClient client, resolver;
} Door;

static void settle(void *userdata) {
        Door *d = userdata;

        fixture_settle(&d->daemon);
}

static void door_init(Door *d) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_service_interface, &varlink_machine_interface, &varlink_userdb_interface, NULL };
        static const VarlinkInterface *const resolve_interfaces[] = { &varlink_resolve_interface, NULL };

        fixture_init(&d->daemon);
        d->context = (VarlinkContext) { d->daemon.event, d->daemon.manager, d->daemon.operations };
        CHECK_OK(varlink_server_new(d->daemon.event, interfaces, &d->context, &d->machine));
        varlink_client_open(&d->client, d->machine, settle, d);
        CHECK_OK(resolve_hook_new(&d->context, &d->hook));
        CHECK_OK(varlink_server_new(d->daemon.event, resolve_interfaces, d->hook, &d->resolve));
        varlink_client_open(&d->resolver, d->resolve, settle, d);
}

static void door_done(Door *d) {
        (void) varlink_server_free(d->machine);
        (void) varlink_server_free(d->resolve);
        (void) resolve_hook_free(d->hook);
        varlink_client_close(&d->client);
        varlink_client_close(&d->resolver);
        fixture_done(&d->daemon);
}

/* Calls, and waits for what has to be waited for. The reply is to be freed. */
static json_t *call_client(
                Door *d,
                VarlinkClient *c,
                const char *method,
                const char *parameters,
                bool more) {

        _cleanup_free_ char *text = NULL, *reply = NULL;
        json_t *j;

        CHECK_OK(asprintf(&text, "{\"method\":\"%s\",\"parameters\":%s,\"more\":%s}", method, parameters,
                          more ? "true" : "false"));
        varlink_client_send(c, text, strlen(text) + 1);

        while (!(reply = varlink_client_next(c)))
                CHECK_OK(sd_event_run(d->daemon.event, UINT64_MAX));

        j = json_loads(reply, 0, NULL);
        CHECK(j);
        return j;
}

static json_t *call(Door *d, const char *method, const char *parameters) {
        char name[128];

        (void) snprintf(name, sizeof(name), "io.systemd.%s", method);
        return call_client(d, &d->client, name, parameters, false);
}

static const char *text_of(json_t *reply, const char *key) {
        return json_string_value(json_object_get(json_object_get(reply, "parameters"), key));
}

static json_int_t number_of(json_t *reply, const char *key) {
        return json_integer_value(json_object_get(json_object_get(reply, "parameters"), key));
}

static void check_fails(Door *d, const char *method, const char *parameters, const char *error) {
        json_auto_t *reply = call(d, method, parameters);
        const char *is = json_string_value(json_object_get(reply, "error"));

        CHECK_STREQ(is, error);
}

static void check_ok(Door *d, const char *method, const char *parameters) {
        check_fails(d, method, parameters, NULL);
}

static void check_invalid(Door *d, const char *method, const char *parameters, const char *wrong) {
        json_auto_t *reply = call(d, method, parameters);

        CHECK_STREQ(json_string_value(json_object_get(reply, "error")), VARLINK_INVALID_PARAMETER);
        CHECK_STREQ(text_of(reply, "parameter"), wrong);
}

static void register_web(Door *d) {
        char parameters[128];

        (void) snprintf(parameters, sizeof(parameters),
                        "{\"name\":\"web\",\"class\":\"container\",\"leader\":%i,\"allocateUnit\":true}",
                        d->daemon.leader);
        check_ok(d, "Machine.Register", parameters);
}

TEST(a_machine_comes_and_goes) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        register_web(&d);
        CHECK(d.daemon.scope.n_started == 1);
        CHECK(fixture_has_state(&d.daemon, "web"));
        CHECK_STREQ(d.daemon.action, "org.freedesktop.machine1.create-machine");
        check_fails(&d, "Machine.Register", "{\"name\":\"web\",\"class\":\"container\"}",
                    "io.systemd.Machine.MachineExists");

        check_ok(&d, "Machine.Unregister", "{\"name\":\"web\"}");
        CHECK_STREQ(d.daemon.action, "org.freedesktop.machine1.manage-machines");
        CHECK(!fixture_has_state(&d.daemon, "web"));
        check_fails(&d, "Machine.Unregister", "{\"name\":\"web\"}", "io.systemd.Machine.NoSuchMachine");
        CHECK(d.daemon.n_added == 1 && d.daemon.n_removed == 1);
}

TEST(what_is_wrong_with_a_registration_is_told_by_name) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
#define REGISTER(more) "{\"name\":\"web\",\"class\":\"container\"" more "}"
        check_invalid(&d, "Machine.Register", "{\"class\":\"container\"}", "name");
        check_invalid(&d, "Machine.Register", "{\"name\":\"-\",\"class\":\"container\"}", "name");
        check_invalid(&d, "Machine.Register", "{\"name\":\".host\",\"class\":\"container\"}", "name");
        check_invalid(&d, "Machine.Register", "{\"name\":\"web\"}", "class");
        check_invalid(&d, "Machine.Register", "{\"name\":\"web\",\"class\":\"host\"}", "class");
        check_invalid(&d, "Machine.Register", REGISTER(",\"id\":\"short\""), "id");
        check_invalid(&d, "Machine.Register", REGISTER(",\"leader\":1"), "leader");
        check_invalid(&d, "Machine.Register", REGISTER(",\"leader\":-1"), "leader");
        check_invalid(&d, "Machine.Register", REGISTER(",\"leaderProcessId\":{\"pidfdId\":3}"),
                      "leaderProcessId");
        check_invalid(&d, "Machine.Register", REGISTER(",\"leader\":2,\"leaderProcessId\":{\"pid\":3}"),
                      "leaderProcessId");
        check_invalid(&d, "Machine.Register", REGISTER(",\"rootDirectory\":\"srv\""), "rootDirectory");
        check_invalid(&d, "Machine.Register", REGISTER(",\"ifIndices\":[0]"), "ifIndices");
        check_invalid(&d, "Machine.Register", REGISTER(",\"ifIndices\":{}"), "ifIndices");
        check_invalid(&d, "Machine.Register", REGISTER(",\"vSockCid\":2"), "vSockCid");
        check_invalid(&d, "Machine.Register", REGISTER(",\"vSockCid\":4294967299"), "vSockCid");
        check_invalid(&d, "Machine.Register", REGISTER(",\"surprise\":2"), "surprise");
        CHECK(d.daemon.n_asked == 0);
}

TEST(nothing_is_registered_if_polkit_refuses) {
        _cleanup_(door_done) Door d = {};
        char parameters[128];

        door_init(&d);
        d.daemon.grants = false;
        (void) snprintf(parameters, sizeof(parameters),
                        "{\"name\":\"web\",\"class\":\"container\",\"leader\":%i}", d.daemon.leader);
        check_fails(&d, "Machine.Register", parameters, VARLINK_PERMISSION_DENIED);
        CHECK_STREQ(d.daemon.action, "org.freedesktop.machine1.register-machine");
        CHECK(!fixture_has_state(&d.daemon, "web"));
}

TEST(a_machine_is_killed_if_polkit_grants) {
        _cleanup_(door_done) Door d = {};
        int status;

        door_init(&d);
        register_web(&d);

        check_invalid(&d, "Machine.Kill", "{\"name\":\"web\"}", "signal");
        check_invalid(&d, "Machine.Kill", "{\"name\":\"web\",\"signal\":4711}", "signal");
        check_invalid(&d, "Machine.Kill", "{\"name\":\"web\",\"signal\":15,\"whom\":\"them\"}", "whom");

        d.daemon.grants = false;
        check_fails(&d, "Machine.Kill", "{\"name\":\"web\",\"signal\":9,\"whom\":\"leader\"}",
                    VARLINK_PERMISSION_DENIED);
        CHECK(!d.daemon.interactive);
        CHECK(waitpid(d.daemon.leader, &status, WNOHANG) == 0);

        d.daemon.grants = true;
        check_ok(&d, "Machine.Kill",
                 "{\"name\":\"web\",\"signal\":9,\"whom\":\"leader\","
                 "\"allowInteractiveAuthentication\":true}");
        CHECK(d.daemon.interactive);
        CHECK(waitpid(d.daemon.leader, &status, 0) == d.daemon.leader);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(the_answer_of_polkit_may_come_after_the_caller_has_gone) {
        _cleanup_(door_done) Door d = {};
        static const char text[] =
                "{\"method\":\"io.systemd.Machine.Unregister\",\"parameters\":{\"name\":\"web\"}}";

        door_init(&d);
        register_web(&d);
        d.daemon.hesitates = true;
        varlink_client_send(&d.client, text, sizeof(text));
        settle(&d);
        CHECK(d.daemon.asked);

        varlink_client_close(&d.client);
        settle(&d);
        CHECK(fixture_has_state(&d.daemon, "web"));

        CHECK_OK(sd_bus_reply_method_return(d.daemon.asked, "(bba{ss})", true, false, 0));
        settle(&d);
        CHECK(!fixture_has_state(&d.daemon, "web"));
        CHECK(varlink_server_n_connections(d.machine) == 0);
}

TEST(a_machine_is_meant_by_name_or_process_or_both) {
        _cleanup_(door_done) Door d = {};
        char parameters[160];

        door_init(&d);
        register_web(&d);

        check_fails(&d, "Machine.List", "{}", VARLINK_EXPECTED_MORE);
        check_ok(&d, "Machine.List", "{\"name\":\"web\"}");
        check_ok(&d, "Machine.List", "{\"name\":\".host\"}");
        check_invalid(&d, "Machine.List", "{\"name\":\"-\"}", "name");
        check_invalid(&d, "Machine.List", "{\"name\":\"\"}", "name");
        check_invalid(&d, "Machine.Terminate", "{}", "name");
        check_fails(&d, "Machine.List", "{\"name\":\"other\"}", "io.systemd.Machine.NoSuchMachine");

        (void) snprintf(parameters, sizeof(parameters), "{\"pid\":%i,\"name\":\"web\"}", d.daemon.leader);
        check_ok(&d, "Machine.List", parameters);
        (void) snprintf(parameters, sizeof(parameters), "{\"pid\":\"%i\"}", d.daemon.leader);
        check_ok(&d, "Machine.List", parameters);
        (void) snprintf(parameters, sizeof(parameters), "{\"pid\":{\"pid\":%i}}", d.daemon.leader);
        check_ok(&d, "Machine.List", parameters);
        (void) snprintf(parameters, sizeof(parameters), "{\"pid\":%i,\"name\":\".host\"}", d.daemon.leader);
        check_fails(&d, "Machine.List", parameters, "io.systemd.Machine.NoSuchMachine");
        (void) snprintf(parameters, sizeof(parameters), "{\"pid\":{\"pid\":%i,\"pidfdId\":1}}",
                        d.daemon.leader);
        check_fails(&d, "Machine.List", parameters, "io.systemd.Machine.NoSuchMachine");
        (void) snprintf(parameters, sizeof(parameters),
                        "{\"pid\":{\"pid\":%i,\"bootId\":\"0123456789abcdef0123456789abcdef\"}}",
                        d.daemon.leader);
        check_ok(&d, "Machine.List", parameters);
        check_invalid(&d, "Machine.List", "{\"pid\":-1}", "pid");
        check_invalid(&d, "Machine.List", "{\"pid\":\"x\"}", "pid");
        check_invalid(&d, "Machine.List", "{\"pid\":true}", "pid");
}

TEST(a_machine_is_described) {
        _cleanup_(door_done) Door d = {};
        json_t *leader, *timestamp;

        door_init(&d);
        register_web(&d);

        json_auto_t *reply = call(&d, "Machine.List", "{\"name\":\"web\"}");
        CHECK_STREQ(text_of(reply, "name"), "web");
        CHECK_STREQ(text_of(reply, "class"), "container");
        CHECK_STREQ(text_of(reply, "unit"), "machine-web.scope");
        leader = json_object_get(json_object_get(reply, "parameters"), "leader");
        CHECK(json_integer_value(json_object_get(leader, "pid")) == d.daemon.leader);
        timestamp = json_object_get(json_object_get(reply, "parameters"), "timestamp");
        CHECK(json_integer_value(json_object_get(timestamp, "realtime")) > 0);
        CHECK(number_of(reply, "UID") == getuid());
        CHECK(!json_object_get(json_object_get(reply, "parameters"), "controlAddress"));
        CHECK(!json_object_get(json_object_get(reply, "parameters"), "OSRelease"));
}

TEST(all_machines_are_listed_one_reply_each) {
        _cleanup_(door_done) Door d = {};
        _cleanup_free_ char *second = NULL;

        door_init(&d);
        register_web(&d);

        json_auto_t *first = call_client(&d, &d.client, "io.systemd.Machine.List", "{}", true);
        CHECK_STREQ(text_of(first, "name"), ".host");
        CHECK(json_is_true(json_object_get(first, "continues")));
        second = varlink_client_next(&d.client);
        CHECK(strstr(second, "\"name\":\"web\""));
        CHECK(!strstr(second, "continues"));
        CHECK(!varlink_client_next(&d.client));
}

TEST(metadata_that_cannot_be_had_is_an_error_or_left_out) {
        _cleanup_(door_done) Door d = {};
        json_t *parameters;

        door_init(&d);
        register_web(&d);

        /* The leader shares our network. */
        check_invalid(&d, "Machine.List", "{\"name\":\"web\",\"acquireMetadata\":\"maybe\"}",
                      "acquireMetadata");
        check_fails(&d, "Machine.List", "{\"name\":\"web\",\"acquireMetadata\":\"yes\"}",
                    "io.systemd.Machine.NoPrivateNetworking");

        json_auto_t *reply = call(&d, "Machine.List", "{\"name\":\"web\",\"acquireMetadata\":\"graceful\"}");
        parameters = json_object_get(reply, "parameters");
        CHECK(!json_object_get(parameters, "addresses"));
        CHECK(json_is_array(json_object_get(parameters, "OSRelease")));
        CHECK(number_of(reply, "UIDShift") == 0);
}

TEST(a_list_that_is_given_up_costs_nothing) {
        _cleanup_(door_done) Door d = {};
        static const char text[] = "{\"method\":\"io.systemd.Machine.List\",\"more\":true,"
                                   "\"parameters\":{\"acquireMetadata\":\"graceful\"}}";

        door_init(&d);
        register_web(&d);
        varlink_client_send(&d.client, text, sizeof(text));
        CHECK_OK(sd_event_run(d.daemon.event, UINT64_MAX));
        varlink_client_close(&d.client);
        while (varlink_server_n_connections(d.machine) > 0)
                CHECK_OK(sd_event_run(d.daemon.event, UINT64_MAX));
}

TEST(the_root_directory_of_a_machine_is_opened) {
        _cleanup_(door_done) Door d = {};
        struct stat is, wanted;

        door_init(&d);
        register_web(&d);
        check_ok(&d, "Machine.OpenRootDirectory", "{\"name\":\"web\"}");
        CHECK_OK(fstat(d.client.received_fd, &is));
        CHECK_OK(stat("/", &wanted));
        CHECK(is.st_dev == wanted.st_dev && is.st_ino == wanted.st_ino);
}

TEST(users_of_a_machine_without_a_namespace_are_the_hosts) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        register_web(&d);

        json_auto_t *reply = call(&d, "Machine.MapFrom", "{\"name\":\"web\",\"uid\":7,\"gid\":8}");
        CHECK(number_of(reply, "uid") == 7 && number_of(reply, "gid") == 8);
        check_invalid(&d, "Machine.MapFrom", "{\"name\":\"web\"}", "uid");
        check_invalid(&d, "Machine.MapTo", "{}", "uid");
        check_fails(&d, "Machine.MapTo", "{\"uid\":7}", "io.systemd.Machine.UserInHostRange");
        check_fails(&d, "Machine.MapTo", "{\"gid\":7}", "io.systemd.Machine.GroupInHostRange");
        check_fails(&d, "Machine.MapTo", "{\"uid\":70000}", "io.systemd.Machine.NoSuchUser");
        check_fails(&d, "Machine.MapTo", "{\"gid\":70000}", "io.systemd.Machine.NoSuchGroup");
}

#define OTHER 1000

/* Connects as another user, whose the leader is, too. */
static void be_other(Door *d) {
        end_sleeper(d->daemon.leader);
        d->daemon.leader = start_sleeper_as(OTHER);
        varlink_client_close(&d->client);
        varlink_client_open_as(&d->client, d->machine, OTHER, settle, d);
}

TEST(who_calls_is_who_has_connected) {
        _cleanup_(door_done) Door d = {};

        SKIP_UNLESS(getuid() == 0, "root");
        door_init(&d);
        be_other(&d);
        register_web(&d);
        CHECK(d.daemon.n_asked == 1);

        json_auto_t *reply = call(&d, "Machine.List", "{\"name\":\"web\"}");
        CHECK(number_of(reply, "UID") == OTHER);
}

#define OPEN(more) "{\"name\":\"web\"," more "}"

TEST(what_is_opened_is_said_precisely) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        register_web(&d);
        d.daemon.n_asked = 0;

        check_invalid(&d, "Machine.Open", "{\"name\":\"web\"}", "mode");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"window\""), "mode");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"tty\",\"user\":\"root\""), "user");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"login\",\"args\":[]"), "args");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"shell\",\"user\":\"a:b\""), "user");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"shell\",\"path\":\"sh\""), "path");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"shell\",\"environment\":[\"no value\"]"),
                      "environment");
        check_invalid(&d, "Machine.Open", OPEN("\"mode\":\"shell\",\"environment\":[1]"), "environment");
        CHECK(d.daemon.n_asked == 0);
}

TEST(each_way_to_open_has_its_own_action) {
        static const char *const modes[][2] = {
                { "tty", "open-pty" }, { "login", "login" }, { "shell", "shell" } };
        _cleanup_(door_done) Door d = {};
        char parameters[64], action[64];

        door_init(&d);
        register_web(&d);
        d.daemon.grants = false;

        for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
                (void) snprintf(parameters, sizeof(parameters), OPEN("\"mode\":\"%s\""), modes[i][0]);
                (void) snprintf(action, sizeof(action), "org.freedesktop.machine1.%s", modes[i][1]);
                check_fails(&d, "Machine.Open", parameters, VARLINK_PERMISSION_DENIED);
                CHECK_STREQ(d.daemon.action, action);
        }
}

TEST(paths_are_absolute) {
        static const char *const methods[] = { "Machine.BindMount", "Machine.CopyFrom", "Machine.CopyTo" };
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        register_web(&d);
        d.daemon.n_asked = 0;
        d.daemon.grants = false;

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                check_invalid(&d, methods[i], "{\"name\":\"web\"}", "source");
                check_invalid(&d, methods[i], OPEN("\"source\":\"\""), "source");
                check_invalid(&d, methods[i], OPEN("\"source\":\"etc\""), "source");
                check_invalid(&d, methods[i], OPEN("\"source\":\"/etc\",\"destination\":\"e\""),
                              "destination");
                CHECK(d.daemon.n_asked == i);

                check_fails(&d, methods[i], OPEN("\"source\":\"/etc\""), VARLINK_PERMISSION_DENIED);
                CHECK_STREQ(d.daemon.action, "org.freedesktop.machine1.manage-machines");
        }
}

#define SERVICE "\"service\":\"io.systemd.Machine\""

TEST(only_users_of_containers_have_records) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        register_web(&d);

        check_fails(&d, "UserDatabase.GetUserRecord", "{\"uid\":7,\"service\":\"other\"}",
                    "io.systemd.UserDatabase.BadService");
        check_invalid(&d, "UserDatabase.GetUserRecord", "{\"uid\":7}", "service");
        check_fails(&d, "UserDatabase.GetUserRecord", "{" SERVICE "}",
                    "io.systemd.UserDatabase.EnumerationNotSupported");
        check_fails(&d, "UserDatabase.GetUserRecord", "{\"uid\":0," SERVICE "}",
                    "io.systemd.UserDatabase.NoRecordFound");
        check_fails(&d, "UserDatabase.GetUserRecord", "{\"userName\":\"vu-web-0\"," SERVICE "}",
                    "io.systemd.UserDatabase.NoRecordFound");
        check_fails(&d, "UserDatabase.GetGroupRecord", "{\"groupName\":\"vg-web-0\"," SERVICE "}",
                    "io.systemd.UserDatabase.NoRecordFound");
        check_fails(&d, "UserDatabase.GetMemberships", "{" SERVICE "}",
                    "io.systemd.UserDatabase.NoRecordFound");
}

#define QUESTION(name, type) "[{\"key\":{\"class\":1,\"type\":" type ",\"name\":\"" name "\"}}]"

static json_t *ask_resolver(Door *d, const char *method, const char *parameters, bool more) {
        char name[64];

        (void) snprintf(name, sizeof(name), "io.systemd.Resolve.Hook.%s", method);
        return call_client(d, &d->resolver, name, parameters, more);
}

static void check_resolved(Door *d, const char *question, const char *wanted) {
        char parameters[256];
        _cleanup_free_ char *is = NULL;
        json_auto_t *reply;

        (void) snprintf(parameters, sizeof(parameters), "{\"question\":%s}", question);
        reply = ask_resolver(d, "ResolveRecord", parameters, false);
        is = json_dumps(json_object_get(reply, "parameters"), JSON_COMPACT);
        CHECK_STREQ(is, wanted);
}

TEST(the_resolver_is_told_of_names_that_come_and_go) {
        _cleanup_(door_done) Door d = {};
        json_t *names;

        door_init(&d);
        json_auto_t *none = ask_resolver(&d, "QueryFilter", "{}", true);
        CHECK(json_array_size(json_object_get(json_object_get(none, "parameters"), "filterDomains")) == 0);
        CHECK(json_is_true(json_object_get(none, "continues")));

        register_web(&d);
        if (getuid() == 0) {
                _cleanup_free_ char *text = NULL;

                while (!(text = varlink_client_next(&d.resolver)))
                        CHECK_OK(sd_event_run(d.daemon.event, UINT64_MAX));
                json_auto_t *one = json_loads(text, 0, NULL);
                names = json_object_get(json_object_get(one, "parameters"), "filterDomains");
                CHECK(json_array_size(names) == 1);
                CHECK_STREQ(json_string_value(json_array_get(names, 0)), "web");
        }

        /* Whoever asks once gets one answer. */
        varlink_client_close(&d.resolver);
        varlink_client_open(&d.resolver, d.resolve, settle, &d);
        json_auto_t *once = ask_resolver(&d, "QueryFilter", "{}", false);
        CHECK(!json_object_get(once, "continues"));
}

/* With a name of their choice they could take any host's place. */
TEST(machines_of_other_users_are_not_told_to_the_resolver) {
        _cleanup_(door_done) Door d = {};

        SKIP_UNLESS(getuid() == 0, "root");
        door_init(&d);
        be_other(&d);
        register_web(&d);

        json_auto_t *none = ask_resolver(&d, "QueryFilter", "{}", false);
        CHECK(json_array_size(json_object_get(json_object_get(none, "parameters"), "filterDomains")) == 0);
        check_resolved(&d, QUESTION("www.web", "1"), "{}");
}

TEST(names_are_resolved_if_they_are_machines) {
        _cleanup_(door_done) Door d = {};

        door_init(&d);
        SKIP_UNLESS(getuid() == 0, "root, whose machines alone have names");
        register_web(&d);

        /* Its network is the host's: somebody else has to know. */
        check_resolved(&d, QUESTION("web", "1"), "{}");
        check_resolved(&d, QUESTION("other", "1"), "{}");
        check_resolved(&d, QUESTION("www.web", "1"), "{\"rcode\":3}");
        check_resolved(&d, QUESTION("a.b.WEB.", "28"), "{\"rcode\":3}");
        check_resolved(&d, QUESTION("web.org", "28"), "{}");
        check_resolved(&d, QUESTION("www.web", "15"), "{}");
        check_resolved(&d, QUESTION(".", "1"), "{}");
        check_resolved(&d, QUESTION("", "1"), "{}");
        check_resolved(&d, "[{}]", "{}");
        check_resolved(&d, "[]", "{}");
}

TEST_MAIN()
