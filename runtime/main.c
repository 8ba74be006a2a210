/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth-runtime: what berth-run executes. It makes a container, and stays with it until it ends. */

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/kernel/sealed.h"
#include "lib/spec/args.h"
#include "runtime/cleanup.h"
#include "runtime/late.h"
#include "runtime/run.h"
#include "runtime/start.h"

/* What of a settings file counts for nothing. */
static void tell_warnings(const Spec *spec) {
        for (char **w = spec->warnings; w && *w; w++)
                (void) log_warning(0, "%s", *w);
}

static int explain(const Spec *spec) {
        static const char *const titles[_STAGE_MAX] = {
                [STAGE_HOST] = "On the host, before there is a leader",
                [STAGE_OUTER] = "In the leader, the mount tree",
                [STAGE_OWN] = "In the leader, what shows its own namespaces",
                [STAGE_LEADER] = "On the host meanwhile, for the leader",
                [STAGE_INNER] = "In the leader, until it is the payload",
        };
        Run run;

        if (spec->cleanup) {
                (void) printf("# Removes what runs of %s have left\n", spec->machine);
                return EXIT_SUCCESS;
        }

        run_init(&run, spec);
        if (spec->settings_path)
                (void) printf("# With %s%s\n", spec->settings_path,
                              spec->settings_trusted ? "" : ", which is not trusted");
        for (Stage stage = 0; stage < _STAGE_MAX; stage++) {
                Steps steps;

                run_steps_init(&run, &steps, stage);
                (void) printf("# %s\n", titles[stage]);
                steps_explain(&steps, stdout);
        }

        run_done(&run);
        return EXIT_SUCCESS;
}

/* So that none is lost that the supervisor will take. */
static int block_signals(void) {
        const int signals[] = LATE_SIGNALS;
        sigset_t set;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaddset(&set, signals[i]);

        (void) signal(SIGPIPE, SIG_IGN);
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

/* Returns an exit status, or LATE_REBOOT. */
static int run_once(const Spec *spec, bool is_reboot, UidRange *range, TreeLock *lock, int *program_fd) {
        Start start;
        Run run;
        int r;

        run_init(&run, spec);
        run.is_reboot = is_reboot;
        run.range = range;
        run.lock = lock;
        run.program_fd = TAKE_FD(*program_fd);
        r = start_run(&run, &start);
        if (r >= 0) {
                r = run.late->supervise(&run);
                if (r < 0)
                        (void) log_error(r, "Cannot supervise '%s'", spec->machine);
                run.will_reboot = r == LATE_REBOOT && !spec->keep_unit;

                /* First, for who waits for nothing but the machine's end to run another one. */
                if (!run.will_reboot)
                        tree_lock_release(lock);
                start_undo(&start);
        }

        run_done(&run);
        return r < 0 ? EXIT_FAILURE : r;
}

static int run_until_off(const Spec *spec, int program_fd) {
        _cleanup_(uid_range_release) UidRange range = UID_RANGE_NONE;
        _cleanup_(tree_lock_release) TreeLock lock = TREE_LOCK_NONE;
        int r;

        r = block_signals();
        if (r < 0) {
                (void) log_error(r, "Cannot wait for signals");
                return EXIT_FAILURE;
        }

        for (bool is_reboot = false;; is_reboot = true) {
                r = run_once(spec, is_reboot, &range, &lock, &program_fd);
                if (r != LATE_REBOOT)
                        return r;
                if (spec->keep_unit)
                        return LATE_STATUS_REBOOT;

                if (!spec->quiet)
                        (void) log_info("Machine '%s' reboots", spec->machine);
        }
}

/* Then our program's file is its own, once it has got hold of it. */
static bool guest_is_host_s_root(const Spec *spec) {
        bool others = spec->private_users == USERS_PICK || spec->private_users == USERS_MANAGED ||
                      (spec->private_users == USERS_CHOSEN && spec->users_base > 0);

        return !others || spec->users_optional;
}

/* Its name is that of a descriptor, or of a file that nobody starts by hand. */
static int take_name(void) {
        return prctl(PR_SET_NAME, "berth-run") < 0 ? -errno : 0;
}

static int clean_up(const Spec *spec) {
        int r;

        r = cleanup_run(spec);
        if (r < 0) {
                (void) log_error(r, "Cannot remove what was left of '%s'", spec->machine);
                return EXIT_FAILURE;
        }

        if (!spec->quiet)
                (void) log_info("Directories removed that were left of '%s': %i", spec->machine, r);
        return EXIT_SUCCESS;
}

static int run_outcome(const Spec *spec, ArgsOutcome outcome, char *const *argv, int program_fd) {
        int r;

        switch (outcome) {
        case ARGS_HELP:
                args_help(stdout);
                return EXIT_SUCCESS;

        case ARGS_VERSION:
                (void) printf("berth-run %s%s\n", BERTH_VERSION,
                              fault_points_exist ? ", with fault points" : "");
                return EXIT_SUCCESS;

        case ARGS_LIST:
                args_list(spec, stdout);
                return EXIT_SUCCESS;

        default:
                if (spec->explain) {
                        tell_warnings(spec);
                        return explain(spec);
                }
        }

        if (geteuid() != 0) {
                (void) log_error(0, "berth-run needs to be root");
                return EXIT_FAILURE;
        }
        if (spec->cleanup)
                return clean_up(spec);

        /* A guest that is changed while it starts may have us execute ourselves in it (CVE-2019-5736).
         * berth-run, which launches us, has seen to it: then there is nothing left to do. */
        r = guest_is_host_s_root(spec) ? sealed_exec_read_only(argv) : 0;
        if (r >= 0)
                r = take_name();
        if (r < 0) {
                (void) log_error(r, "Cannot protect berth-run from its guest");
                return EXIT_FAILURE;
        }

        tell_warnings(spec);
        return run_until_off(spec, program_fd);
}

int main(int argc, char *argv[]) {
        ArgsOutcome outcome;
        char *text = NULL;
        Spec spec;
        int r, program_fd = sealed_program();

        log_setup();
        spec_init(&spec);

        r = args_parse(argc, argv, &spec, &outcome, &text);
        if (r < 0) {
                (void) log_error(text ? 0 : r, "%s", text ?: "Cannot read the command line");
                free(text);
                spec_done(&spec);
                return EXIT_FAILURE;
        }

        r = run_outcome(&spec, outcome, argv, program_fd);
        spec_done(&spec);
        return r;
}
