/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "tests/userns/guest.h"
#include "tests/userns/userns.h"

#define PORT 4711

/* Packets are lost while an interface comes up: send again until then. */
#define PATIENCE_MSEC 100
#define TRIES 50

const Id128 host_id = {{ 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef }};

void guest_init(Guest *g) {
        *g = (Guest) { .netns_fd = userns_new_network() };
        CHECK_OK(g->netns_fd);
}

void guest_done(Guest *g) {
        closep(&g->netns_fd);
}

int guest_address(Guest *g, const char *machine, const Config *config) {
        AddressRequest request = { .machine = machine, .host = host_id, .config = config };
        int r;

        r = address_plan(&request, &g->addresses);
        if (r < 0)
                return r;

        return address_setup(&g->addresses, g->netns_fd, g->link.ifindex);
}

void guest_wire(Guest *g, const char *machine) {
        Config config;

        config_init(&config);
        guest_init(g);
        CHECK_OK(link_create(machine, host_id, g->netns_fd, &g->link));
        CHECK_OK(guest_address(g, machine, &config));
        SKIP_UNLESS(!g->addresses.by_networkd, "a host without systemd-networkd");
}

NetlinkLink find_link(int netns_fd, const char *name) {
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        NetlinkLink l = {};

        CHECK_OK(netns_fd >= 0 ? netlink_open_in(netns_fd, &nl) : netlink_open(&nl));
        CHECK_OK(netlink_find_link(nl, name, &l));
        return l;
}

int drop_link(const char *machine, unsigned ifindex) {
        int r = link_discard(machine, host_id, ifindex);

        CHECK_OK(link_flush());
        return r;
}

void check_sysctl(const char *path, const char *wanted) {
        _cleanup_free_ char *value = NULL;

        CHECK_OK(file_read(path, 64, &value));
        value[strcspn(value, "\n")] = '\0';
        CHECK_STREQ(value, wanted);
}

static socklen_t socket_address(const InetRange *a, struct sockaddr_storage *ret) {
        *ret = (struct sockaddr_storage) { .ss_family = (sa_family_t) a->family };

        if (a->family == AF_INET) {
                struct sockaddr_in *in = (struct sockaddr_in *) ret;

                in->sin_port = htons(PORT);
                memcpy(&in->sin_addr, a->bytes, 4);
                return sizeof(*in);
        } else {
                struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) ret;

                in6->sin6_port = htons(PORT);
                memcpy(&in6->sin6_addr, a->bytes, 16);
                return sizeof(*in6);
        }
}

int bind_in(int netns_fd, const InetRange *address) {
        struct sockaddr_storage sa;
        _cleanup_close_ int own = -EBADF, fd = -EBADF;
        socklen_t n = socket_address(address, &sa);

        own = open("/proc/self/ns/net", O_RDONLY|O_CLOEXEC);
        CHECK_OK(own);
        if (netns_fd >= 0)
                CHECK_OK(setns(netns_fd, CLONE_NEWNET));
        fd = socket(address->family, SOCK_DGRAM|SOCK_CLOEXEC, 0);
        CHECK_OK(setns(own, CLONE_NEWNET));
        CHECK_OK(fd);
        CHECK_OK(bind(fd, (struct sockaddr *) &sa, n));
        return TAKE_FD(fd);
}

void send_to(int fd, const InetRange *to, char what) {
        struct sockaddr_storage sa;
        socklen_t n = socket_address(to, &sa);

        (void) sendto(fd, &what, 1, MSG_DONTWAIT, (struct sockaddr *) &sa, n);
}

/* What has come in, or 0 after a while. Not before it was sent: the bytes say which is which. */
static char receive_from(int fd, InetRange *ret) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        struct sockaddr_storage sa = {};
        socklen_t n = sizeof(sa);
        char what;

        if (poll(&p, 1, PATIENCE_MSEC) <= 0)
                return 0;

        CHECK(recvfrom(fd, &what, 1, 0, (struct sockaddr *) &sa, &n) == 1);
        *ret = (InetRange) { .family = sa.ss_family };
        if (sa.ss_family == AF_INET)
                memcpy(ret->bytes, &((struct sockaddr_in *) &sa)->sin_addr, 4);
        else
                memcpy(ret->bytes, &((struct sockaddr_in6 *) &sa)->sin6_addr, 16);
        return what;
}

char deliver(int from, const InetRange *to, int at, char what, InetRange *ret_from) {
        for (unsigned i = 0; i < TRIES; i++) {
                char got;

                send_to(from, to, what);
                got = receive_from(at, ret_from);
                if (got == what || got == EVIL)
                        return got;
        }

        return 0;
}

bool same_address(const InetRange *a, const InetRange *b) {
        return a->family == b->family && memcmp(a->bytes, b->bytes, inet_size(a->family)) == 0;
}

void check_both_ways(int a, const InetRange *address_a, int b, const InetRange *address_b) {
        InetRange from = {};

        CHECK(deliver(a, address_b, b, 'x', &from) == 'x');
        CHECK(same_address(&from, address_a));
        CHECK(deliver(b, address_a, a, 'y', &from) == 'y');
        CHECK(same_address(&from, address_b));
}
