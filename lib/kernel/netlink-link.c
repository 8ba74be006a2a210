/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "lib/kernel/netlink-link.h"
#include "lib/kernel/netlink.h"

#ifndef RTM_NEWLINKPROP
#define RTM_NEWLINKPROP 108
#endif

/* A list is asked for again if it was changed while the kernel wrote it. */
#define LIST_TRIES 10

static int link_request(
                uint16_t type,
                uint16_t flags,
                unsigned ifindex,
                struct nl_msg **ret) {

        struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int) ifindex };

        return netlink_request_new(type, flags, &header, sizeof(header), ret);
}

static int put_name_and_mac(struct nl_msg *msg, const char *name, Mac mac) {
        if (nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
            nla_put(msg, IFLA_ADDRESS, sizeof(mac.bytes), mac.bytes) < 0)
                return -EMSGSIZE;

        return 0;
}

/* The peer is an interface request of its own, in an attribute of ours. */
static int put_peer(struct nl_msg *msg, const NetlinkVeth *veth) {
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
        struct nlattr *info, *data, *peer;
        int r;

        info = nla_nest_start(msg, IFLA_LINKINFO);
        if (!info || nla_put_string(msg, IFLA_INFO_KIND, "veth") < 0)
                return -EMSGSIZE;

        data = nla_nest_start(msg, IFLA_INFO_DATA);
        if (!data)
                return -EMSGSIZE;

        peer = nla_nest_start(msg, VETH_INFO_PEER);
        if (!peer || nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
                return -EMSGSIZE;

        r = put_name_and_mac(msg, veth->peer_name, veth->peer_mac);
        if (r < 0)
                return r;

        if (nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t) veth->peer_netns_fd) < 0)
                return -EMSGSIZE;

        (void) nla_nest_end(msg, peer);
        (void) nla_nest_end(msg, data);
        (void) nla_nest_end(msg, info);
        return 0;
}

int netlink_create_veth(Netlink *nl, const NetlinkVeth *veth) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        int r;

        assert(nl);
        assert(veth);
        assert(ifname_is_valid(veth->name));
        assert(ifname_is_valid(veth->peer_name));

        r = link_request(RTM_NEWLINK, NLM_F_CREATE|NLM_F_EXCL, 0, &msg);
        if (r < 0)
                return r;

        r = put_name_and_mac(msg, veth->name, veth->mac);
        if (r < 0)
                return r;

        if (nla_put_u32(msg, IFLA_GROUP, veth->group) < 0)
                return -EMSGSIZE;

        r = put_peer(msg, veth);
        if (r < 0)
                return r;

        return netlink_call(nl, msg, NULL, NULL);
}

/* Copies a string that the kernel ends with a NUL, as much as fits. */
static void get_string(char *buffer, size_t size, const struct nlattr *attribute) {
        if (attribute)
                (void) nla_strlcpy(buffer, attribute, size);
}

static int read_kind(struct nlattr *attribute, NetlinkLink *l) {
        struct nlattr *info[IFLA_INFO_MAX + 1];

        if (!attribute)
                return 0;
        if (nla_parse_nested(info, IFLA_INFO_MAX, attribute, NULL) < 0)
                return -EBADMSG;

        get_string(l->kind, sizeof(l->kind), info[IFLA_INFO_KIND]);
        return 0;
}

static int read_link(struct nlmsghdr *answer, NetlinkLink *ret) {
        struct nlattr *a[IFLA_MAX + 1];
        struct ifinfomsg header;
        NetlinkLink l = {};
        int r;

        if (nlmsg_parse(answer, sizeof(header), a, IFLA_MAX, NULL) < 0)
                return -EBADMSG;

        memcpy(&header, nlmsg_data(answer), sizeof(header));
        l.ifindex = (unsigned) header.ifi_index;
        l.up = header.ifi_flags & IFF_UP;

        get_string(l.name, sizeof(l.name), a[IFLA_IFNAME]);
        if (a[IFLA_ADDRESS] && nla_len(a[IFLA_ADDRESS]) == sizeof(l.mac.bytes))
                memcpy(l.mac.bytes, nla_data(a[IFLA_ADDRESS]), sizeof(l.mac.bytes));
        if (a[IFLA_GROUP] && nla_len(a[IFLA_GROUP]) >= (int) sizeof(uint32_t))
                l.group = nla_get_u32(a[IFLA_GROUP]);

        r = read_kind(a[IFLA_LINKINFO], &l);
        if (r < 0)
                return r;

        *ret = l;
        return 0;
}

static int on_link(struct nlmsghdr *answer, void *userdata) {
        return answer->nlmsg_type == RTM_NEWLINK ? read_link(answer, userdata) : 0;
}

static int get_link(Netlink *nl, unsigned ifindex, const char *name, NetlinkLink *ret) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        NetlinkLink l = {};
        int r;

        r = link_request(RTM_GETLINK, 0, ifindex, &msg);
        if (r < 0)
                return r;

        if (name && nla_put_string(msg, IFLA_IFNAME, name) < 0)
                return -EMSGSIZE;

        r = netlink_call(nl, msg, on_link, &l);
        if (r < 0)
                return r;

        if (l.ifindex == 0)
                return -ENODEV;

        *ret = l;
        return 0;
}

int netlink_find_link(Netlink *nl, const char *name, NetlinkLink *ret) {
        assert(nl);
        assert(name);
        assert(strlen(name) < IFNAME_SIZE);
        assert(ret);

        return get_link(nl, 0, name, ret);
}

int netlink_get_link(Netlink *nl, unsigned ifindex, NetlinkLink *ret) {
        assert(nl);
        assert(ifindex > 0);
        assert(ret);

        return get_link(nl, ifindex, NULL, ret);
}

/* The kernel's structure has grown, and may grow on; of an older one the rest is 0. */
static int on_traffic(struct nlmsghdr *answer, void *userdata) {
        struct nlattr *a[IFLA_MAX + 1];
        struct rtnl_link_stats64 s = {};
        NetlinkTraffic *t = userdata;

        if (answer->nlmsg_type != RTM_NEWLINK)
                return 0;
        if (nlmsg_parse(answer, sizeof(struct ifinfomsg), a, IFLA_MAX, NULL) < 0 || !a[IFLA_STATS64])
                return -EBADMSG;

        memcpy(&s, nla_data(a[IFLA_STATS64]), MIN(sizeof(s), (size_t) nla_len(a[IFLA_STATS64])));
        get_string(t->name, sizeof(t->name), a[IFLA_IFNAME]);
        t->received = (NetlinkCounters) { s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped };
        t->sent = (NetlinkCounters) { s.tx_bytes, s.tx_packets, s.tx_errors, s.tx_dropped };
        return 0;
}

int netlink_get_traffic(Netlink *nl, unsigned ifindex, NetlinkTraffic *ret) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        NetlinkTraffic t = {};
        int r;

        assert(nl);
        assert(ifindex > 0);
        assert(ret);

        r = link_request(RTM_GETLINK, 0, ifindex, &msg);
        if (r < 0)
                return r;

        r = netlink_call(nl, msg, on_traffic, &t);
        if (r < 0)
                return r;

        *ret = t;
        return 0;
}

typedef struct Veths {
        NetlinkLink *links;
        size_t n;
} Veths;

static int on_veth(struct nlmsghdr *answer, void *userdata) {
        Veths *v = userdata;
        NetlinkLink l = {}, *links;
        int r;

        r = on_link(answer, &l);
        if (r < 0)
                return r;

        /* The kernel has been asked for no others, but older ones do not listen. */
        if (!streq(l.kind, "veth"))
                return 0;

        links = reallocarray(v->links, v->n + 1, sizeof(*links));
        if (!links)
                return -ENOMEM;

        v->links = links;
        v->links[v->n++] = l;
        return 0;
}

static int list_veths(Netlink *nl, Veths *v) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        struct nlattr *info;
        int r;

        r = link_request(RTM_GETLINK, NLM_F_DUMP, 0, &msg);
        if (r < 0)
                return r;

        info = nla_nest_start(msg, IFLA_LINKINFO);
        if (!info || nla_put_string(msg, IFLA_INFO_KIND, "veth") < 0)
                return -EMSGSIZE;

        (void) nla_nest_end(msg, info);
        return netlink_call(nl, msg, on_veth, v);
}

int netlink_list_veths(Netlink *nl, NetlinkLink **ret, size_t *ret_n) {
        int r = -EAGAIN;

        assert(nl);
        assert(ret);
        assert(ret_n);

        for (unsigned i = 0; i < LIST_TRIES && r == -EAGAIN; i++) {
                Veths v = {};

                r = list_veths(nl, &v);
                if (r < 0) {
                        free(v.links);
                        continue;
                }

                *ret = v.links;
                *ret_n = v.n;
        }

        return r;
}

int netlink_delete_link(Netlink *nl, unsigned ifindex) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        int r;

        assert(nl);
        assert(ifindex > 0);

        r = link_request(RTM_DELLINK, 0, ifindex, &msg);
        if (r < 0)
                return r;

        return netlink_call(nl, msg, NULL, NULL);
}

static int call_with_group(Netlink *nl, uint16_t type, unsigned ifindex, uint32_t group) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        int r;

        r = link_request(type, 0, ifindex, &msg);
        if (r < 0)
                return r;

        if (nla_put_u32(msg, IFLA_GROUP, group) < 0)
                return -EMSGSIZE;

        return netlink_call(nl, msg, NULL, NULL);
}

int netlink_delete_links(Netlink *nl, uint32_t group) {
        assert(nl);
        assert(group > 0);

        return call_with_group(nl, RTM_DELLINK, 0, group);
}

int netlink_set_link_group(Netlink *nl, unsigned ifindex, uint32_t group) {
        assert(nl);
        assert(ifindex > 0);

        return call_with_group(nl, RTM_NEWLINK, ifindex, group);
}

int netlink_set_link_up(Netlink *nl, unsigned ifindex) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        struct ifinfomsg header = {
                .ifi_family = AF_UNSPEC,
                .ifi_index = (int) ifindex,
                .ifi_flags = IFF_UP,
                .ifi_change = IFF_UP,
        };
        int r;

        assert(nl);
        assert(ifindex > 0);

        r = netlink_request_new(RTM_NEWLINK, 0, &header, sizeof(header), &msg);
        if (r < 0)
                return r;

        return netlink_call(nl, msg, NULL, NULL);
}

int netlink_set_link_alias(Netlink *nl, unsigned ifindex, const char *alias) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        int r;

        assert(nl);
        assert(ifindex > 0);
        assert(alias);

        r = link_request(RTM_NEWLINK, 0, ifindex, &msg);
        if (r < 0)
                return r;

        /* Its own length is the limit: the kernel wants no NUL here. */
        if (nla_put(msg, IFLA_IFALIAS, (int) strnlen(alias, 256), alias) < 0)
                return -EMSGSIZE;

        return netlink_call(nl, msg, NULL, NULL);
}

int netlink_add_altname(Netlink *nl, unsigned ifindex, const char *altname) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        struct nlattr *list;
        int r;

        assert(nl);
        assert(ifindex > 0);
        assert(altname);

        r = link_request(RTM_NEWLINKPROP, NLM_F_CREATE|NLM_F_EXCL|NLM_F_APPEND, ifindex, &msg);
        if (r < 0)
                return r;

        list = nla_nest_start(msg, IFLA_PROP_LIST|NLA_F_NESTED);
        if (!list || nla_put_string(msg, IFLA_ALT_IFNAME, altname) < 0)
                return -EMSGSIZE;

        (void) nla_nest_end(msg, list);
        return netlink_call(nl, msg, NULL, NULL);
}
