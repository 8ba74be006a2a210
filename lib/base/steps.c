/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/fault.h"
#include "lib/base/steps.h"

static bool step_applies(const Steps *s, const Step *step) {
        return step->stage == s->stage && (!step->wanted || step->wanted(s->subject));
}

static int fail(Steps *s, int error, const Step **reterr_step) {
        const Step *step = s->table[s->next];

        steps_undo(s);
        if (reterr_step)
                *reterr_step = step;
        return error;
}

int steps_run(Steps *s, const Step **reterr_step) {
        int r;

        assert(s);
        assert(s->table || s->n_steps == 0);

        for (; s->next < s->n_steps; s->next++) {
                const Step *step = s->table[s->next];

                if (!step_applies(s, step))
                        continue;

                r = s->fault ? fault_point(s->fault, step->name) : 0;
                if (r >= 0 && !(s->fault && fault_skips(s->fault, step->name)))
                        r = step->apply(s->subject);
                if (r == STEP_PENDING)
                        return STEP_PENDING;
                if (r < 0)
                        return fail(s, r, reterr_step);
        }

        if (s->fault)
                (void) fault_point(s->fault, "end"); /* too late to fail, not to be killed */

        return 0;
}

int steps_resume(Steps *s, int result, const Step **reterr_step) {
        assert(s);
        assert(s->next < s->n_steps);

        if (result < 0)
                return fail(s, result, reterr_step);

        s->next++;
        return steps_run(s, reterr_step);
}

static void undo(Steps *s, const Step *step) {
        if (s->fault) {
                (void) fault_point("undo", step->name);
                if (fault_skips("undo", step->name))
                        return;
        }

        step->undo(s->subject);
}

void steps_undo(Steps *s) {
        assert(s);

        while (s->next > 0) {
                const Step *step = s->table[--s->next];

                if (step->undo && step_applies(s, step))
                        undo(s, step);
        }
}

void steps_explain(const Steps *s, FILE *f) {
        for (size_t i = 0; i < s->n_steps; i++) {
                const Step *step = s->table[i];

                if (!step_applies(s, step))
                        continue;

                (void) fputs(step->name, f);
                if (step->explain) {
                        (void) fputc(' ', f);
                        step->explain(s->subject, f);
                }
                (void) fputc('\n', f);
        }
}
