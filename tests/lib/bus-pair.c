/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "tests/lib/bus-pair.h"
#include "tests/test.h"

static sd_bus *open_end(sd_event *event, int fd, bool is_server) {
        sd_id128_t id = { .bytes = { 1 } };
        sd_bus *bus;

        CHECK_OK(sd_bus_new(&bus));
        CHECK_OK(sd_bus_set_fd(bus, fd, fd));
        if (is_server)
                CHECK_OK(sd_bus_set_server(bus, true, id));
        CHECK_OK(sd_bus_start(bus));
        CHECK_OK(sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL));
        return bus;
}

void bus_pair_open(BusPair *p, sd_event *event) {
        int pair[2];

        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
        p->server = open_end(event, pair[1], true);
        p->client = open_end(event, pair[0], false);

        while (sd_bus_is_ready(p->client) <= 0 || sd_bus_is_ready(p->server) <= 0)
                CHECK_OK(sd_event_run(event, UINT64_MAX));
}

void bus_pair_close(BusPair *p) {
        p->server = sd_bus_flush_close_unref(p->server);
        p->client = sd_bus_flush_close_unref(p->client);
}
