/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include "lib/kernel/netlink.h"
#include "lib/kernel/nft.h"

#define ERRNO_MAX 133

/* NFPROTO_INET of linux/netfilter.h, which does not go with netinet/in.h. */
#define FAMILY_INET 1

static inline void nft_ctx_freep(struct nft_ctx **ctx) {
        if (*ctx)
                nft_ctx_free(*ctx);
}

/* A question to the kernel, without the library. */
static int ask_kernel(uint16_t type, uint8_t family, const char *table) {
        _cleanup_(netlink_request_freep) struct nl_msg *msg = NULL;
        _cleanup_(netlink_closep) Netlink *nl = NULL;
        struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };
        int r;

        r = netlink_open_netfilter(&nl);
        if (r == -EPROTONOSUPPORT)
                return -EOPNOTSUPP;
        if (r < 0)
                return r;

        r = netlink_request_new((uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | type), 0, &header, sizeof(header),
                                &msg);
        if (r < 0)
                return r;
        if (table && nla_put_string(msg, NFTA_TABLE_NAME, table) < 0)
                return -ENOMEM;

        r = netlink_call(nl, msg, NULL, NULL);
        return r == -EINVAL ? -EOPNOTSUPP : r;
}

/* The library ends the process if the kernel has no nftables at all. So that
 * is asked beforehand, by the question that it would begin with. */
static int check_kernel(void) {
        return ask_kernel(NFT_MSG_GETGEN, AF_UNSPEC, NULL);
}

int nft_find_table(const char *name) {
        assert(name);

        return ask_kernel(NFT_MSG_GETTABLE, FAMILY_INET, name);
}

/* The kernel's errno is told as text only, at the end of the first line. */
static int error_from_text(const char *text) {
        size_t n = strcspn(text, "\n");

        for (int e = 1; e <= ERRNO_MAX; e++) {
                const char *meaning = strerror(e);
                size_t k = strlen(meaning);

                if (n > k && strncmp(text + n - k, meaning, k) == 0 && text[n - k - 1] == ' ')
                        return -e;
        }

        return -EIO;
}

int nft_apply(const char *commands, char **reterr_text) {
        _cleanup_(nft_ctx_freep) struct nft_ctx *ctx = NULL;
        const char *text;
        int r;

        assert(commands);

        if (reterr_text)
                *reterr_text = NULL;

        r = check_kernel();
        if (r < 0)
                return r;

        ctx = nft_ctx_new(NFT_CTX_DEFAULT);
        if (!ctx)
                return -ENOMEM;

        /* Its output is standard output otherwise. */
        if (nft_ctx_buffer_output(ctx) != 0 || nft_ctx_buffer_error(ctx) != 0)
                return -ENOMEM;

        if (nft_run_cmd_from_buffer(ctx, commands) == 0)
                return 0;

        text = nft_ctx_get_error_buffer(ctx);
        if (reterr_text && text)
                *reterr_text = strdup(text);
        return text ? error_from_text(text) : -EIO;
}
