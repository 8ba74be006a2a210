/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/link.h"
#include "daemon/outside/steps.h"
#include "lib/base/ifname.h"
#include "lib/kernel/process.h"

int link_step_plan(Creation *c) {
        OutsideContext *o = c->outside;
        _cleanup_close_ int netns_fd = -EBADF;
        char name[IFNAME_SIZE];
        int r;

        /* A caller that says which links there are has wired the machine itself. */
        if (!o->config.wire || c->request->is_wired || c->info->class != MACHINE_CONTAINER)
                return 0;

        netns_fd = process_open_namespace(c->leader_fd, "net");
        if (netns_fd < 0)
                return netns_fd;

        r = link_wanted(netns_fd);
        if (r <= 0)
                return r;

        r = ifname_derive("ve-", c->info->name, name);
        if (r < 0)
                return r;

        c->info->host_interface = strdup(name);
        return c->info->host_interface ? 0 : -ENOMEM;
}

static bool link_step_wanted(const void *subject) {
        const Creation *c = subject;

        return c->info->host_interface != NULL;
}

/* The list has place for one more, see fill_info(). */
static void note_ifindex(MachineInfo *info, unsigned ifindex) {
        info->host_ifindex = ifindex;
        info->ifindices[info->n_ifindices++] = (int) ifindex;
}

static int link_step_apply(void *subject) {
        Creation *c = subject;
        OutsideContext *o = c->outside;
        _cleanup_close_ int netns_fd = -EBADF;
        Link link;
        int r;

        netns_fd = process_open_namespace(c->leader_fd, "net");
        if (netns_fd < 0)
                return netns_fd;

        r = link_create(c->info->name, o->host, netns_fd, &link);
        if (r < 0)
                return r;

        note_ifindex(c->info, link.ifindex);
        return 0;
}

static void link_step_undo(void *subject) {
        Creation *c = subject;
        OutsideContext *o = c->outside;

        if (link_discard(c->info->name, o->host, c->info->host_ifindex) > 0)
                outside_flush_later(o);
}

const Step step_link = {
        .name = "link",
        .wanted = link_step_wanted,
        .apply = link_step_apply,
        .undo = link_step_undo,
};
