/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/host.h"
#include "lib/bus/connect.h"

static int connect_to(const char *address, sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;

        r = sd_bus_set_address(bus, address);
        if (r < 0)
                return r;

        r = sd_bus_start(bus);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

int bus_connect(sd_bus **ret) {
        const char *address = getenv("BERTH_BUS");

        assert(ret);

        if (address)
                return connect_to(address, ret);
        if (host_has_systemd())
                return sd_bus_open_system(ret);

        return connect_to("unix:path=" PRIVATE_SOCKET, ret);
}

int bus_connect_shortly(sd_bus **ret) {
        int r;

        assert(ret);

        if (geteuid() == 0 && !getenv("BERTH_BUS")) {
                r = connect_to("unix:path=" PRIVATE_SOCKET, ret);
                if (r >= 0)
                        return r;
        }

        return bus_connect(ret);
}
