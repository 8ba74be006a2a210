/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the leader gets of the host's processors and memory, beyond its control group:
 * set from outside, as some of it takes privileges that it may not have itself. */

#include <sched.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

static bool has_rlimit(const Spec *spec) {
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++)
                if (spec->rlimits[i].set)
                        return true;

        return false;
}

static bool wanted(const void *subject) {
        const Run *run = subject;

        return has_rlimit(run->spec) || run->spec->has_oom_score_adjust || run->spec->n_cpus > 0;
}

static int set_rlimits(Run *run) {
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++) {
                const SpecRlimit *l = &run->spec->rlimits[i];
                struct rlimit limit = { .rlim_cur = l->soft, .rlim_max = l->hard };

                if (!l->set)
                        continue;

                run_set_object(run, "%s", spec_rlimit_name(i));
                if (prlimit(run->leader, (enum __rlimit_resource) i, &limit, NULL) < 0)
                        return -errno;
        }

        return 0;
}

static int set_oom_score_adjust(Run *run) {
        char path[64], text[16];

        if (!run->spec->has_oom_score_adjust)
                return 0;

        run_set_object(run, "oom_score_adj");
        (void) snprintf(path, sizeof(path), "/proc/%i/oom_score_adj", (int) run->leader);
        (void) snprintf(text, sizeof(text), "%i", run->spec->oom_score_adjust);
        return file_write(path, text);
}

static int set_cpus(Run *run) {
        cpu_set_t set;

        if (run->spec->n_cpus == 0)
                return 0;

        CPU_ZERO(&set);
        for (size_t i = 0; i < run->spec->n_cpus * 8; i++)
                if (run->spec->cpus[i / 8] & 1U << i % 8)
                        CPU_SET(i, &set);

        run_set_object(run, "processors");
        return sched_setaffinity(run->leader, sizeof(set), &set) < 0 ? -errno : 0;
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = set_rlimits(run);
        if (r >= 0)
                r = set_oom_score_adjust(run);
        if (r >= 0)
                r = set_cpus(run);

        return r;
}

static void explain_amount(FILE *f, uint64_t amount) {
        if (amount == UINT64_MAX)
                (void) fputs("infinity", f);
        else
                (void) fprintf(f, "%llu", (unsigned long long) amount);
}

static void explain_rlimits(const Spec *spec, FILE *f) {
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++) {
                const SpecRlimit *l = &spec->rlimits[i];

                if (!l->set)
                        continue;

                (void) fprintf(f, " %s=", spec_rlimit_name(i));
                explain_amount(f, l->soft);
                (void) fputc(':', f);
                explain_amount(f, l->hard);
        }
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;
        const Spec *spec = run->spec;

        (void) fputs("the leader:", f);
        explain_rlimits(spec, f);
        if (spec->has_oom_score_adjust)
                (void) fprintf(f, " oom_score_adj %i", spec->oom_score_adjust);
        if (spec->n_cpus == 0)
                return;

        (void) fputs(" processors", f);
        for (size_t i = 0; i < spec->n_cpus * 8; i++)
                if (spec->cpus[i / 8] & 1U << i % 8)
                        (void) fprintf(f, " %zu", i);
}

const Step step_schedule = {
        .name = "schedule",
        .stage = STAGE_LEADER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};

static int apply_personality(void *subject) {
        const Run *run = subject;

        return personality(run->spec->personality) < 0 ? -errno : 0;
}

static bool personality_wanted(const void *subject) {
        const Run *run = subject;

        return run->spec->has_personality;
}

static void explain_personality(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fputs(run->spec->personality == PER_LINUX32 ? "of 32 bits" : "the kernel's own", f);
}

const Step step_personality = {
        .name = "personality",
        .stage = STAGE_INNER,
        .wanted = personality_wanted,
        .apply = apply_personality,
        .explain = explain_personality,
};
