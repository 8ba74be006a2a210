/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Joining's inside
 *
 * For the two files that it is: join-start.c stays outside, looks up all that must be
 * known, and waits; join-child.c is what happens in the processes that enter.
 */

#include <sys/resource.h>

#include "lib/kernel/join.h"
#include "lib/kernel/label.h"
#include "lib/kernel/syscall-filter.h"

/* What those who enter tell us, in memory that they share with us. Their ends, and
 * the program's beginning, we hear of by the end of a pipe. */
typedef struct JoinReport {
        pid_t pid;                      /* of the program: there before it does anything */
        int error;
        JoinStage stage;
        int cgroup_error;
} JoinReport;

/* All that must be looked up outside, before anything is entered. */
typedef struct JoinPlan {
        const JoinRequest *request;
        int root_fd;
        int namespaces;                 /* CLONE_NEW*, those that differ from ours */
        char *cgroup;
        int cgroup_fd;                  /* its directory */
        uint64_t bounding;              /* capabilities that the leader could have */
        bool no_new_privileges;
        char *labels[_LABEL_MODULE_MAX];        /* NULL: it has none that we have not */
        SyscallProgram filter;          /* empty: none is known */
        struct rlimit limits[RLIM_NLIMITS];
        int report_fd;
        JoinReport *report;
} JoinPlan;

/**
 * join_enter() - enter a machine, and start the program there
 * @plan:               what has been looked up
 * @parent:             who waits for us
 * @is_in_cgroup:       whether this process was born in the machine's control group
 *
 * Enters everything but the pid namespace: that is for children only.
 */
_Noreturn void join_enter(const JoinPlan *plan, pid_t parent, bool is_in_cgroup);
