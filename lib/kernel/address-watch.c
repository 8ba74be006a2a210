/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/capability.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "lib/kernel/address-watch.h"
#include "lib/kernel/privileges.h"

/* Without it the socket is there, and silent. */
static int check_privilege(void) {
        Privileges p;
        int r;

        r = privileges_read(&p);
        if (r < 0)
                return r;

        return p.effective & (UINT64_C(1) << CAP_NET_BROADCAST) ? 0 : -EPERM;
}

int address_watch_open(void) {
        const struct sockaddr_nl address = {
                .nl_family = AF_NETLINK,
                .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
        };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = check_privilege();
        if (r < 0)
                return r;

        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
        if (fd < 0)
                return -errno;

        if (setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &(int) { 1 }, sizeof(int)) < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        return TAKE_FD(fd);
}

int address_watch_read(int fd, int *ret_number) {
        union {
                struct cmsghdr header;
                uint8_t room[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct sockaddr_nl sender = {};
        uint8_t byte;
        struct iovec part = { .iov_base = &byte, .iov_len = sizeof(byte) };
        struct msghdr m = {
                .msg_name = &sender,
                .msg_namelen = sizeof(sender),
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        int number = ADDRESS_WATCH_HERE;

        assert(fd >= 0);
        assert(ret_number);

        /* Other processes may send to us, too: all that we take from it is that there is something new. */
        if (recvmsg(fd, &m, MSG_TRUNC) < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
                if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
                        memcpy(&number, CMSG_DATA(c), sizeof(number));

        *ret_number = number;
        return 1;
}

static int request_number(
                Netlink *nl,
                uint16_t type,
                int netns_fd,
                NetlinkAnswer on_answer,
                void *userdata) {

        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        const struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
        int r;

        r = netlink_request_new(type, 0, &header, sizeof(header), &msg);
        if (r < 0)
                return r;

        if (nla_put_u32(msg, NETNSA_FD, (uint32_t) netns_fd) < 0)
                return -EMSGSIZE;
        if (type == RTM_NEWNSID && nla_put_u32(msg, NETNSA_NSID, (uint32_t) NETNSA_NSID_NOT_ASSIGNED) < 0)
                return -EMSGSIZE;

        return netlink_call(nl, msg, on_answer, userdata);
}

static int on_number(struct nlmsghdr *answer, void *userdata) {
        struct nlattr *a[NETNSA_MAX + 1];
        int *number = userdata;

        if (answer->nlmsg_type != RTM_NEWNSID)
                return 0;
        if (nlmsg_parse(answer, sizeof(struct rtgenmsg), a, NETNSA_MAX, NULL) < 0 || !a[NETNSA_NSID])
                return -EBADMSG;

        *number = (int) nla_get_u32(a[NETNSA_NSID]);
        return 0;
}

int netlink_number_namespace(Netlink *nl, int netns_fd, int *ret) {
        int r, number = NETNSA_NSID_NOT_ASSIGNED;

        assert(nl);
        assert(netns_fd >= 0);
        assert(ret);

        r = request_number(nl, RTM_NEWNSID, netns_fd, NULL, NULL);
        if (r < 0 && r != -EEXIST)
                return r;

        r = request_number(nl, RTM_GETNSID, netns_fd, on_number, &number);
        if (r < 0)
                return r;
        if (number < 0)
                return -ENODATA;

        *ret = number;
        return 0;
}
