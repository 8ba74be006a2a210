/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is told of a machine when it is registered, and told again. */

#include <signal.h>

#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

#define MANAGER MACHINE1_PATH, MACHINE1_MANAGER

static void check_ok(sd_bus_message *reply) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);

        CHECK_STREQ(e ? e->message : NULL, NULL);
}

/* CreateMachineEx("web", pairs, []), with what appends the pairs. */
static sd_bus_message *create_ex(Fixture *f, void (*append)(Fixture *f, sd_bus_message *m)) {
        return fixture_call_with(f, MANAGER, "CreateMachineEx", append);
}

static void begin(sd_bus_message *m) {
        CHECK_OK(sd_bus_message_append(m, "s", "web"));
        CHECK_OK(sd_bus_message_open_container(m, 'a', "(sv)"));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "Class", "s", "container"));
}

static void end(sd_bus_message *m) {
        CHECK_OK(sd_bus_message_close_container(m));
        CHECK_OK(sd_bus_message_append(m, "a(sv)", 0));
}

static void append_pidfd(Fixture *f, sd_bus_message *m) {
        _cleanup_close_ int pidfd = process_open(f->leader);

        CHECK_OK(pidfd);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "LeaderPIDFD", "h", pidfd));
}

static void append_all(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "LeaderPID", "u", (uint32_t) f->leader));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "Id", "ay", 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                       14, 15, 16));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "Service", "s", "test"));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "RootDirectory", "s", "/srv/web"));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "NetworkInterfaces", "ai", 2, 1, 3));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "VSockCID", "u", (uint32_t) 7));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "SSHAddress", "s", "vsock/6"));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "SSHAddress", "s", "vsock/7"));
        CHECK_OK(sd_bus_message_append(m, "(sv)", "SSHPrivateKeyPath", "s", "/run/key"));
        end(m);
}

TEST(all_keys_arrive) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        const MachineInfo *info;

        fixture_init(&f);
        reply = create_ex(&f, append_all);
        check_ok(reply);
        CHECK_STREQ(f.action, "org.freedesktop.machine1.create-machine");

        info = machine_info(manager_find(f.manager, "web"));
        CHECK(info->leader == f.leader);
        CHECK(info->id.bytes[15] == 16);
        CHECK_STREQ(info->service, "test");
        CHECK_STREQ(info->root_directory, "/srv/web");
        CHECK(info->n_ifindices == 2 && info->ifindices[1] == 3);
        CHECK(info->vsock_cid == 7);
        CHECK_STREQ(info->ssh_address, "vsock/7");
        CHECK_STREQ(info->ssh_private_key_path, "/run/key");
        CHECK(info->supervisor == getpid());
        CHECK(info->uid == getuid());
}

static void append_unknown(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "Ship", "s", "x"));
        end(m);
}

static void append_mistyped(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "VSockCID", "s", "7"));
        end(m);
}

static void append_pid_alone(Fixture *f, sd_bus_message *m) {
        begin(m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "LeaderPID", "u", (uint32_t) f->leader));
        end(m);
}

static void append_other_pid(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "LeaderPID", "u", (uint32_t) getpid()));
        end(m);
}

static void append_no_pidfd(_unused_ Fixture *f, sd_bus_message *m) {
        begin(m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "LeaderPIDFD", "h", STDERR_FILENO));
        end(m);
}

static void append_reserved_cid(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "VSockCID", "u", (uint32_t) 2));
        end(m);
}

static void append_option(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        CHECK_OK(sd_bus_message_append(m, "(sv)", "SSHAddress", "s", "-oProxyCommand=evil"));
        end(m);
}

static void append_no_class(Fixture *f, sd_bus_message *m) {
        CHECK_OK(sd_bus_message_append(m, "s", "web"));
        CHECK_OK(sd_bus_message_open_container(m, 'a', "(sv)"));
        append_pidfd(f, m);
        end(m);
}

static void append_many(Fixture *f, sd_bus_message *m) {
        begin(m);
        append_pidfd(f, m);
        for (unsigned i = 0; i < 1000; i++)
                CHECK_OK(sd_bus_message_append(m, "(sv)", "Service", "s", "x"));
        end(m);
}

TEST(what_is_not_right_creates_nothing) {
        static void (*const table[])(Fixture *f, sd_bus_message *m) = {
                append_unknown, append_mistyped, append_pid_alone, append_other_pid, append_no_pidfd,
                append_reserved_cid, append_option, append_no_class, append_many,
        };
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = create_ex(&f, table[i]);

                check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
                CHECK(!fixture_has_state(&f, "web"));
        }
        CHECK(f.n_asked == 0);
        CHECK(f.scope.n_started == 0);
}

static void append_caller(_unused_ Fixture *f, sd_bus_message *m) {
        begin(m);
        end(m);
}

TEST(who_names_no_leader_is_the_leader) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        const MachineInfo *info;

        fixture_init(&f);
        reply = create_ex(&f, append_caller);
        check_ok(reply);
        info = machine_info(manager_find(f.manager, "web"));
        CHECK(info->leader == getpid());
        CHECK(info->supervisor == 0);
}

TEST(a_process_leads_one_machine) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        reply = fixture_call(&f, MANAGER, "CreateMachine", "sayssusa(sv)", "db", 0, "test", "container",
                             f.leader, "", 0);
        check_error(reply, SD_BUS_ERROR_FILE_EXISTS);
        CHECK(!fixture_has_state(&f, "db"));
        CHECK(f.scope.n_started == 1);
}

static uint64_t get_number(Fixture *f, const char *property, char type) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char types[] = { type, 0 };
        uint64_t wide = 0;
        uint32_t narrow = 0;

        reply = fixture_call(f, WEB, "org.freedesktop.DBus.Properties", "Get", "ss", MACHINE1_MACHINE,
                             property);
        check_ok(reply);
        if (type == 't')
                CHECK_OK(sd_bus_message_read(reply, "v", types, &wide));
        else
                CHECK_OK(sd_bus_message_read(reply, "v", types, &narrow));

        return type == 't' ? wide : narrow;
}

TEST(properties_tell_what_is_noted) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;
        const void *bytes;
        size_t size;
        const MachineInfo *info;

        fixture_init(&f);
        fixture_create(&f);
        info = machine_info(manager_find(f.manager, "web"));

        CHECK(get_number(&f, "Leader", 'u') == (uint64_t) f.leader);
        CHECK(get_number(&f, "LeaderPIDFDId", 't') == info->leader_identity.pidfd_id);
        CHECK(get_number(&f, "Supervisor", 'u') == (uint64_t) getpid());
        CHECK(get_number(&f, "SupervisorPIDFDId", 't') == info->supervisor_identity.pidfd_id);
        CHECK(get_number(&f, "VSockCID", 'u') == UINT32_MAX);
        CHECK(get_number(&f, "UID", 'u') == getuid());
        CHECK(get_number(&f, "Timestamp", 't') == info->realtime);

        reply = fixture_call(&f, WEB, "org.freedesktop.DBus.Properties", "Get", "ss", MACHINE1_MACHINE,
                             "Id");
        CHECK_OK(sd_bus_message_enter_container(reply, 'v', "ay"));
        CHECK_OK(sd_bus_message_read_array(reply, 'y', &bytes, &size));
        CHECK(size == 0);

        /* And after us. */
        fixture_restart(&f);
        CHECK(get_number(&f, "Supervisor", 'u') == (uint64_t) getpid());
}

TEST(ssh_info_is_there_or_not) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *created = NULL, *none = NULL, *both = NULL;
        _cleanup_(fixture_done) Fixture f;
        const char *address, *path;

        fixture_init(&f);
        none = fixture_call(&f, MANAGER, "GetMachineSSHInfo", "s", ".host");
        check_error(none, SD_BUS_ERROR_FILE_NOT_FOUND);

        created = create_ex(&f, append_all);
        both = fixture_call(&f, WEB, MACHINE1_MACHINE, "GetSSHInfo", NULL);
        check_ok(both);
        CHECK_OK(sd_bus_message_read(both, "ss", &address, &path));
        CHECK_STREQ(address, "vsock/7");
        CHECK_STREQ(path, "/run/key");
}

static void set_maps(Fixture *f, const char *map) {
        Machine *m = manager_find(f->manager, "web");

        CHECK_OK(idmap_parse(map, machine_id_map(m, ID_USER)));
        CHECK_OK(idmap_parse(map, machine_id_map(m, ID_GROUP)));
}

static void check_mapped(Fixture *f, const char *method, uint32_t id, uint32_t wanted) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint32_t mapped;

        reply = fixture_call(f, MANAGER, method, "su", "web", id);
        check_ok(reply);
        CHECK_OK(sd_bus_message_read(reply, "u", &mapped));
        CHECK(mapped == wanted);
}

static void check_found(Fixture *f, const char *method, uint32_t id, uint32_t wanted) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *name, *path;
        uint32_t inside;

        reply = fixture_call(f, MANAGER, method, "u", id);
        check_ok(reply);
        CHECK_OK(sd_bus_message_read(reply, "sou", &name, &path, &inside));
        CHECK_STREQ(name, "web");
        CHECK_STREQ(path, WEB);
        CHECK(inside == wanted);
}

static void check_unmapped(Fixture *f, const char *method, const char *types, const char *name, uint32_t id,
                           const char *error) {

        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        reply = streq(types, "u") ? fixture_call(f, MANAGER, method, "u", id)
                                  : fixture_call(f, MANAGER, method, "su", name, id);
        check_error(reply, error);
}

TEST(users_and_groups_are_mapped_both_ways) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *shift = NULL;
        _cleanup_(fixture_done) Fixture f;
        uint32_t id;

        fixture_init(&f);
        fixture_create(&f);
        set_maps(&f, "0 131072 65536\n");

        check_mapped(&f, "MapFromMachineUser", 1000, 132072);
        check_mapped(&f, "MapFromMachineGroup", 0, 131072);
        check_found(&f, "MapToMachineUser", 132072, 1000);
        check_found(&f, "MapToMachineGroup", 131072, 0);

        shift = fixture_call(&f, WEB, MACHINE1_MACHINE, "GetUIDShift", NULL);
        check_ok(shift);
        CHECK_OK(sd_bus_message_read(shift, "u", &id));
        CHECK(id == 131072);
}

TEST(who_is_nobody_is_told_by_kind) {
        static const char *const user = "org.freedesktop.machine1.NoSuchUserMapping";
        static const char *const group = "org.freedesktop.machine1.NoSuchGroupMapping";
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        set_maps(&f, "0 131072 65536\n");

        check_unmapped(&f, "MapFromMachineUser", "su", "web", 65536, user);
        check_unmapped(&f, "MapFromMachineGroup", "su", "web", 65536, group);
        check_unmapped(&f, "MapToMachineUser", "u", NULL, 131071, user);
        check_unmapped(&f, "MapToMachineUser", "u", NULL, 0, user);
        check_unmapped(&f, "MapToMachineGroup", "u", NULL, 131072 + 65536, group);
        check_unmapped(&f, "MapFromMachineUser", "su", ".host", 0, SD_BUS_ERROR_INVALID_ARGS);
        check_unmapped(&f, "MapFromMachineUser", "su", "gone", 0, "org.freedesktop.machine1.NoSuchMachine");
}

static void check_pid(Fixture *f, pid_t pid, const char *wanted) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;

        reply = fixture_call(f, MANAGER, "GetMachineByPID", "u", (uint32_t) pid);
        if (!wanted) {
                check_error(reply, "org.freedesktop.machine1.NoMachineForPID");
                return;
        }

        check_ok(reply);
        CHECK_OK(sd_bus_message_read(reply, "o", &path));
        CHECK_STREQ(path, wanted);
}

TEST(a_process_belongs_where_it_comes_from_but_not_all_to_the_host) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);
        check_pid(&f, f.leader, WEB);
        check_pid(&f, 1, MACHINE_PATH_PREFIX "/_2ehost");
        check_pid(&f, getpid(), NULL); /* its parent */
        check_pid(&f, INT32_MAX, NULL);

        reply = fixture_call(&f, MANAGER, "GetMachineByPID", "u", UINT32_MAX);
        check_error(reply, SD_BUS_ERROR_INVALID_ARGS);
}

TEST(the_supervisor_may_be_signalled) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(fixture_done) Fixture f;

        fixture_init(&f);
        fixture_create(&f);

        /* That is we. */
        reply = fixture_call(&f, WEB, MACHINE1_MACHINE, "Kill", "si", "supervisor", SIGCONT);
        check_ok(reply);
}

TEST_MAIN()
