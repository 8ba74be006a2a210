/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/signals.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/base/tree.h"
#include "lib/spec/args.h"
#include "lib/spec/capability.h"
#include "lib/spec/clocks.h"
#include "lib/spec/image.h"
#include "lib/spec/property.h"
#include "lib/spec/setters.h"
#include "lib/spec/users.h"
#include "tests/test.h"

/* What comes of a command line; the strings are split at blanks. */
static int parse(const char *line, Spec *spec) {
        _cleanup_(strv_freep) char **argv = NULL;
        _cleanup_free_ char *text = NULL;
        ArgsOutcome outcome;
        int r;

        CHECK_OK(strv_split(line, " ", &argv));
        spec_init(spec);

        r = args_parse((int) strv_length(argv), argv, spec, &outcome, &text);
        if (r < 0) {
                CHECK(text && *text);
                spec_done(spec);
                return r;
        }

        return (int) outcome;
}

static void check_refused(const char *line) {
        Spec spec;

        CHECK_ERR(parse(line, &spec), EINVAL);
}

TEST(options_end_where_the_command_begins) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web ls -b --quiet", &spec));
        CHECK(spec.mode == START_COMMAND);
        CHECK(!spec.quiet);
        CHECK(strv_length(spec.command) == 3);
        CHECK_STREQ(spec.command[1], "-b");
}

TEST(two_dashes_end_options_too) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web -- --quiet", &spec));
        CHECK(!spec.quiet);
        CHECK_STREQ(spec.command[0], "--quiet");
}

TEST(letters_can_be_run_together) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -bqMweb", &spec));
        CHECK(spec.mode == START_BOOT);
        CHECK(spec.quiet);
        CHECK_STREQ(spec.machine, "web");
}

TEST(values_follow_or_are_attached) {
        _cleanup_(spec_done) Spec one, two;

        CHECK_OK(parse("berth-run --machine web --kill-signal RTMIN+3", &one));
        CHECK_OK(parse("berth-run --machine=web --kill-signal=SIGRTMIN+3", &two));
        CHECK_STREQ(one.machine, two.machine);
        CHECK(one.kill_signal == SIGRTMIN + 3);
        CHECK(two.kill_signal == SIGRTMIN + 3);
}

TEST(the_last_scalar_wins_and_lists_grow) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M one -M two -E A=1 -E B=2 --bind=/a --bind-ro=/b:/c", &spec));
        CHECK_STREQ(spec.machine, "two");
        CHECK(strv_length(spec.environment) == 2);
        CHECK(spec.n_mounts == 2);
        CHECK_STREQ(spec.mounts[0].target, "/a");
        CHECK_STREQ(spec.mounts[1].target, "/c");
        CHECK(spec.mounts[1].read_only);
        CHECK(spec.mounts[1].recursive);
}

TEST(a_backslash_keeps_a_colon) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web --bind=/a\\:b\\\\c:/d:norbind", &spec));
        CHECK_STREQ(spec.mounts[0].source, "/a:b\\c");
        CHECK_STREQ(spec.mounts[0].target, "/d");
        CHECK(!spec.mounts[0].recursive);
}

/* What is mounted over a place is not looked after there: so nothing else may count for that. */
TEST(a_mount_is_over_its_own_place_only) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web --bind=/a:/proc//acpi/ --tmpfs=/proc/sys/fs", &spec));
        CHECK(spec_mounts_over(&spec, "/proc/acpi"));
        CHECK(spec_mounts_over(&spec, "/proc/sys/fs/"));
        CHECK(!spec_mounts_over(&spec, "/proc/acpi/x"));
        CHECK(!spec_mounts_over(&spec, "/proc/sys"));
        CHECK(!spec_mounts_over(&spec, "/proc"));
        CHECK(!spec_mounts_over(&spec, "/proc/acp"));
        CHECK(!spec_mounts_over(&spec, "/proc/sys/f"));
        CHECK(!spec_mounts_over(&spec, "/proc/sys/fz"));
        CHECK(!spec_mounts_over(&spec, "/"));
}

TEST(where_yes_is_a_word_any_truth_is) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web --register=on --settings=false --volatile", &spec));
        CHECK(spec.registration == REGISTER_YES);
        CHECK(spec.settings == SETTINGS_NO);
        CHECK(spec.volatile_mode == VOLATILE_YES);

        check_refused("berth-run -M web --timezone=on");
        check_refused("berth-run -M web --register=");
}

TEST(a_journal_s_place_may_be_relative) {
        _cleanup_free_ char *here = getcwd(NULL, 0), *wanted = NULL;
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(text_printf(&wanted, "%s/a/b", here));
        CHECK_OK(parse("berth-run -M web --forward-journal=a/b", &spec));
        CHECK_STREQ(spec.forward_journal, wanted);
}

TEST(names_follow_from_the_directory) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -D /nowhere/web_1.raw", &spec));
        CHECK_STREQ(spec.machine, "web1");
        CHECK_STREQ(spec.hostname, "web1");
}

TEST(a_link_of_its_own_is_a_network_of_its_own) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web -n", &spec));
        CHECK(spec.private_network);
        CHECK(spec_capabilities(&spec) & CAPABILITY_BIT(CAP_NET_ADMIN));
}

TEST(what_is_not_offered_yet_is_unknown) {
        check_refused("berth-run -M web --image=x.raw");
        check_refused("berth-run -M web --private-users=managed");
        check_refused("berth-run -M web --network-bridge=br0");
        check_refused("berth-run -M web --=x");
}

TEST(values_that_mean_nothing_are_refused) {
        static const char *const wrong[] = {
                "--bind=/a:/b:rbind:x", "--tmpfs=a", "--overlay=/a:/b:c", "--pivot-root=/",
                "--slice=web.scope", "--slice=/x.slice", "--uid=", "--chdir=/a\033b",
                "--property=Description=a\033", "--forward-journal=", "--forward-journal=/a\033b",
                "--system-call-filter=", "--system-call-filter=~", "-U --bind-user=nobody",
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                _cleanup_free_ char *line = NULL;

                CHECK_OK(text_printf(&line, "berth-run -M web %s", wrong[i]));
                check_refused(line);
        }
}

TEST(users_that_are_shown_are_in_so_many_groups_at_most) {
        _cleanup_(spec_done) Spec spec;
        char name[16];

        spec_init(&spec);
        for (unsigned i = 0; i <= BIND_GROUPS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "g%u", i % BIND_GROUPS_MAX);
                CHECK_OK(set_bind_user_group(&spec, name)); /* the last one is there */
        }
        CHECK(strv_length(spec.bind_groups) == BIND_GROUPS_MAX);
        CHECK_ERR(set_bind_user_group(&spec, "more"), E2BIG);
}

/* What the environment says counts beside a settings file as well, and both may be warned of. */
TEST(settings_files_leave_the_environment_its_say) {
        char directory[] = "/tmp/test-spec-XXXXXX";
        _cleanup_free_ char *line = NULL, *settings = NULL;
        _cleanup_(spec_done) Spec spec;
        int r;

        CHECK(mkdtemp(directory));
        CHECK_OK(text_printf(&settings, "%s/test-spec-tree.nspawn", directory));
        CHECK_OK(file_replace(AT_FDCWD, settings, 0600, "[Exec]\nHostname=other\nCapability=all\n"));
        CHECK_OK(text_printf(&line, "berth-run -D %s/test-spec-tree", directory));
        CHECK_OK(setenv("SYSTEMD_SUPPRESS_SYNC", "1", true));
        CHECK_OK(setenv("SYSTEMD_NSPAWN_NETWORK_MAC", "0", true));

        r = parse(line, &spec);
        CHECK_OK(unsetenv("SYSTEMD_SUPPRESS_SYNC"));
        CHECK_OK(unsetenv("SYSTEMD_NSPAWN_NETWORK_MAC"));
        CHECK_OK(tree_remove(directory));

        CHECK_OK(r);
        CHECK_STREQ(spec.hostname, "other");
        CHECK(spec.suppress_sync);
        CHECK(strv_length(spec.warnings) == 2);
        CHECK(strstr(spec.warnings[0], "SYSTEMD_NSPAWN_NETWORK_MAC"));
        CHECK(strstr(spec.warnings[1], "Capability"));
}

TEST(trees_are_locked_unless_the_environment_says_no) {
        _cleanup_(spec_done) Spec spec, unlocked;

        CHECK_OK(parse("berth-run -M web", &spec));
        CHECK(!spec.unlocked);

        CHECK_OK(setenv("SYSTEMD_NSPAWN_LOCK", "0", true));
        CHECK_OK(parse("berth-run -M web", &unlocked));
        CHECK(unlocked.unlocked);
        CHECK_OK(setenv("SYSTEMD_NSPAWN_LOCK", "perhaps", true));
        check_refused("berth-run -M web");
        CHECK_OK(unsetenv("SYSTEMD_NSPAWN_LOCK"));
}

/* As many as anybody wants, of which none has to be named. */
TEST(ephemeral_machines_of_one_tree_have_names_of_their_own) {
        _cleanup_(spec_done) Spec one, two, named, stays, cleanup;

        CHECK_OK(parse("berth-run -x -D /srv/web", &one));
        CHECK_OK(parse("berth-run -x -D /srv/web", &two));
        CHECK(strlen(one.machine) == strlen("web-0123456789abcdef"));
        CHECK(startswith(one.machine, "web-"));
        CHECK(!streq(one.machine, two.machine));
        CHECK_STREQ(one.hostname, one.machine);

        CHECK_OK(parse("berth-run -x -D /srv/web -M one", &named));
        CHECK_STREQ(named.machine, "one");
        CHECK_OK(parse("berth-run -D /srv/web", &stays));
        CHECK_STREQ(stays.machine, "web");
        CHECK_OK(parse("berth-run --cleanup -x -D /srv/web", &cleanup));
        CHECK_STREQ(cleanup.machine, "web");
}

TEST(names_leave_room_for_what_tells_them_apart) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -x --hostname=web -D /srv/"
                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbb", &spec));
        CHECK(strlen(spec.machine) == 64);
        CHECK(machine_name_is_valid(spec.machine));
        CHECK_STREQ(spec.hostname, "web");
}

TEST(the_host_s_tree_has_the_host_s_name_and_stays_as_it_is) {
        _cleanup_(spec_done) Spec spec, memory;
        char host[65] = "";

        CHECK_OK(gethostname(host, sizeof(host) - 1));
        CHECK_OK(parse("berth-run -xbD/", &spec));
        CHECK(spec_is_of_host(&spec));
        CHECK(spec.mode == START_BOOT);
        CHECK(strncmp(spec.machine, host, MIN(strlen(host), (size_t) 47)) == 0);
        CHECK_OK(parse("berth-run --volatile -D /", &memory));
        CHECK(spec_is_of_host(&memory));

        check_refused("berth-run -D /");
        check_refused("berth-run -D / --read-only");
        check_refused("berth-run -D / --volatile=no");
}

TEST(trees_that_are_only_read_are_shared) {
        static const char *const lines[] = {
                "berth-run -M web --read-only", "berth-run -M web -x", "berth-run -M web --volatile=overlay",
                "berth-run -M web --volatile=state", "berth-run -M web --volatile",
        };

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_(spec_done) Spec spec;

                CHECK_OK(parse(lines[i], &spec));
                CHECK(spec_shares_tree(&spec));
        }
}

TEST(the_name_of_a_manager_is_short) {
        _cleanup_(spec_done) Spec spec;
        char name[66];

        memset(name, 'a', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        CHECK_OK(setenv("SYSTEMD_NSPAWN_CONTAINER_SERVICE", name, true));
        check_refused("berth-run -M web");

        name[sizeof(name) - 2] = '\0';
        CHECK_OK(setenv("SYSTEMD_NSPAWN_CONTAINER_SERVICE", name, true));
        CHECK_OK(parse("berth-run -M web", &spec));
        CHECK_STREQ(spec.manager, name);
        CHECK_OK(unsetenv("SYSTEMD_NSPAWN_CONTAINER_SERVICE"));
}

TEST(variables_for_init_are_variables) {
        _cleanup_(spec_done) Spec spec;

        CHECK_OK(parse("berth-run -M web -b a-b=c=d e.f=g 1h=i =j single", &spec));
        CHECK(strv_length(spec.environment) == 1);
        CHECK_STREQ(spec.environment[0], "a_b=c=d");
        CHECK(strv_length(spec.command) == 4);
        CHECK_STREQ(spec.command[0], "e.f=g");
        CHECK_STREQ(spec.command[3], "single");

        spec_done(&spec);
        CHECK_OK(parse("berth-run -M web env a=b", &spec));
        CHECK(!spec.environment);
}

TEST(help_needs_nothing_else) {
        _cleanup_(spec_done) Spec spec;

        CHECK(parse("berth-run --help --machine=not_valid", &spec) == ARGS_HELP);
        spec_done(&spec);
        CHECK(parse("berth-run --version", &spec) == ARGS_VERSION);
}

TEST(every_option_says_what_it_does) {
        for (size_t i = 0; i < n_options; i++) {
                CHECK(!isempty(option_table[i].text));
                if (option_table[i].value != OPTION_NO_VALUE)
                        CHECK(!isempty(option_table[i].metavar));
        }
}

TEST(the_kill_signal_suits_the_payload) {
        Spec spec;

        spec_init(&spec);
        CHECK(spec_kill_signal(&spec) == SIGKILL);
        spec.mode = START_BOOT;
        CHECK(spec_kill_signal(&spec) == SIGRTMIN + 3);
        spec.kill_signal = SIGTERM;
        CHECK(spec_kill_signal(&spec) == SIGTERM);
}

TEST(capabilities_are_read_whole) {
        uint64_t bits;

        CHECK_OK(capabilities_parse("CAP_CHOWN,cap_bpf", &bits));
        CHECK(bits == (CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_BPF)));
        CHECK_OK(capabilities_parse("all", &bits));
        CHECK(bits == UINT64_MAX);
        CHECK_ERR(capabilities_parse("", &bits), EINVAL);
        CHECK_ERR(capabilities_parse(",", &bits), EINVAL);
        CHECK_ERR(capabilities_parse("chown", &bits), EINVAL);
        CHECK_ERR(capabilities_parse("cap_chown ", &bits), EINVAL);
        CHECK_ERR(capabilities_parse("cap_chown,all", &bits), EINVAL);
}

TEST(properties_have_their_types) {
        SpecProperty p;

        CHECK_OK(spec_property_parse("MemoryMax=1K", &p));
        CHECK(p.type == SPEC_NUMBER && p.number == 1024);
        CHECK_OK(spec_property_parse("TasksMax=infinity", &p));
        CHECK(p.number == UINT64_MAX);
        CHECK_OK(spec_property_parse("CPUQuota=150%", &p));
        CHECK_STREQ(p.name, "CPUQuotaPerSecUSec");
        CHECK(p.number == 1500000);
        CHECK_OK(spec_property_parse("Description=a=b c", &p));
        CHECK(p.type == SPEC_TEXT);
        CHECK_STREQ(p.text, "a=b c");

        CHECK_OK(spec_property_parse("AllowedCPUs=0-2,9 5", &p));
        CHECK(p.type == SPEC_SET && p.n_set == 2 && p.set[0] == 0x27 && p.set[1] == 2);
        CHECK_OK(spec_property_parse("IOReadBandwidthMax=/dev/sda 2M", &p));
        CHECK(p.type == SPEC_DEVICE && p.number == 2000000);
        CHECK_STREQ(p.device, "/dev/sda");
        CHECK_OK(spec_property_parse("IODeviceLatencyTargetSec=/dev/sda 25ms", &p));
        CHECK_STREQ(p.name, "IODeviceLatencyTargetUSec");
        CHECK(p.number == 25000);

        CHECK_ERR(spec_property_parse("CPUWeight=0", &p), EINVAL);
        CHECK_ERR(spec_property_parse("AllowedCPUs=3-1", &p), EINVAL);
        CHECK_ERR(spec_property_parse("AllowedCPUs=1024", &p), ERANGE);
        CHECK_ERR(spec_property_parse("IOReadBandwidthMax=/dev/sda", &p), EINVAL);
        CHECK_ERR(spec_property_parse("IOReadBandwidthMax=sda 1", &p), EINVAL);
        CHECK_ERR(spec_property_parse("IOReadBandwidthMax=/dev/sda 1X", &p), EINVAL);
        CHECK_ERR(spec_property_parse("IODeviceLatencyTargetSec=/dev/sda ms", &p), EINVAL);
        CHECK_ERR(spec_property_parse("CPUWeight=10001", &p), ERANGE);
        CHECK_ERR(spec_property_parse("CPUQuota=50", &p), EINVAL);
        CHECK_ERR(spec_property_parse("MemoryMax", &p), EINVAL);
        CHECK_ERR(spec_property_parse("Memory=1", &p), EOPNOTSUPP);
        CHECK_ERR(spec_property_parse("MemoryMaxx=1", &p), EOPNOTSUPP);
}

TEST(properties_know_shares_and_defaults) {
        uint64_t all;
        SpecProperty p;

        CHECK_OK(spec_property_parse("MemoryMax=100%", &p));
        all = p.number;
        CHECK(all == (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE));
        CHECK_OK(spec_property_parse("MemoryMax=12.5%", &p));
        CHECK(p.number <= all / 8 && p.number + 1 >= all / 8);
        CHECK_OK(spec_property_parse("TasksMax=50%", &p));
        CHECK(p.number > 0 && p.number < UINT32_MAX);
        CHECK_OK(spec_property_parse("CPUQuota=12.5%", &p));
        CHECK(p.number == 125000);
        CHECK_OK(spec_property_parse("CPUQuota=", &p));
        CHECK(p.number == UINT64_MAX);
        CHECK_OK(spec_property_parse("MemoryHigh=", &p));
        CHECK(p.number == UINT64_MAX);
        CHECK_OK(spec_property_parse("AllowedCPUs=", &p));
        CHECK(p.n_set == 0);
        CHECK_OK(spec_property_parse("IODeviceWeight=", &p));
        CHECK_STREQ(p.device, "");

        CHECK_ERR(spec_property_parse("MemoryMax=101%", &p), ERANGE);
        CHECK_ERR(spec_property_parse("MemoryMax=%", &p), EINVAL);
        CHECK_ERR(spec_property_parse("CPUQuota=0%", &p), EINVAL);
        CHECK_ERR(spec_property_parse("CPUQuota=infinity", &p), EINVAL);
}

TEST(users_are_a_mode_or_a_range) {
        Spec spec;

        CHECK_OK(parse("berth-run -M web --private-users=200000", &spec));
        CHECK(spec.private_users == USERS_CHOSEN);
        CHECK(spec.users_base == 200000 && spec.users_count == 65536);
        CHECK(spec_ownership(&spec) == OWNERSHIP_OFF);
        spec_done(&spec);

        CHECK_OK(parse("berth-run -M web -U", &spec));
        CHECK(spec.private_users == USERS_PICK && spec.users_optional);
        CHECK(spec_ownership(&spec) == OWNERSHIP_AUTO);
        spec_done(&spec);

        CHECK_OK(parse("berth-run -M web -U --private-users", &spec));
        CHECK(spec.private_users == USERS_OF_TREE && !spec.users_optional);
        spec_done(&spec);

        CHECK_OK(parse("berth-run -M web --private-users=no", &spec));
        CHECK(spec.private_users == USERS_OF_HOST);
        spec_done(&spec);
}

TEST(users_that_are_lent_go_with_a_network) {
        Spec spec;

        CHECK_OK(parse("berth-run -M web --private-users=managed -n --private-users-delegate=16", &spec));
        CHECK(spec.private_users == USERS_MANAGED && spec.users_delegated == 16);
        CHECK(spec_ownership(&spec) == OWNERSHIP_AUTO);
        spec_done(&spec);

        check_refused("berth-run -M web --private-users=managed -n --private-users-delegate=17");
        check_refused("berth-run -M web --private-users=managed -n --private-users-delegate=");
        check_refused("berth-run -M web --private-users=pick -n --private-users-delegate=1");
        check_refused("berth-run -M web --private-users=managed -n --private-users-ownership=chown");
}

TEST(no_range_has_the_host_s_root_or_what_is_no_user) {
        static const char *const wrong[] = {
                "0:65536", "00:1", "1:0", "4294967295:1", "4294967294:2", "1:4294967295", "65536:", ":65536",
                "65536:x", "-1", "+65536", " 65536", "pick:1",
        };
        Spec spec;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                spec_init(&spec);
                CHECK_ERR(spec_set_private_users(&spec, wrong[i]), EINVAL);
                spec_done(&spec);
        }
}

TEST(clocks_run_ahead_or_behind) {
        static const char *const wrong[] = {
                "", "x", "monotonic", "monotonic:", "realtime:1", ":1", "1.", ".5", "1.0000000001", "--1",
                "+-1", "1e3", "monotonic:1:2", "monotoni:1", "1 ",
        };
        Spec spec;

        CHECK_OK(parse("berth-run -M web --time-offset=-1.25 --time-offset=boottime:+86400.5", &spec));
        CHECK(spec.time_offsets[SPEC_CLOCK_MONOTONIC].sec == -2);
        CHECK(spec.time_offsets[SPEC_CLOCK_MONOTONIC].nsec == 750000000);
        CHECK(spec.time_offsets[SPEC_CLOCK_BOOTTIME].sec == 86400);
        CHECK(spec.time_offsets[SPEC_CLOCK_BOOTTIME].nsec == 500000000);
        spec_done(&spec);

        spec_init(&spec);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                CHECK_ERR(spec_set_time_offset(&spec, wrong[i]), EINVAL);
        CHECK_ERR(spec_set_time_offset(&spec, "99999999999999999999"), ERANGE);
        CHECK(!spec.time_offsets[SPEC_CLOCK_MONOTONIC].set);
        spec_done(&spec);
}

TEST(signals_have_names) {
        char name[SIGNAL_STRING_MAX];

        CHECK(signal_from_string("SIGTERM") == SIGTERM);
        CHECK(signal_from_string("KILL") == SIGKILL);
        CHECK(signal_from_string("15") == 15);
        CHECK(signal_from_string("SIGRTMIN") == SIGRTMIN);
        CHECK(signal_from_string("RTMAX-1") == SIGRTMAX - 1);
        CHECK_ERR(signal_from_string("0"), EINVAL);
        CHECK_ERR(signal_from_string("65"), EINVAL);
        CHECK_ERR(signal_from_string("SIGRTMIN+31"), EINVAL);
        CHECK_ERR(signal_from_string("SIGRTMIN-1"), EINVAL);
        CHECK_ERR(signal_from_string("SIG"), EINVAL);
        CHECK_ERR(signal_from_string("term"), EINVAL);
        CHECK_STREQ(signal_to_string(SIGRTMIN + 3, name), "SIGRTMIN+3");
        CHECK_STREQ(signal_to_string(SIGHUP, name), "SIGHUP");
}

TEST(machines_without_a_directory_are_not_found) {
        _cleanup_free_ char *path = NULL;

        CHECK_ERR(image_find("berth-test-that-nobody-has", &path), E_NO_SUCH_IMAGE);
        CHECK(!path);
}

TEST_MAIN()
