/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/outside/address.h"
#include "daemon/outside/steps.h"
#include "lib/kernel/process.h"

static bool address_step_wanted(const void *subject) {
        const Creation *c = subject;

        return c->info->host_interface != NULL;
}

static int note_address(const InetRange *network, char **ret) {
        char text[INET_STRING_SIZE];
        InetRange host;

        if (network->family == 0)
                return 0;

        host = inet_range_host(network, ADDRESS_HOST);
        *ret = strdup(inet_range_format(&host, text));
        return *ret ? 0 : -ENOMEM;
}

/* Planned only now, after all that takes time: so nobody else's plan is between ours and its doing. */
static int address_step_apply(void *subject) {
        Creation *c = subject;
        OutsideContext *o = c->outside;
        _cleanup_close_ int netns_fd = -EBADF;
        Addresses a;
        int r;

        r = address_plan(&(AddressRequest) {
                        .machine = c->info->name,
                        .host = o->host,
                        .config = &o->config }, &a);
        if (r < 0)
                return r;

        netns_fd = process_open_namespace(c->leader_fd, "net");
        if (netns_fd < 0)
                return netns_fd;

        r = address_setup(&a, netns_fd, c->info->host_ifindex);
        if (r < 0)
                return r;

        r = note_address(&a.net4, &c->info->address4);
        return r < 0 ? r : note_address(&a.net6, &c->info->address6);
}

/* No undo: the addresses go with the link. */
const Step step_address = {
        .name = "address",
        .wanted = address_step_wanted,
        .apply = address_step_apply,
};
