/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/steps.h"
#include "lib/base/text.h"

static bool scope_wanted(const void *subject) {
        const Creation *c = subject;

        return c->info->owns_scope;
}

static int scope_apply(void *subject) {
        _cleanup_free_ char *description = NULL;
        Creation *c = subject;
        int r;

        r = text_printf(&description, "%s %s",
                        c->info->class == MACHINE_VM ? "Virtual Machine" : "Container", c->info->name);
        if (r < 0)
                return r;

        r = c->scope->ops->start_scope(c->scope, &(ScopeRequest) {
                        .unit = c->info->unit,
                        .description = description,
                        .leader = c->info->leader,
                        .leader_fd = c->leader_fd,
                        .properties = &c->request->properties }, creation_continue, c);
        return r < 0 ? r : STEP_PENDING;
}

/* A leader that ends leaves others behind only if it had no pid namespace; a
 * creation that failed leaves the leader itself, or even a job under way. */
static void scope_undo(void *subject) {
        Creation *c = subject;

        c->scope->ops->release(c->scope, c->info->unit, c->has_failed ? NULL : c->info->cgroup);
}

const Step step_scope = {
        .name = "scope",
        .wanted = scope_wanted,
        .apply = scope_apply,
        .undo = scope_undo,
};
