/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "lib/kernel/netlink-address.h"
#include "lib/kernel/netlink.h"

/* A list is asked for again when it changed meanwhile, but someone may change it all the time. */
#define LIST_TRIES 3

/* A list that grows as the answers come in. */
typedef struct List {
        void *items;
        size_t n;
        size_t allocated;
        size_t max;
} List;

/* Returns 1 if that is enough. */
static int list_add(List *l, const void *item, size_t size) {
        if (l->n >= l->max)
                return 1;

        if (l->n == l->allocated) {
                size_t wanted = MAX((size_t) 16, l->allocated * 2);
                void *p;

                p = reallocarray(l->items, wanted, size);
                if (!p)
                        return -ENOMEM;

                l->items = p;
                l->allocated = wanted;
        }

        memcpy((uint8_t *) l->items + l->n++ * size, item, size);
        return 0;
}

static void list_done(List *l) {
        free(l->items);
}

/* Both headers begin with the family. The kernel lists IPv4 and IPv6 for AF_UNSPEC. */
static int list_all(Netlink *nl, uint16_t type, NetlinkAnswer on_answer, List *l) {
        struct rtmsg header = { .rtm_family = AF_UNSPEC };
        int r = -EAGAIN;

        for (unsigned i = 0; i < LIST_TRIES && r == -EAGAIN; i++) {
                _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;

                r = netlink_request_new(type, NLM_F_DUMP, &header, sizeof(header), &msg);
                if (r < 0)
                        return r;

                l->n = 0;
                r = netlink_call(nl, msg, on_answer, l);
        }

        return r == -EAGAIN ? 0 : r;
}

/* False for families that are not ours, and for what is no address. */
static bool read_range(int family, unsigned length, const struct nlattr *attribute, InetRange *ret) {
        InetRange r = { .family = family, .length = length };

        if (family != AF_INET && family != AF_INET6)
                return false;
        if (length > inet_size(family) * 8)
                return false;
        if (!attribute || (size_t) nla_len(attribute) != inet_size(family))
                return false;

        memcpy(r.bytes, nla_data(attribute), inet_size(family));
        *ret = r;
        return true;
}

static int on_address(struct nlmsghdr *answer, void *userdata) {
        struct nlattr *a[IFA_MAX + 1], *local;
        struct ifaddrmsg header;
        NetlinkAddress item = {};

        if (answer->nlmsg_type != RTM_NEWADDR)
                return 0;
        if (nlmsg_parse(answer, sizeof(header), a, IFA_MAX, NULL) < 0)
                return -EBADMSG;

        memcpy(&header, nlmsg_data(answer), sizeof(header));
        item.ifindex = header.ifa_index;
        item.scope = header.ifa_scope;
        item.flags = header.ifa_flags;
        if (a[IFA_FLAGS] && nla_len(a[IFA_FLAGS]) >= (int) sizeof(uint32_t))
                item.flags = nla_get_u32(a[IFA_FLAGS]);

        /* On a point-to-point link the one called "address" is the peer's. */
        local = a[IFA_LOCAL] ?: a[IFA_ADDRESS];
        if (!read_range(header.ifa_family, header.ifa_prefixlen, local, &item.address))
                return 0;

        return list_add(userdata, &item, sizeof(item));
}

int netlink_list_addresses(Netlink *nl, size_t max, NetlinkAddress **ret, size_t *ret_n) {
        _cleanup_(list_done) List l = { .max = max };
        int r;

        assert(nl);
        assert(ret);
        assert(ret_n);

        r = list_all(nl, RTM_GETADDR, on_address, &l);
        if (r < 0)
                return r;

        *ret_n = l.n;
        *ret = TAKE_PTR(l.items);
        return 0;
}

static int compare_addresses(const void *p, const void *q) {
        const NetlinkAddress *a = p, *b = q;

        if (a->address.family != b->address.family)
                return a->address.family == AF_INET ? -1 : 1;
        if (a->scope != b->scope)
                return a->scope < b->scope ? -1 : 1;
        if (a->ifindex != b->ifindex)
                return a->ifindex < b->ifindex ? -1 : 1;

        return memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));
}

int netlink_list_public_addresses(Netlink *nl, size_t max, NetlinkAddress **ret, size_t *ret_n) {
        NetlinkAddress *list = NULL;
        size_t n, kept = 0;
        int r;

        assert(ret);
        assert(ret_n);

        r = netlink_list_addresses(nl, max, &list, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++)
                if (list[i].scope < RT_SCOPE_HOST && !(list[i].flags & IFA_F_DEPRECATED))
                        list[kept++] = list[i];

        if (kept > 1)
                qsort(list, kept, sizeof(*list), compare_addresses);

        *ret = list;
        *ret_n = kept;
        return 0;
}

static int on_route(struct nlmsghdr *answer, void *userdata) {
        struct nlattr *a[RTA_MAX + 1];
        struct rtmsg header;
        InetRange item;

        if (answer->nlmsg_type != RTM_NEWROUTE)
                return 0;
        if (nlmsg_parse(answer, sizeof(header), a, RTA_MAX, NULL) < 0)
                return -EBADMSG;

        /* Clones are the kernel's notes of how single packets went. */
        memcpy(&header, nlmsg_data(answer), sizeof(header));
        if (header.rtm_flags & RTM_F_CLONED || header.rtm_dst_len == 0)
                return 0;

        if (!read_range(header.rtm_family, header.rtm_dst_len, a[RTA_DST], &item))
                return 0;

        return list_add(userdata, &item, sizeof(item));
}

int netlink_list_routes(Netlink *nl, size_t max, InetRange **ret, size_t *ret_n) {
        _cleanup_(list_done) List l = { .max = max };
        int r;

        assert(nl);
        assert(ret);
        assert(ret_n);

        r = list_all(nl, RTM_GETROUTE, on_route, &l);
        if (r < 0)
                return r;

        *ret_n = l.n;
        *ret = TAKE_PTR(l.items);
        return 0;
}

static int on_found_route(struct nlmsghdr *answer, void *userdata) {
        struct nlattr *a[RTA_MAX + 1];
        struct rtmsg header;
        InetRange *found = userdata;

        if (answer->nlmsg_type != RTM_NEWROUTE)
                return 0;
        if (nlmsg_parse(answer, sizeof(header), a, RTA_MAX, NULL) < 0)
                return -EBADMSG;

        memcpy(&header, nlmsg_data(answer), sizeof(header));
        if (header.rtm_dst_len == 0)
                *found = (InetRange) { .family = header.rtm_family };
        else if (!read_range(header.rtm_family, header.rtm_dst_len, a[RTA_DST], found))
                return -EBADMSG;

        return 0;
}

int netlink_find_route(Netlink *nl, const InetRange *address, InetRange *ret) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        struct rtmsg header = {
                .rtm_family = (uint8_t) address->family,
                .rtm_dst_len = (uint8_t) (inet_size(address->family) * 8),
                .rtm_flags = RTM_F_FIB_MATCH,   /* the route itself, not where it leads */
        };
        InetRange found = {};
        int r;

        assert(nl);
        assert(ret);

        r = netlink_request_new(RTM_GETROUTE, 0, &header, sizeof(header), &msg);
        if (r < 0)
                return r;

        if (nla_put(msg, RTA_DST, (int) inet_size(address->family), address->bytes) < 0)
                return -EMSGSIZE;

        r = netlink_call(nl, msg, on_found_route, &found);
        if (r < 0)
                return r;
        if (found.family == 0)
                return -ENETUNREACH;

        *ret = found;
        return 0;
}

/* The last address of an IPv4 network. */
static void broadcast(const InetRange *address, uint8_t ret[static 4]) {
        memcpy(ret, address->bytes, 4);
        for (unsigned i = address->length; i < 32; i++)
                ret[i / 8] |= 0x80 >> (i % 8);
}

int netlink_add_address(Netlink *nl, unsigned ifindex, const InetRange *address) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        size_t size = inet_size(address->family);
        struct ifaddrmsg header = {
                .ifa_family = (uint8_t) address->family,
                .ifa_prefixlen = (uint8_t) address->length,
                .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
                .ifa_scope = RT_SCOPE_UNIVERSE,
                .ifa_index = ifindex,
        };
        uint8_t last[4];
        int r;

        assert(nl);
        assert(ifindex > 0);

        r = netlink_request_new(RTM_NEWADDR, NLM_F_CREATE|NLM_F_REPLACE, &header, sizeof(header), &msg);
        if (r < 0)
                return r;

        if (nla_put(msg, IFA_LOCAL, (int) size, address->bytes) < 0 ||
            nla_put(msg, IFA_ADDRESS, (int) size, address->bytes) < 0)
                return -EMSGSIZE;

        if (address->family == AF_INET && address->length <= 30) {
                broadcast(address, last);
                if (nla_put(msg, IFA_BROADCAST, sizeof(last), last) < 0)
                        return -EMSGSIZE;
        }

        return netlink_call(nl, msg, NULL, NULL);
}

int netlink_add_default_route(Netlink *nl, unsigned ifindex, const InetRange *gateway) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        struct rtmsg header = {
                .rtm_family = (uint8_t) gateway->family,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = RT_SCOPE_UNIVERSE,
                .rtm_type = RTN_UNICAST,
        };
        int r;

        assert(nl);
        assert(ifindex > 0);

        r = netlink_request_new(RTM_NEWROUTE, NLM_F_CREATE|NLM_F_EXCL, &header, sizeof(header), &msg);
        if (r < 0)
                return r;

        if (nla_put(msg, RTA_GATEWAY, (int) inet_size(gateway->family), gateway->bytes) < 0 ||
            nla_put_u32(msg, RTA_OIF, ifindex) < 0)
                return -EMSGSIZE;

        return netlink_call(nl, msg, NULL, NULL);
}
