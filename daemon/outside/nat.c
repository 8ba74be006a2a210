/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <stdio.h>

#include "daemon/outside/nat.h"
#include "lib/base/file.h"
#include "lib/base/ifname.h"
#include "lib/base/text.h"
#include "lib/kernel/nft.h"

#define FORWARD4 "/proc/sys/net/ipv4/ip_forward"
#define FORWARD6 "/proc/sys/net/ipv6/conf/all/forwarding"
#define CONF6 "/proc/sys/net/ipv6/conf"

#define VALUE_MAX 64

/* The masks are those of CONFIG_LENGTH4 and CONFIG_LENGTH6. Masked addresses in
 * plain sets, because a set of ranges is read back whole for each change. */
#define FROM4 "iifname . ip saddr & 255.255.255.240 @nets4"
#define FROM6 "iifname . ip6 saddr & ffff:ffff:ffff:ffff:: @nets6"

/* All of it may be there already: what is added again stays, chains are filled
 * anew. Replies come in, and what the administrator sends on with a rule. */
static const char table[] =
        "add table inet berth\n"
        "add set inet berth links { type ifname; }\n"
        "add set inet berth nets4 { type ifname . ipv4_addr; }\n"
        "add set inet berth nets6 { type ifname . ipv6_addr; }\n"
        "add chain inet berth forward { type filter hook forward priority filter; policy accept; }\n"
        "add chain inet berth postrouting { type nat hook postrouting priority srcnat; policy accept; }\n"
        "flush chain inet berth forward\n"
        "flush chain inet berth postrouting\n"
        "add rule inet berth forward " FROM4 " accept\n"
        "add rule inet berth forward " FROM6 " accept\n"
        "add rule inet berth forward iifname @links drop\n"
        "add rule inet berth forward oifname @links ct state established,related accept\n"
        "add rule inet berth forward oifname @links ct status dnat accept\n"
        "add rule inet berth forward oifname @links drop\n"
        "add rule inet berth postrouting " FROM4 " oifname != @links masquerade\n"
        "add rule inet berth postrouting " FROM6 " oifname != @links masquerade\n";

/* Made first, so that removing it never fails. */
static const char no_table[] =
        "add table inet berth\n"
        "delete table inet berth\n";

static int enable(const char *path) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = file_read(path, VALUE_MAX, &value);
        if (r < 0)
                return r;

        return startswith(value, "0") ? file_write(path, "1") : 0;
}

/* Writes 2, "even if forwarding", where there is 1. Interfaces may go meanwhile. */
static int keep_listening(const char *ifname) {
        _cleanup_free_ char *path = NULL, *value = NULL;
        int r;

        r = text_printf(&path, CONF6 "/%s/accept_ra", ifname);
        if (r < 0)
                return r;

        r = file_read(path, VALUE_MAX, &value);
        if (r >= 0 && startswith(value, "1"))
                r = file_write(path, "2");

        return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

/* "default" is for interfaces to come; "all" has no meaning here. */
static int keep_listening_to_routers(void) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *e;
        int r;

        d = opendir(CONF6);
        if (!d)
                return -errno;

        while ((e = readdir(d))) {
                if (e->d_name[0] == '.' || streq(e->d_name, "all") || streq(e->d_name, "lo"))
                        continue;

                r = keep_listening(e->d_name);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int enable6(void) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = file_read(FORWARD6, VALUE_MAX, &value);
        if (r == -ENOENT || (r >= 0 && !startswith(value, "0")))
                return 0;
        if (r < 0)
                return r;

        r = keep_listening_to_routers();
        if (r < 0)
                return r;

        return enable(FORWARD6);
}

int nat_enable_forwarding(bool four, bool six) {
        int r;

        if (four) {
                r = enable(FORWARD4);
                if (r < 0)
                        return r;
        }

        return six ? enable6() : 0;
}

/* Stricter than ifname_is_valid(): these go into text that is read by others. */
static bool is_plain(const char *ifname) {
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

        return ifname_is_valid(ifname) && ifname[strspn(ifname, plain)] == '\0';
}

static void write_net(FILE *f, const char *verb, const char *set, const char *ifname, const InetRange *net) {
        char s[INET_STRING_SIZE];

        if (net->family == 0)
                return;

        fprintf(f, "%s element inet berth %s { \"%s\" . %s }\n",
                verb, set, ifname, inet_address_format(net, s));
}

static void write_entry(FILE *f, const char *verb, const NatEntry *e) {
        fprintf(f, "%s element inet berth links { \"%s\" }\n", verb, e->ifname);
        write_net(f, verb, "nets4", e->ifname, &e->net4);
        write_net(f, verb, "nets6", e->ifname, &e->net6);
}

/* @before, then each of @verbs for every entry. */
static int apply(
                const char *const before[],
                const char *const verbs[],
                const NatEntry *entries,
                size_t n_entries,
                char **reterr_text) {

        _cleanup_free_ char *commands = NULL;
        size_t size;
        FILE *f;

        if (reterr_text)
                *reterr_text = NULL;

        for (size_t i = 0; i < n_entries; i++)
                if (!is_plain(entries[i].ifname))
                        return -EINVAL;

        f = open_memstream(&commands, &size);
        if (!f)
                return -errno;

        for (; *before; before++)
                fputs(*before, f);
        for (; *verbs; verbs++)
                for (size_t i = 0; i < n_entries; i++)
                        write_entry(f, *verbs, &entries[i]);

        if (fclose(f) != 0)
                return -ENOMEM;

        return nft_apply(commands, reterr_text);
}

static void drop_text(char **reterr_text) {
        if (!reterr_text)
                return;

        free(*reterr_text);
        *reterr_text = NULL;
}

int nat_add(const NatEntry *entry, char **reterr_text) {
        static const char *const nothing[] = { NULL }, *const before[] = { table, NULL };
        static const char *const verbs[] = { "add", NULL };
        int r;

        assert(entry);

        /* Filling chains anew takes the kernel a hundred times as long as adding elements. */
        r = apply(nothing, verbs, entry, 1, reterr_text);
        if (r != -ENOENT)
                return r;

        drop_text(reterr_text);
        return apply(before, verbs, entry, 1, reterr_text);
}

int nat_remove(const NatEntry *entries, size_t n_entries, char **reterr_text) {
        static const char *const nothing[] = { NULL }, *const verbs[] = { "add", "delete", NULL };
        int r;

        assert(entries || n_entries == 0);

        /* Added first, so that what is not there can be deleted. Without the table that fails. */
        r = apply(nothing, verbs, entries, n_entries, reterr_text);
        if (r != -ENOENT)
                return r;

        drop_text(reterr_text);
        return 0;
}

int nat_replace(const NatEntry *entries, size_t n_entries, char **reterr_text) {
        static const char *const none[] = { no_table, NULL }, *const some[] = { no_table, table, NULL };
        static const char *const verbs[] = { "add", NULL };

        assert(entries || n_entries == 0);

        /* On most hosts, at most starts. */
        if (n_entries == 0 && nft_find_table("berth") == -ENOENT) {
                if (reterr_text)
                        *reterr_text = NULL;
                return 0;
        }

        return apply(n_entries > 0 ? some : none, verbs, entries, n_entries, reterr_text);
}
