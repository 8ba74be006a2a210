/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names: of users, of machines for the resolver, of what our interfaces have. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "daemon/core/idmap.h"
#include "daemon/varlink/dns.h"
#include "daemon/varlink/varlink-machine.h"
#include "daemon/varlink/varlink-resolve.h"
#include "daemon/varlink/varlink-service.h"
#include "daemon/varlink/varlink-userdb.h"
#include "lib/base/text.h"
#include "tests/test.h"

TEST(descriptions_name_all_methods) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_machine_interface, &varlink_userdb_interface, &varlink_resolve_interface,
                &varlink_service_interface, &varlink_systemd_interface };

        for (size_t i = 0; i < ELEMENTSOF(interfaces); i++) {
                const char *text = interfaces[i]->description;
                size_t n = 0;

                for (const VarlinkMethod *m = interfaces[i]->methods; m->name; m++, n++) {
                        char line[64];

                        (void) snprintf(line, sizeof(line), "\nmethod %s(", m->name);
                        CHECK(strstr(text, line));
                }
                for (const char *s = text; (s = strstr(s, "\nmethod ")); s++)
                        n--;
                CHECK(n == 0);
        }
}

/* "(name: …" and ",\n  name: …" between a method's name and its "->". */
static bool describes_field(const char *text, const char *method, const char *field) {
        char line[64], wanted[64];
        const char *start, *end, *found;

        (void) snprintf(line, sizeof(line), "\nmethod %s(", method);
        (void) snprintf(wanted, sizeof(wanted), "%s: ", field);
        start = strstr(text, line);
        end = start ? strstr(start, "->") : NULL;
        for (found = start; found && (found = strstr(found, wanted)) && found < end; found++)
                if (strchr("( \n", found[-1]))
                        return true;

        return false;
}

TEST(descriptions_name_all_parameters) {
        static const VarlinkInterface *const interfaces[] = {
                &varlink_machine_interface, &varlink_userdb_interface, &varlink_resolve_interface,
                &varlink_service_interface, &varlink_systemd_interface };

        for (size_t i = 0; i < ELEMENTSOF(interfaces); i++)
                for (const VarlinkMethod *m = interfaces[i]->methods; m->name; m++)
                        for (const VarlinkField *f = m->fields; f && f->name; f++)
                                CHECK(describes_field(interfaces[i]->description, m->name, f->name));
}

TEST(names_of_users_are_read_strictly) {
        static const char *const bad[] = {
                "", "vu-", "vu-web", "vu-web-", "vu-web-00", "vu-web-01", "vu-web--1", "vu-web- 1",
                "vg-web-1",
                "vu-web-4294967295", "vu-web-4294967296", "vu--1", "vu-.host-0", "vu-we b-1", "root",
                "vu-a-name-that-is-longer-than-allowed-0",
        };
        char *machine;
        uint32_t id;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_ERR(userdb_name_parse(bad[i], "vu-", &machine, &id), EINVAL);

        CHECK_OK(userdb_name_parse("vu-my-web.x-1000", "vu-", &machine, &id));
        CHECK_STREQ(machine, "my-web.x");
        CHECK(id == 1000);
        free(machine);
}

/* What clients do not ask for at all, as they read there that they need not. Sockets have such
 * attributes on newer kernels only; where files have them, those do for us. */
TEST(our_socket_says_which_names_and_ids_are_ours) {
        static const char *const table[][2] = {
                { "user.userdb.username", "vu-*" },
                { "user.userdb.groupname", "vg-*" },
        };
        static const char *const ids[] = { "user.userdb.uid", "user.userdb.gid" };
        char path[] = "/var/tmp/berth-test-XXXXXX", range[64], value[64];
        int fd = mkstemp(path), r;

        CHECK_OK(fd);
        r = setxattr(path, "user.berth", "", 0, 0);
        if (r >= 0)
                userdb_mark(path);
        (void) unlink(path);
        SKIP_UNLESS(r >= 0, "attributes of files in /var/tmp");

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                ssize_t n = fgetxattr(fd, table[i][0], value, sizeof(value) - 1);

                CHECK_OK(n);
                value[n] = 0;
                CHECK_STREQ(value, table[i][1]);
        }

        (void) snprintf(range, sizeof(range), "%u-%u", HOST_IDS, UINT32_MAX - 1);
        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                ssize_t n = fgetxattr(fd, ids[i], value, sizeof(value) - 1);

                CHECK_OK(n);
                value[n] = 0;
                CHECK_STREQ(value, range);
        }
        (void) close(fd);
}

TEST(records_look_as_they_do_on_the_wire) {
        _cleanup_free_ char *text = NULL, *text6 = NULL;
        static const uint8_t address[4] = { 10, 0, 0, 1 }, address6[16] = { 0xfe, 0x80, [15] = 1 };
        char long_label[80] = "";

        /* 3 w e b 0 | 0 1 | 0 1 | 0 0 0 0 | 0 4 | 10 0 0 1 */
        CHECK_OK(dns_record_encode("web", DNS_TYPE_A, address, 4, &text));
        CHECK_STREQ(text, "A3dlYgAAAQABAAAAAAAECgAAAQ==");
        CHECK_OK(dns_record_encode("a.b", DNS_TYPE_AAAA, address6, 16, &text6));
        CHECK_STREQ(text6, "AWEBYgAAHAABAAAAAAAQ/oAAAAAAAAAAAAAAAAAAAQ==");

        memset(long_label, 'a', 64);
        CHECK(!dns_name_is_valid(long_label));
        CHECK(!dns_name_is_valid("a..b"));
        CHECK(!dns_name_is_valid(""));
        long_label[63] = 0;
        CHECK(dns_name_is_valid(long_label));
}

TEST_MAIN()
