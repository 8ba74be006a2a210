/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "runtime/run.h"
#include "runtime/steps/steps.h"

/* The order is the design. A step may rely on those above it, and on nothing
 * else; the leader's stages begin when STAGE_HOST is done, and STAGE_OUTER and
 * STAGE_OWN run beside STAGE_LEADER, but for machines that are registered, whom
 * nobody may find before they are in their own tree, and those with users of
 * their own, where there is a leader only after STAGE_OUTER. */
const Step *const step_table[] = {
        /* STAGE_HOST: what must be known, or be there, before the leader is */
        &step_template,         /* there may be no tree before */
        &step_root,             /* all below look into it */
        &step_lock,             /* whoever else has it must not come in between */
        &step_changes,
        &step_network,
        &step_users,            /* whose files are they? */
        &step_system,
        &step_identity,
        &step_user,
        &step_stub_init,
        &step_credentials,
        &step_label_modules,
        &step_filter,
        &step_reference,
        &step_clocks,
        &step_bind_users,       /* as the sources */
        &step_sources,          /* of the bind mounts, while nothing lies over the host's tree */
        &step_registrar,        /* who is not registered has a control group of our making */
        &step_cgroup,           /* late, so that what fails above leaves none */
        &step_place,            /* after it: who runs already is told so by that */
        &step_export,
        &step_forward_journal,

        /* STAGE_OUTER: the mount tree */
        &step_join_network,     /* before what shows it */
        &step_layers,           /* with all rights of the host's root */
        &step_owner,            /* before anything is made */
        &step_machine_id,       /* while it can be written to */
        &step_tree,             /* the root directory becomes a mount; all below attach to it */
        &step_volatile,
        &step_old_root,
        &step_localtime,
        &step_resolv_conf,
        &step_journal,
        &step_run,
        &step_run_host,         /* has the inodes that /proc is masked with */
        &step_mount_credentials,
        &step_show_users,
        &step_show_export,
        &step_show_lenders,
        &step_show_journal,
        &step_notify,
        &step_dev,
        &step_console,          /* in the devpts of dev */
        &step_ttys,             /* and these, which have higher numbers */
        &step_sys,
        &step_tmp,
        &step_mounts,           /* after all others: they may go over any of them */
        &step_limits_early,     /* raising one takes a privilege of the host */
        &step_seal_early,

        /* STAGE_OWN: what shows, or is, of the leader's own namespaces */
        &step_tree_copy,        /* all below attach to it */
        &step_mqueue,
        &step_proc,
        &step_sys_parts,
        &step_mounts_over,      /* those of the mounts that go over these */
        &step_nesting,
        &step_hostname,
        &step_loopback,
        &step_pivot,            /* who joins the leader from now on is in the tree */

        /* STAGE_LEADER: what needs the leader */
        &step_scope,
        &step_register,         /* moves the leader into its scope */
        &step_keep_filter,
        &step_devices,          /* where the leader stays */
        &step_net_veth,
        &step_cgroup_owner,     /* of the last one that it comes to */
        &step_schedule,         /* in its last control group, which may have processors of its own */

        /* STAGE_INNER: the host's privileges, last needed first dropped */
        &step_cgroup_namespace, /* not before the leader is in its last control group */
        &step_seal,             /* nothing is mounted after it */
        &step_terminal,
        &step_verify_tree,      /* nothing changes it any more */
        &step_limits,           /* raising one needs a capability */
        &step_personality,
        &step_privileges,
        &step_label,
        &step_load_filter,
        &step_verify_privileges,
        &step_exec,
};

const size_t n_steps = ELEMENTSOF(step_table);

void run_object(const Run *run, const Step *step, char ret[static RUN_OBJECT_MAX]) {
        FILE *f;

        assert(run);
        assert(step);

        *ret = '\0';
        if (run->object[0] && step_table[run->object_at] == step) {
                (void) snprintf(ret, RUN_OBJECT_MAX, "%s", run->object);
                return;
        }

        if (!step->explain)
                return;

        f = fmemopen(ret, RUN_OBJECT_MAX, "w");
        if (!f)
                return;

        step->explain(run, f);
        (void) fclose(f);
        ret[RUN_OBJECT_MAX - 1] = '\0';
}

void run_steps_init(Run *run, Steps *steps, Stage stage) {
        assert(run);
        assert(steps);

        *steps = (Steps) {
                .table = step_table,
                .n_steps = n_steps,
                .stage = stage,
                .subject = run,
                .fault = "start",
        };
        run->steps = steps;
}
