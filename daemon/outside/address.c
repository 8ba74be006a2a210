/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/address.h"
#include "daemon/outside/pool.h"
#include "lib/base/errors.h"
#include "lib/base/ifname.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/netlink-address.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"

#define NETWORKD_FILE "systemd/network/80-container-ve.network"
#define NETWORKD_CGROUP "/system.slice/systemd-networkd.service"

/* More than these are not looked at: a router of the whole Internet has a million routes. */
#define USED_MAX 2000000

/* How many networks are looked up one by one before the host's routes are listed. */
#define LOOKUPS_MAX 16

/* Which addresses of a network: all of an IPv4 one, and those of an IPv6 one that will be used. */
#define PROBES4 16
#define PROBES6 3

/* What a machine cannot have any more. Grows as it is found out. */
typedef struct Used {
        InetRange *ranges;
        size_t n;
        size_t allocated;
} Used;

int address_networkd_cares(int root_fd) {
        static const char *const folders[] = { "etc", "run", "usr/local/lib", "usr/lib", "lib" };

        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                char path[64];
                struct stat st;

                (void) snprintf(path, sizeof(path), "%s/" NETWORKD_FILE, folders[i]);

                if (fstatat(root_fd, path, &st, 0) < 0)
                        continue;

                /* The first one counts. An empty file, or /dev/null, masks the others. */
                return S_ISREG(st.st_mode) && st.st_size > 0;
        }

        return 0;
}

static int is_left_to_networkd(void) {
        _cleanup_close_ int root = -EBADF;
        int r;

        r = cgroup_is_populated(NETWORKD_CGROUP);
        if (r <= 0)
                return r;

        root = open("/", O_PATH|O_DIRECTORY|O_CLOEXEC);
        if (root < 0)
                return -errno;

        return address_networkd_cares(root);
}

static void used_done(Used *u) {
        free(u->ranges);
}

static int used_add(Used *u, const InetRange *ranges, size_t n) {
        size_t wanted = u->n + n;
        InetRange *p;

        if (n == 0)
                return 0;

        if (wanted > u->allocated) {
                p = reallocarray(u->ranges, wanted * 2, sizeof(*p));
                if (!p)
                        return -ENOMEM;

                u->ranges = p;
                u->allocated = wanted * 2;
        }

        memcpy(u->ranges + u->n, ranges, n * sizeof(*ranges));
        u->n = wanted;
        return 0;
}

/* Those of interfaces that are down are seen here only: they have no routes. */
static int used_add_addresses(Used *u, Netlink *nl) {
        _cleanup_free_ NetlinkAddress *addresses = NULL;
        size_t n;
        int r;

        r = netlink_list_addresses(nl, USED_MAX, &addresses, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = used_add(u, &addresses[i].address, 1);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int used_add_routes(Used *u, Netlink *nl) {
        _cleanup_free_ InetRange *routes = NULL;
        size_t n;
        int r;

        r = netlink_list_routes(nl, USED_MAX, &routes, &n);
        if (r < 0)
                return r;

        return used_add(u, routes, n);
}

/* Whether a route, other than the default one, leads into a network. */
static bool find_conflict(Netlink *nl, const InetRange *net, InetRange *ret) {
        unsigned n_probes = net->family == AF_INET ? PROBES4 : PROBES6;

        for (unsigned i = 0; i < n_probes; i++) {
                InetRange probe = inet_range_host(net, (uint8_t) i);
                int r;

                r = netlink_find_route(nl, &probe, ret);
                if (r == -ENETUNREACH || (r >= 0 && ret->length == 0))
                        continue;

                /* A route that refuses it does not say how far it reaches. */
                if (r < 0)
                        *ret = *net;
                return true;
        }

        return false;
}

/* Looking up a few networks takes no longer where there are ten thousand routes,
 * listing these does. In the end that is what tells for sure. */
static int choose(
                Netlink *nl,
                const char *machine,
                const ConfigPools *pools,
                unsigned length,
                Used *used,
                InetRange *ret) {

        InetRange net, conflict;
        int r;

        for (unsigned i = 0; i < LOOKUPS_MAX; i++) {
                r = pool_choose(machine, pools, length, used->ranges, used->n, &net);
                if (r < 0)
                        return r;

                if (!find_conflict(nl, &net, &conflict)) {
                        *ret = net;
                        return 0;
                }

                r = used_add(used, &conflict, 1);
                if (r < 0)
                        return r;
        }

        r = used_add_routes(used, nl);
        if (r < 0)
                return r;

        return pool_choose(machine, pools, length, used->ranges, used->n, ret);
}

static int decide(const AddressRequest *request, Netlink *nl, Addresses *ret) {
        const Config *c = request->config;
        _cleanup_(used_done) Used used = {};
        ConfigPools six = c->six;
        Addresses a = {};
        int r;

        r = used_add(&used, request->taken, request->n_taken);
        if (r < 0)
                return r;

        r = used_add_addresses(&used, nl);
        if (r < 0)
                return r;

        if (c->four.n > 0) {
                r = choose(nl, request->machine, &c->four, CONFIG_LENGTH4, &used, &a.net4);
                if (r < 0)
                        return r;
        }

        if (c->six_from_host)
                six = (ConfigPools) { .pools = { pool_of_host(request->host) }, .n = 1 };

        r = choose(nl, request->machine, &six, CONFIG_LENGTH6, &used, &a.net6);
        if (r < 0 && r != -E_NO_POOL_LEFT)
                return r;

        *ret = a;
        return 0;
}

static bool means_no_ipv6(int error) {
        return error == -EAFNOSUPPORT || error == -EOPNOTSUPP || error == -EACCES;
}

/* One family. Returns 0 if the kernel, or one of the namespaces, does not have it. */
static int add_addresses(
                const InetRange *net,
                Netlink *host,
                unsigned host_ifindex,
                Netlink *guest,
                unsigned guest_ifindex) {

        InetRange host_end, guest_end;
        int r;

        if (net->family == 0)
                return 0;

        host_end = inet_range_host(net, ADDRESS_HOST);
        guest_end = inet_range_host(net, ADDRESS_GUEST);

        r = netlink_add_address(host, host_ifindex, &host_end);
        if (r >= 0)
                r = netlink_add_address(guest, guest_ifindex, &guest_end);
        if (r < 0)
                return net->family == AF_INET6 && means_no_ipv6(r) ? 0 : r;

        return 1;
}

static int add_route(const InetRange *net, Netlink *guest, unsigned ifindex) {
        InetRange gateway;
        int r;

        if (net->family == 0)
                return 0;

        gateway = inet_range_host(net, ADDRESS_HOST);
        r = netlink_add_default_route(guest, ifindex, &gateway);

        /* Somebody has given the namespace one that is not ours to change. */
        return r == -EEXIST ? 0 : r;
}

static int setup(
                Netlink *host,
                unsigned host_ifindex,
                Netlink *guest,
                unsigned guest_ifindex,
                Addresses *a) {

        int r;

        r = add_addresses(&a->net4, host, host_ifindex, guest, guest_ifindex);
        if (r < 0)
                return r;

        r = add_addresses(&a->net6, host, host_ifindex, guest, guest_ifindex);
        if (r < 0)
                return r;
        if (r == 0)
                a->net6 = (InetRange) {};

        r = netlink_set_link_up(host, host_ifindex);
        if (r < 0)
                return r;

        r = netlink_set_link_up(guest, guest_ifindex);
        if (r < 0)
                return r;

        r = add_route(&a->net4, guest, guest_ifindex);
        if (r < 0)
                return r;

        return add_route(&a->net6, guest, guest_ifindex);
}

int address_plan(const AddressRequest *request, Addresses *ret) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        int r;

        assert(request);
        assert(ret);

        r = is_left_to_networkd();
        if (r < 0)
                return r;
        if (r > 0) {
                *ret = (Addresses) { .by_networkd = true };
                return 0;
        }

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        return decide(request, nl, ret);
}

int address_setup(Addresses *a, int netns_fd, unsigned ifindex) {
        _cleanup_(netlink_closep) Netlink *host = NULL, *guest = NULL;
        NetlinkLink guest_end;
        int r;

        assert(a);
        assert(netns_fd >= 0);
        assert(ifindex > 0);

        r = netlink_open_in(netns_fd, &guest);
        if (r < 0)
                return r;

        r = netlink_find_link(guest, IFNAME_GUEST, &guest_end);
        if (r < 0)
                return r;

        if (a->by_networkd)
                return netlink_set_link_up(guest, guest_end.ifindex);

        r = netlink_open(&host);
        if (r < 0)
                return r;

        return setup(host, ifindex, guest, guest_end.ifindex, a);
}
