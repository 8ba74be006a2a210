/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/core/creation.h"
#include "daemon/core/state.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/lib/remove-tree.h"
#include "tests/test.h"

typedef struct Fixture {
        char directory[32], machined[64], own[64];
        StateDirectories d;
} Fixture;

static void fixture_init(Fixture *f) {
        strcpy(f->directory, "/tmp/berth-test-XXXXXX");
        CHECK(mkdtemp(f->directory));
        (void) snprintf(f->machined, sizeof(f->machined), "%s/machined", f->directory);
        (void) snprintf(f->own, sizeof(f->own), "%s/own", f->directory);
        CHECK_OK(state_open(f->machined, f->own, &f->d));
}

static void fixture_done(Fixture *f) {
        state_close(&f->d);
        remove_tree(f->directory);
}

static MachineInfo make_info(void) {
        MachineInfo info = {
                .name = strdup("web"),
                .id = { .bytes = { 1, 2, 3 } },
                .service = strdup("a \"manager\" of $names"),
                .class = MACHINE_CONTAINER,
                .leader = 4711,
                .leader_identity = { .pidfd_id = 12345678901 },
                .supervisor = 4710,
                .supervisor_identity = { .start_time = 815 },
                .root_directory = strdup("/srv/with blank/web"),
                .uid = 1000,
                .subgroup = strdup("payload"),
                .vsock_cid = 3,
                .ssh_address = strdup("vsock/3"),
                .ssh_private_key_path = strdup("/run/with blank/key"),
                .control_address = strdup("unix:/run/x"),
                .unit = strdup("machine-web.scope"),
                .cgroup = strdup("/machine.slice/machine-web.scope"),
                .ifindices = calloc(2, sizeof(int)),
                .n_ifindices = 2,
                .realtime = 1700000000000000,
                .monotonic = 42,
                .owns_scope = true,
                .host_interface = strdup("ve-web"),
                .host_ifindex = 3,
                .address4 = strdup("10.0.0.1/28"),
                .masquerades = true,
                .journal_link = strdup("/var/log/journal/x"),
                .journal_root = strdup("/srv/with blank/web"),
        };

        info.ifindices[0] = 3;
        info.ifindices[1] = 4;
        return info;
}

TEST(a_machine_survives_the_round_trip) {
        _cleanup_(fixture_done) Fixture f;
        MachineInfo info = make_info(), back = {};
        bool runs;

        fixture_init(&f);
        CHECK_OK(state_save_own(&f.d, &info, true));
        CHECK_OK(state_save_machined(&f.d, &info));
        CHECK_OK(state_load(&f.d, "web", &back, &runs));

        CHECK(runs);
        CHECK(id128_equal(back.id, info.id));
        CHECK_STREQ(back.service, info.service);
        CHECK(back.leader == info.leader);
        CHECK(back.leader_identity.pidfd_id == info.leader_identity.pidfd_id);
        CHECK_STREQ(back.root_directory, info.root_directory);
        CHECK_STREQ(back.unit, info.unit);
        CHECK_STREQ(back.cgroup, info.cgroup);
        CHECK(back.n_ifindices == 2 && back.ifindices[1] == 4);
        CHECK(back.realtime == info.realtime && back.monotonic == 42);
        CHECK(back.owns_scope && back.masquerades && !back.keeps_journal_link);
        CHECK_STREQ(back.host_interface, "ve-web");
        CHECK(back.host_ifindex == 3);
        CHECK_STREQ(back.address4, "10.0.0.1/28");
        CHECK_STREQ(back.address6, NULL);
        CHECK_STREQ(back.journal_root, info.journal_root);
        CHECK(back.supervisor == 4710 && back.supervisor_identity.start_time == 815);
        CHECK(back.uid == 1000 && back.vsock_cid == 3);
        CHECK_STREQ(back.subgroup, "payload");
        CHECK_STREQ(back.ssh_address, "vsock/3");
        CHECK_STREQ(back.ssh_private_key_path, info.ssh_private_key_path);
        CHECK_STREQ(back.control_address, "unix:/run/x");
        machine_info_done(&info);
        machine_info_done(&back);
}

TEST(machined_s_file_is_spelled_as_machined_spells_it) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_free_ char *text = NULL, *path = NULL;
        MachineInfo info = make_info();
        char target[16] = "";

        fixture_init(&f);
        CHECK_OK(state_save_machined(&f.d, &info));
        CHECK_OK(text_printf(&path, "%s/web", f.machined));
        CHECK_OK(file_read(path, 4096, &text));
        CHECK(startswith(text, "# This is private data. Do not parse.\nNAME=web\n"));
        CHECK(strstr(text, "\nSCOPE=machine-web.scope\n"));
        CHECK(strstr(text, "\nNETIF=3 4\n"));
        CHECK(strstr(text, "\nLEADER_PIDFDID=12345678901\n"));
        CHECK(strstr(text, "\nUID=1000\n"));
        CHECK(strstr(text, "\nSUBGROUP=payload\n"));
        CHECK(strstr(text, "\nSUPERVISOR=4710\n"));
        CHECK(strstr(text, "\nVSOCK_CID=3\n"));
        CHECK(strstr(text, "\nSSH_ADDRESS=vsock/3\n") || strstr(text, "\nSSH_ADDRESS=\"vsock/3\"\n"));
        CHECK(strstr(text, "\nSSH_PRIVATE_KEY_PATH=\"/run/with blank/key\"\n"));
        CHECK(readlinkat(f.d.machined_fd, "unit:machine-web.scope", target, sizeof(target) - 1) == 3);
        CHECK_STREQ(target, "web");

        state_remove_machined(&f.d, "web", info.unit);
        CHECK_ERR(faccessat(f.d.machined_fd, "web", F_OK, 0) < 0 ? -errno : 0, ENOENT);
        CHECK(readlinkat(f.d.machined_fd, "unit:machine-web.scope", target, sizeof(target)) < 0);
        machine_info_done(&info);
}

TEST(a_unit_s_link_is_removed_by_its_own_machine_only) {
        _cleanup_(fixture_done) Fixture f;
        char target[16] = "";

        fixture_init(&f);
        CHECK_OK(symlinkat("other", f.d.machined_fd, "unit:x.service"));
        state_remove_machined(&f.d, "web", "x.service");
        CHECK(readlinkat(f.d.machined_fd, "unit:x.service", target, sizeof(target)) == 5);
}

TEST(a_machine_that_never_ran_is_told_apart) {
        _cleanup_(fixture_done) Fixture f;
        MachineInfo info = make_info(), back = {};
        bool runs = true;

        fixture_init(&f);
        CHECK_OK(state_save_own(&f.d, &info, false));
        CHECK_OK(state_load(&f.d, "web", &back, &runs));
        CHECK(!runs);
        machine_info_done(&back);

        /* Killed between the two files: the first says that it runs, the second is missing. */
        CHECK_OK(state_save_own(&f.d, &info, true));
        CHECK_OK(state_load(&f.d, "web", &back, &runs));
        CHECK(!runs);
        machine_info_done(&info);
        machine_info_done(&back);
}

/* As machined 252 and 262 write them. */
TEST(machined_s_machines_are_taken_over) {
        _cleanup_(fixture_done) Fixture f;
        MachineInfo back = {};
        bool runs;

        fixture_init(&f);
        CHECK_OK(file_replace(f.d.machined_fd, "old", 0644,
                              "# This is private data. Do not parse.\nNAME=old\nSCOPE=machine-old.scope\n"
                              "SERVICE=systemd-nspawn\nROOT=/var/lib/machines/old\n"
                              "ID=0123456789abcdef0123456789abcdef\nLEADER=17\nCLASS=container\n"
                              "REALTIME=1\nMONOTONIC=2\nNETIF=\" 3 4\"\n"));
        CHECK_OK(state_load(&f.d, "old", &back, &runs));
        CHECK(runs);
        CHECK(!back.owns_scope);
        CHECK(back.n_ifindices == 2 && back.ifindices[0] == 3);
        machine_info_done(&back);
}

TEST(machined_258_s_keys_are_taken_over) {
        _cleanup_(fixture_done) Fixture f;
        MachineInfo back = {};
        bool runs;

        fixture_init(&f);
        CHECK_OK(file_replace(f.d.machined_fd, "new", 0644,
                              "# This is private data. Do not parse.\nNAME=new\nUID=1000\n"
                              "SCOPE=new.scope\nSUBGROUP=payload\nSERVICE=systemd-nspawn\nLEADER=17\n"
                              "LEADER_PIDFDID=4711\nSUPERVISOR=16\nSUPERVISOR_PIDFDID=4710\nCLASS=vm\n"
                              "REALTIME=1\nMONOTONIC=2\nVSOCK_CID=4294967295\nSSH_ADDRESS=vsock/7\n"
                              "CONTROL_ADDRESS=/run/x\n"));
        CHECK_OK(state_load(&f.d, "new", &back, &runs));
        CHECK(runs);
        CHECK(back.uid == 1000);
        CHECK_STREQ(back.subgroup, "payload");
        CHECK(back.leader_identity.pidfd_id == 4711);
        CHECK(back.supervisor == 16 && back.supervisor_identity.pidfd_id == 4710);
        CHECK(back.vsock_cid == 0);
        CHECK_STREQ(back.ssh_address, "vsock/7");
        CHECK_STREQ(back.ssh_private_key_path, NULL);
        CHECK_STREQ(back.control_address, "/run/x");
        machine_info_done(&back);
}

static bool has_link(Fixture *f, const char *name) {
        char target[64];

        return readlinkat(f->d.machined_fd, name, target, sizeof(target)) >= 0;
}

TEST(a_unit_s_link_tells_of_units_that_are_a_machine_s) {
        _cleanup_(fixture_done) Fixture f;
        MachineInfo info = make_info();

        fixture_init(&f);
        info.owns_scope = false;
        CHECK_OK(state_save_machined(&f.d, &info)); /* another user's, in a unit that was there */
        CHECK(!has_link(&f, "unit:machine-web.scope"));

        info.uid = 0;
        free(info.cgroup);
        info.cgroup = strdup("/user.slice/user-0.slice/user@0.service");
        CHECK_OK(state_save_machined(&f.d, &info)); /* a part of a user's service manager */
        CHECK(!has_link(&f, "unit:machine-web.scope"));

        free(info.cgroup);
        info.cgroup = strdup("/machine.slice/systemd-nspawn@web.service");
        CHECK_OK(state_save_machined(&f.d, &info));
        CHECK(has_link(&f, "unit:machine-web.scope"));
        machine_info_done(&info);
}

TEST(files_that_make_no_sense_are_refused) {
        static const char *const texts[] = {
                "", "garbage", "LEADER=17\n", "LEADER=-1\nCLASS=container\n", "LEADER=0\nCLASS=container\n",
                "LEADER=17\nCLASS=host\n", "LEADER=17\nCLASS=container\nID=xyz\n",
                        "LEADER=99999999999\nCLASS=vm\n",
                "LEADER=17\nCLASS=vm\nUID=root\n", "LEADER=17\nCLASS=vm\nUID=4294967295\n",
                "LEADER=17\nCLASS=vm\nSUBGROUP=../x.service\n", "LEADER=17\nCLASS=vm\nSUBGROUP=/a\n",
                "LEADER=17\nCLASS=vm\nSUBGROUP=a//b\n",
        };
        _cleanup_(fixture_done) Fixture f;
        MachineInfo back = {};
        bool runs;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                CHECK_OK(file_replace(f.d.machined_fd, "web", 0644, texts[i]));
                CHECK_ERR(state_load(&f.d, "web", &back, &runs), EBADMSG);
                CHECK(!back.name);
        }

        CHECK_OK(unlinkat(f.d.machined_fd, "web", 0));
        CHECK_OK(mkfifoat(f.d.machined_fd, "web", 0600));
        CHECK_ERR(state_load(&f.d, "web", &back, &runs), EBADF);
        CHECK_OK(unlinkat(f.d.machined_fd, "web", 0));
        CHECK_OK(symlinkat("/etc/passwd", f.d.machined_fd, "web"));
        CHECK_ERR(state_load(&f.d, "web", &back, &runs), ENOENT);
}

TEST(only_names_of_machines_are_listed_each_once) {
        _cleanup_(fixture_done) Fixture f;
        _cleanup_(strv_freep) char **names = NULL;

        fixture_init(&f);
        CHECK_OK(file_replace(f.d.machined_fd, "web", 0644, "x"));
        CHECK_OK(file_replace(f.d.machined_fd, "not_a_name", 0644, "x"));
        CHECK_OK(symlinkat("web", f.d.machined_fd, "unit:web.scope"));
        CHECK_OK(file_replace(f.d.own_fd, "web", 0600, "x"));
        CHECK_OK(file_replace(f.d.own_fd, "db", 0600, "x"));

        CHECK_OK(state_list(&f.d, &names));
        CHECK(strv_length(names) == 2);
        CHECK_STREQ(names[0], "db");
        CHECK_STREQ(names[1], "web");
}

static bool is_refused(CreateRequest q) {
        const char *text = NULL;

        return create_request_check(&q, &text) == -EINVAL && text;
}

TEST(requests_are_checked) {
        CreateRequest good = { .name = (char *) "web", .class = (char *) "vm", .leader = 2 }, q;
        const char *text = NULL;
        int ifindices[IFINDICES_MAX + 1] = { 1, 0 };

        CHECK_OK(create_request_check(&good, &text));
        q = good, q.name = (char *) "a_b";
        CHECK(is_refused(q));
        q = good, q.class = (char *) "host";
        CHECK(is_refused(q));
        q = good, q.leader = 1;
        CHECK(is_refused(q));
        q = good, q.leader = -1;
        CHECK(is_refused(q));
        q = good, q.root_directory = (char *) "x";
        CHECK(is_refused(q));
        q = good, q.root_directory = (char *) "/x\ny";
        CHECK(is_refused(q));
        q = good, q.service = (char *) "\x1b[2J";
        CHECK(is_refused(q));
        q = good, q.ifindices = ifindices, q.n_ifindices = 2;
        CHECK(is_refused(q));
        for (size_t i = 0; i < ELEMENTSOF(ifindices); i++)
                ifindices[i] = 1;
        q.n_ifindices = IFINDICES_MAX;
        CHECK_OK(create_request_check(&q, &text));
        q.n_ifindices = IFINDICES_MAX + 1;
        CHECK(is_refused(q));
        q = good, q.class = NULL;
        CHECK(is_refused(q));
        q = good, q.vsock_cid = 2;
        CHECK(is_refused(q));
        q = good, q.ssh_address = (char *) "-oProxyCommand=x";
        CHECK(is_refused(q));
        q = good, q.ssh_private_key_path = (char *) "key";
        CHECK(is_refused(q));
        q = good, q.control_address = (char *) "unix:\n";
        CHECK(is_refused(q));
}

TEST(a_context_id_is_none_or_a_machine_s) {
        uint32_t cid = 7;

        CHECK_ERR(vsock_cid_from_client(0, &cid), EINVAL);
        CHECK_ERR(vsock_cid_from_client(2, &cid), EINVAL);
        CHECK(cid == 7);
        CHECK_OK(vsock_cid_from_client(3, &cid));
        CHECK(cid == 3);
        CHECK_OK(vsock_cid_from_client(MACHINE_VSOCK_NONE, &cid));
        CHECK(cid == 0);
}

TEST_MAIN()
