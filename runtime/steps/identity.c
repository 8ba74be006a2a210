/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who the guest is, and what it may know of its host. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/file.h"
#include "lib/base/siphash.h"
#include "lib/base/text.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define OS_RELEASE_SIZE_MAX (64 * 1024)

/* Two keys, drawn once, for the two halves of an id. */
static const uint8_t uuid_keys[2][16] = {
        { 0x5c, 0x1e, 0x93, 0x0b, 0xd2, 0x77, 0x4a, 0xf6, 0x81, 0x3d, 0xe9, 0x24, 0xb8, 0x60, 0xcf, 0x15 },
        { 0xa7, 0x42, 0x0d, 0xf8, 0x36, 0xcb, 0x91, 0x5e, 0x29, 0xe4, 0x7a, 0x10, 0x6d, 0xb3, 0x88, 0xfc },
};

/* The same machine on the same host has the same id each time, and no other
 * machine has it: what the guest adopts as its machine id must not change. */
static int derive_uuid(const char *machine, Id128 *ret) {
        uint8_t data[sizeof(Id128) + 64];
        size_t size = MIN(strlen(machine), sizeof(data) - sizeof(Id128));
        Id128 host, id;

        if (id128_host_machine(&host) < 0)
                return id128_random(ret);

        memcpy(data, host.bytes, sizeof(host));
        memcpy(data + sizeof(host), machine, size);

        for (size_t i = 0; i < 2; i++) {
                uint64_t half = siphash24(data, sizeof(host) + size, uuid_keys[i]);

                memcpy(id.bytes + i * sizeof(half), &half, sizeof(half));
        }

        /* Marked as a UUID of version 4, as machine-id(5) wants it. */
        id.bytes[6] = (uint8_t) ((id.bytes[6] & 0x0f) | 0x40);
        id.bytes[8] = (uint8_t) ((id.bytes[8] & 0x3f) | 0x80);

        *ret = id;
        return 0;
}

static int find_uuid(Run *run) {
        /* The image's own id goes before everything. One of garbage is none:
         * the guest will replace it. The host's is nobody else's. */
        if (!run->of_host && id128_read_machine(run->root_fd, &run->uuid) >= 0)
                return 0;

        if (!id128_is_null(run->spec->uuid)) {
                run->uuid = run->spec->uuid;
                return 0;
        }

        return derive_uuid(run->spec->machine, &run->uuid);
}

static int describe_host(Run *run) {
        static const struct {
                const char *field, *variable;
        } fields[] = {
                { "ID", "container_host_id" },
                { "VERSION_ID", "container_host_version_id" },
                { "BUILD_ID", "container_host_build_id" },
                { "VARIANT_ID", "container_host_variant_id" },
        };
        _cleanup_(strv_freep) char **pairs = NULL;
        int r;

        if (file_read("/etc/os-release", OS_RELEASE_SIZE_MAX, &run->host_os_release) < 0 &&
            file_read("/usr/lib/os-release", OS_RELEASE_SIZE_MAX, &run->host_os_release) < 0)
                return 0; /* the host is not obliged to have one */

        r = envfile_parse(run->host_os_release, &pairs);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const char *value = envfile_get(pairs, fields[i].field);

                if (isempty(value))
                        continue;

                r = strv_pushf(&run->host_environment, "%s=%s", fields[i].variable, value);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int apply(void *subject) {
        Run *run = subject;
        int r;

        r = find_uuid(run);
        if (r < 0)
                return r;

        return describe_host(run);
}

static void explain(const void *subject, FILE *f) {
        const Run *run = subject;

        (void) fprintf(f, "machine %s", run->spec->machine);
}

const Step step_identity = {
        .name = "identity",
        .stage = STAGE_HOST,
        .apply = apply,
        .explain = explain,
};

static bool is_file(const Run *run, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = beneath_open(run->root_fd, path, O_PATH | O_NOFOLLOW, 0);
        return fd >= 0 && fstat(fd, &st) >= 0 && S_ISREG(st.st_mode);
}

static int replace_id(Run *run, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        char id[ID128_STRING_MAX + 1];
        int r;

        run_set_object(run, "%s", path);
        r = guest_remove_file(run, path);
        if (r < 0)
                return r;

        fd = beneath_open(run->root_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0444);
        if (fd < 0)
                return fd;

        (void) id128_format(run->uuid, id);
        (void) strcat(id, "\n");
        return fd_write_all(fd, id, strlen(id));
}

/* Two machines of one id have one address, one place for their journals, and one set of random numbers. */
static int apply_id(void *subject) {
        Run *run = subject;
        int r;

        r = replace_id(run, "/etc/machine-id");
        if (r >= 0 && is_file(run, "/var/lib/dbus/machine-id"))
                r = replace_id(run, "/var/lib/dbus/machine-id");

        return r;
}

static bool wants_id(const void *subject) {
        const Run *run = subject;

        return (run->of_host || spec_is_of_host(run->spec)) && run->spec->volatile_mode != VOLATILE_YES;
}

static void explain_id(const void *subject, FILE *f) {
        (void) subject;
        (void) fputs("/etc/machine-id, its own instead of the host's", f);
}

const Step step_machine_id = {
        .name = "machine-id",
        .stage = STAGE_OUTER,
        .wanted = wants_id,
        .apply = apply_id,
        .explain = explain_id,
};
