/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sched.h>
#include <sys/socket.h>

#include "lib/kernel/netlink.h"

/* The kernel fills up to 32 KiB when it lists things. */
#define BUFFER_SIZE (32U * 1024)

struct Netlink {
        struct nl_sock *sock;   /* NULL once its answers got out of step */
};

/* What is known of one call while its answers come in. */
typedef struct Call {
        NetlinkAnswer on_answer;
        void *userdata;
        int result;
        bool done;              /* nothing more will come */
        bool left;              /* answers are left in the socket */
        bool interrupted;
} Call;

static int open_protocol(int protocol, Netlink **ret) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        int r;

        assert(ret);

        nl = calloc(1, sizeof(*nl));
        if (!nl)
                return -ENOMEM;

        nl->sock = nl_socket_alloc();
        if (!nl->sock)
                return -ENOMEM;

        /* libnl's own numbers for errors lose which it was; errno is fresh. */
        errno = 0;
        r = nl_connect(nl->sock, protocol);
        if (r < 0)
                return errno > 0 ? -errno : -EIO;

        r = nl_socket_set_msg_buf_size(nl->sock, BUFFER_SIZE);
        if (r < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(nl);
        return 0;
}

int netlink_open(Netlink **ret) {
        return open_protocol(NETLINK_ROUTE, ret);
}

int netlink_open_netfilter(Netlink **ret) {
        return open_protocol(NETLINK_NETFILTER, ret);
}

int netlink_open_in(int netns_fd, Netlink **ret) {
        _cleanup_close_ int own = -EBADF;
        int r;

        assert(netns_fd >= 0);
        assert(ret);

        own = open("/proc/thread-self/ns/net", O_RDONLY|O_CLOEXEC);
        if (own < 0)
                return -errno;

        /* To where we are already: if that is allowed now, it is later. */
        if (setns(own, CLONE_NEWNET) < 0)
                return -errno;

        if (setns(netns_fd, CLONE_NEWNET) < 0)
                return -errno;

        r = netlink_open(ret);

        if (setns(own, CLONE_NEWNET) < 0)
                abort();

        return r;
}

Netlink *netlink_close(Netlink *nl) {
        if (!nl)
                return NULL;

        nl_socket_free(nl->sock);
        free(nl);
        return NULL;
}

int netlink_request_new(
                uint16_t type,
                uint16_t flags,
                const void *header,
                size_t size,
                struct nl_msg **ret) {

        struct nl_msg *msg;

        assert(header);
        assert(ret);

        msg = nlmsg_alloc_simple(type, flags);
        if (!msg)
                return -ENOMEM;

        if (nlmsg_append(msg, (void *) header, size, NLMSG_ALIGNTO) < 0) {
                nlmsg_free(msg);
                return -ENOMEM;
        }

        *ret = msg;
        return 0;
}

void netlink_request_freep(struct nl_msg **msg) {
        nlmsg_free(*msg);
}

static int on_valid(struct nl_msg *msg, void *userdata) {
        Call *call = userdata;
        int r;

        if (!call->on_answer)
                return NL_OK;

        r = call->on_answer(nlmsg_hdr(msg), call->userdata);
        if (r == 0)
                return NL_OK;

        call->result = MIN(r, 0);
        call->done = call->left = true;
        return NL_STOP;
}

static int on_end(_unused_ struct nl_msg *msg, void *userdata) {
        Call *call = userdata;

        call->done = true;
        return NL_STOP;
}

/* A list ends with a number: the error that ended it, if negative. */
static int on_finish(struct nl_msg *msg, void *userdata) {
        struct nlmsghdr *h = nlmsg_hdr(msg);
        Call *call = userdata;
        int32_t error = 0;

        if (nlmsg_datalen(h) >= (int) sizeof(error))
                memcpy(&error, nlmsg_data(h), sizeof(error));

        call->result = MIN(error, 0);
        return on_end(msg, userdata);
}

static int on_interrupted(_unused_ struct nl_msg *msg, void *userdata) {
        Call *call = userdata;

        call->interrupted = true;
        return NL_OK;
}

static int on_error(_unused_ struct sockaddr_nl *from, struct nlmsgerr *error, void *userdata) {
        Call *call = userdata;

        call->result = error->error < 0 ? error->error : -EIO;
        call->done = true;
        return NL_STOP;
}

static int callbacks_new(Call *call, struct nl_cb **ret) {
        struct nl_cb *cb;

        cb = nl_cb_alloc(NL_CB_DEFAULT);
        if (!cb)
                return -ENOMEM;

        (void) nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, call);
        (void) nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, call);
        (void) nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, call);
        (void) nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, call);
        (void) nl_cb_err(cb, NL_CB_CUSTOM, on_error, call);

        *ret = cb;
        return 0;
}

static int receive(Netlink *nl, Call *call) {
        struct nl_cb *cb;
        int r;

        r = callbacks_new(call, &cb);
        if (r < 0)
                return r;

        while (!call->done) {
                errno = 0;
                r = nl_recvmsgs(nl->sock, cb);
                if (r < 0 && !call->done) {
                        call->result = errno > 0 ? -errno : -EBADMSG;
                        call->done = call->left = true;
                }
        }

        nl_cb_put(cb);
        return call->result;
}

int netlink_call(Netlink *nl, struct nl_msg *msg, NetlinkAnswer on_answer, void *userdata) {
        Call call = { .on_answer = on_answer, .userdata = userdata };
        int r;

        assert(nl);
        assert(msg);

        if (!nl->sock)
                return -ENOTCONN;

        errno = 0;
        r = nl_send_auto(nl->sock, msg);
        if (r < 0)
                return errno > 0 ? -errno : -EIO;

        r = receive(nl, &call);

        if (call.left || !call.done) {
                nl_socket_free(nl->sock);
                nl->sock = NULL;
        }

        if (r >= 0 && call.interrupted)
                return -EAGAIN;

        return r;
}
