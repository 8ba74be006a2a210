/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/address.h"
#include "lib/base/errors.h"
#include "lib/base/ifname.h"
#include "lib/base/siphash.h"
#include "lib/kernel/cgroup.h"
#include "lib/kernel/netlink-address.h"
#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"

#define NETWORKD_FILE "systemd/network/80-container-ve.network"
#define NETWORKD_CGROUP "/system.slice/systemd-networkd.service"

/* More routes than these are not looked at: a router of the whole Internet has a million. */
#define USED_MAX 2000000

static const uint8_t network_key[16] = {
        0x5b, 0x0e, 0x8d, 0x51, 0x2f, 0x36, 0x4a, 0x7c, 0x90, 0x0c, 0x63, 0xb1, 0xd8, 0x47, 0x1e, 0xa9
};

static const uint8_t pool6_key[16] = {
        0xd2, 0x71, 0x9a, 0x04, 0x38, 0xe5, 0x4f, 0xbb, 0xa6, 0x12, 0x05, 0x7f, 0xc3, 0x9e, 0x64, 0x20
};

typedef struct Used {
        InetRange *ranges;
        size_t n;
} Used;

/* One bit for each network of a pool. */
typedef struct Bitmap {
        uint8_t *bytes;
        uint32_t n;
} Bitmap;

InetRange address_pool6(Id128 host) {
        InetRange pool = { .family = AF_INET6, .length = 48, .bytes = { 0xfd } };
        uint64_t hash;

        hash = siphash24(host.bytes, sizeof(host.bytes), pool6_key);
        for (size_t i = 1; i <= 5; i++, hash >>= 8)
                pool.bytes[i] = (uint8_t) hash;
        return pool;
}

static void bitmap_done(Bitmap *b) {
        free(b->bytes);
}

static void bitmap_set(Bitmap *b, uint32_t from, uint32_t to) {
        for (uint32_t i = from; i <= to && i < b->n; i++)
                b->bytes[i / 8] |= 1 << (i % 8);
}

static bool bitmap_get(const Bitmap *b, uint32_t i) {
        return b->bytes[i / 8] & (1 << (i % 8));
}

static void mark_used(Bitmap *b, const InetRange *pool, unsigned length, const InetRange *used) {
        InetRange net = inet_range_network(used);
        uint32_t first, n;

        if (!inet_range_overlaps(pool, &net))
                return;

        if (net.length <= pool->length) {
                bitmap_set(b, 0, b->n - 1);
                return;
        }

        /* A part of one network, or a run of whole ones. */
        first = inet_range_index(pool, length, &net);
        n = net.length < length ? inet_range_count(&net, length) : 1;
        if (first < b->n)
                bitmap_set(b, first, first + n - 1);
}

static int decide_in_pool(
                const char *machine,
                const InetRange *pool,
                unsigned length,
                const InetRange *used,
                size_t n_used,
                InetRange *ret) {

        _cleanup_(bitmap_done) Bitmap b = { .n = inet_range_count(pool, length) };
        uint32_t start;

        if (b.n == 0)
                return -E_NO_POOL_LEFT;

        b.bytes = calloc(b.n / 8 + 1, 1);
        if (!b.bytes)
                return -ENOMEM;

        for (size_t i = 0; i < n_used; i++)
                mark_used(&b, pool, length, &used[i]);

        start = (uint32_t) (siphash24(machine, strlen(machine), network_key) % b.n);
        for (uint32_t i = 0; i < b.n; i++) {
                uint32_t k = (start + i) % b.n;

                if (!bitmap_get(&b, k)) {
                        *ret = inet_range_nth(pool, length, k);
                        return 0;
                }
        }

        return -E_NO_POOL_LEFT;
}

int address_decide(
                const char *machine,
                const ConfigPools *pools,
                unsigned length,
                const InetRange *used,
                size_t n_used,
                InetRange *ret) {

        int r = -E_NO_POOL_LEFT;

        assert(machine);
        assert(pools);
        assert(used || n_used == 0);
        assert(ret);

        for (size_t i = 0; i < pools->n && r == -E_NO_POOL_LEFT; i++)
                r = decide_in_pool(machine, &pools->pools[i], length, used, n_used, ret);

        return r;
}

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

/* Addresses too: those of an interface that is down have no routes. */
static int used_load(const AddressRequest *request, Used *ret) {
        _cleanup_free_ NetlinkAddress *addresses = NULL;
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        _cleanup_(used_done) Used u = {};
        size_t n;
        void *p;
        int r;

        r = netlink_open(&nl);
        if (r < 0)
                return r;

        r = netlink_list_addresses(nl, USED_MAX, &addresses, &n);
        if (r < 0)
                return r;

        r = netlink_list_routes(nl, USED_MAX, &u.ranges, &u.n);
        if (r < 0)
                return r;

        p = reallocarray(u.ranges, u.n + n + request->n_taken + 1, sizeof(*u.ranges));
        if (!p)
                return -ENOMEM;

        u.ranges = p;
        for (size_t i = 0; i < n; i++)
                u.ranges[u.n++] = addresses[i].address;
        for (size_t i = 0; i < request->n_taken; i++)
                u.ranges[u.n++] = request->taken[i];

        *ret = (Used) { .ranges = TAKE_PTR(u.ranges), .n = u.n };
        return 0;
}

static int decide(const AddressRequest *request, const Used *used, Addresses *ret) {
        const Config *c = request->config;
        ConfigPools six = c->six;
        Addresses a = {};
        int r;

        if (c->four.n > 0) {
                r = address_decide(request->machine, &c->four, CONFIG_LENGTH4,
                                   used->ranges, used->n, &a.net4);
                if (r < 0)
                        return r;
        }

        if (c->six_from_host)
                six = (ConfigPools) { .pools = { address_pool6(request->host) }, .n = 1 };

        r = address_decide(request->machine, &six, CONFIG_LENGTH6,
                           used->ranges, used->n, &a.net6);
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
        _cleanup_(used_done) Used used = {};
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

        r = used_load(request, &used);
        if (r < 0)
                return r;

        return decide(request, &used, ret);
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
