/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

#include "lib/base/beneath.h"
#include "lib/base/id128.h"

/* An id, its newline, and a little for those who add blanks. */
#define MACHINE_ID_FILE_MAX 128

bool id128_is_null(Id128 id) {
        return id128_equal(id, (Id128) {});
}

bool id128_equal(Id128 a, Id128 b) {
        return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;

        return -EINVAL;
}

int id128_parse(const char *s, Id128 *ret) {
        bool dashes;
        Id128 id;

        assert(s);
        assert(ret);

        dashes = strlen(s) == ID128_UUID_MAX - 1;
        if (!dashes && strlen(s) != ID128_STRING_MAX - 1)
                return -EINVAL;

        for (size_t i = 0; i < sizeof(id.bytes); i++) {
                int high, low;

                if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && *s++ != '-')
                        return -EINVAL;

                high = hex_digit(*s++);
                low = hex_digit(*s++);
                if (high < 0 || low < 0)
                        return -EINVAL;

                id.bytes[i] = (uint8_t) (high << 4 | low);
        }

        *ret = id;
        return 0;
}

const char *id128_format(Id128 id, char buffer[static ID128_STRING_MAX]) {
        for (size_t i = 0; i < sizeof(id.bytes); i++)
                (void) sprintf(buffer + 2 * i, "%02x", id.bytes[i]);

        return buffer;
}

const char *id128_format_uuid(Id128 id, char buffer[static ID128_UUID_MAX]) {
        char *p = buffer;

        for (size_t i = 0; i < sizeof(id.bytes); i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *p++ = '-';
                p += sprintf(p, "%02x", id.bytes[i]);
        }

        return buffer;
}

int id128_random(Id128 *ret) {
        Id128 id;

        assert(ret);

        if (getrandom(id.bytes, sizeof(id.bytes), 0) != sizeof(id.bytes))
                return -errno;

        id.bytes[6] = (id.bytes[6] & 0x0f) | 0x40;
        id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;

        *ret = id;
        return 0;
}

int id128_read_machine(int root_fd, Id128 *ret) {
        _cleanup_free_ char *text = NULL;
        Id128 id;
        int r;

        assert(ret);

        r = beneath_read(root_fd, "etc/machine-id", MACHINE_ID_FILE_MAX, &text);
        if (r < 0)
                return r;

        text[strcspn(text, "\n")] = 0;
        if (isempty(text) || streq(text, "uninitialized"))
                return -ENOENT;

        r = id128_parse(text, &id);
        if (r < 0)
                return r;
        if (id128_is_null(id))
                return -EINVAL;

        *ret = id;
        return 0;
}

int id128_host_machine(Id128 *ret) {
        _cleanup_close_ int root_fd = -EBADF;

        root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return -errno;

        return id128_read_machine(root_fd, ret);
}
