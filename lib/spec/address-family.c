/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/base/base.h"
#include "lib/spec/address-family.h"
#include "lib/spec/read.h"

static const char *const name_table[] = {
        [AF_UNIX] = "AF_UNIX",
        [AF_INET] = "AF_INET",
        [AF_AX25] = "AF_AX25",
        [AF_IPX] = "AF_IPX",
        [AF_APPLETALK] = "AF_APPLETALK",
        [AF_NETROM] = "AF_NETROM",
        [AF_BRIDGE] = "AF_BRIDGE",
        [AF_ATMPVC] = "AF_ATMPVC",
        [AF_X25] = "AF_X25",
        [AF_INET6] = "AF_INET6",
        [AF_ROSE] = "AF_ROSE",
        [AF_DECnet] = "AF_DECnet",
        [AF_NETBEUI] = "AF_NETBEUI",
        [AF_SECURITY] = "AF_SECURITY",
        [AF_KEY] = "AF_KEY",
        [AF_NETLINK] = "AF_NETLINK",
        [AF_PACKET] = "AF_PACKET",
        [AF_ASH] = "AF_ASH",
        [AF_ECONET] = "AF_ECONET",
        [AF_ATMSVC] = "AF_ATMSVC",
        [AF_RDS] = "AF_RDS",
        [AF_SNA] = "AF_SNA",
        [AF_IRDA] = "AF_IRDA",
        [AF_PPPOX] = "AF_PPPOX",
        [AF_WANPIPE] = "AF_WANPIPE",
        [AF_LLC] = "AF_LLC",
        [AF_IB] = "AF_IB",
        [AF_MPLS] = "AF_MPLS",
        [AF_CAN] = "AF_CAN",
        [AF_TIPC] = "AF_TIPC",
        [AF_BLUETOOTH] = "AF_BLUETOOTH",
        [AF_IUCV] = "AF_IUCV",
        [AF_RXRPC] = "AF_RXRPC",
        [AF_ISDN] = "AF_ISDN",
        [AF_PHONET] = "AF_PHONET",
        [AF_IEEE802154] = "AF_IEEE802154",
        [AF_CAIF] = "AF_CAIF",
        [AF_ALG] = "AF_ALG",
        [AF_NFC] = "AF_NFC",
        [AF_VSOCK] = "AF_VSOCK",
        [AF_KCM] = "AF_KCM",
        [AF_QIPCRTR] = "AF_QIPCRTR",
        [AF_SMC] = "AF_SMC",
        [AF_XDP] = "AF_XDP",
};

_Static_assert(ELEMENTSOF(name_table) <= ADDRESS_FAMILIES, "a family is a bit");

const char *address_family_name(unsigned family) {
        return family < ELEMENTSOF(name_table) ? name_table[family] : NULL;
}

static int find(const char *name) {
        for (unsigned i = 0; i < ELEMENTSOF(name_table); i++)
                if (name_table[i] && streq(name_table[i], name))
                        return (int) i;

        return -EINVAL;
}

int address_families_parse(const char *s, uint64_t *ret) {
        assert(s);
        assert(ret);

        return spec_read_bits(s, " ", find, ret);
}
