/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the guest resolves names: as its host, if it has the host's network. */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/beneath.h"
#include "lib/base/file.h"
#include "runtime/guest.h"
#include "runtime/run.h"
#include "runtime/steps/steps.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_SIZE_MAX (64 * 1024)

static const char *const source_table[_RESOLV_CONF_SOURCE_MAX] = {
        [RESOLV_CONF_HOST] = RESOLV_CONF,
        [RESOLV_CONF_STATIC] = "/usr/lib/systemd/resolv.conf",
        [RESOLV_CONF_UPLINK] = "/run/systemd/resolve/resolv.conf",
        [RESOLV_CONF_STUB] = "/run/systemd/resolve/stub-resolv.conf",
};

static bool wanted(const void *subject) {
        const Spec *spec = ((const Run *) subject)->spec;

        if (spec->resolv_conf == RESOLV_CONF_AUTO)
                return !spec->private_network && !spec->network_namespace;

        return spec->resolv_conf != RESOLV_CONF_OFF;
}

static int write_copy(const Run *run, const char *source, bool replace) {
        _cleanup_close_ int etc_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        const char *base;
        struct stat st;
        int r;

        etc_fd = beneath_open_parent(run->root_fd, RESOLV_CONF, &base);
        if (etc_fd < 0)
                return etc_fd;

        /* A link means that somebody inside looks after it. */
        if (!replace && fstatat(etc_fd, base, &st, AT_SYMLINK_NOFOLLOW) >= 0 && !S_ISREG(st.st_mode))
                return 0;

        r = file_read(source, RESOLV_CONF_SIZE_MAX, &text);
        return r < 0 ? r : file_replace(etc_fd, base, 0644, text);
}

/* Nobody has asked for it, so nothing depends on it. */
static void choose(const Run *run) {
        const char *stub = source_table[RESOLV_CONF_STUB];
        const char *source = access(stub, F_OK) < 0 ? source_table[RESOLV_CONF_HOST] : stub;

        if (run->spec->read_only)
                (void) guest_bind_file(run, source, RESOLV_CONF);
        else
                (void) write_copy(run, source, false);
}

static int apply(void *subject) {
        const Run *run = subject;
        const char *source = source_table[run->spec->resolv_conf_source];

        switch (run->spec->resolv_conf) {
        case RESOLV_CONF_COPY:
        case RESOLV_CONF_REPLACE:
                return write_copy(run, source, run->spec->resolv_conf == RESOLV_CONF_REPLACE);

        case RESOLV_CONF_BIND:
                return guest_bind_file(run, source, RESOLV_CONF);

        case RESOLV_CONF_DELETE:
                return guest_remove_file(run, RESOLV_CONF);

        default:
                choose(run);
                return 0;
        }
}

static void explain(const void *subject, FILE *f) {
        static const char *const ways[] = {
                [RESOLV_CONF_AUTO] = "the host's, if the guest has a place for it",
                [RESOLV_CONF_OFF] = "",
                [RESOLV_CONF_DELETE] = "none",
                [RESOLV_CONF_COPY] = "a copy of",
                [RESOLV_CONF_REPLACE] = "in any case a copy of",
                [RESOLV_CONF_BIND] = "bound:",
        };
        const Run *run = subject;
        ResolvConf mode = run->spec->resolv_conf;

        (void) fputs(ways[mode], f);
        if (mode == RESOLV_CONF_COPY || mode == RESOLV_CONF_REPLACE || mode == RESOLV_CONF_BIND)
                (void) fprintf(f, " %s", source_table[run->spec->resolv_conf_source]);
}

const Step step_resolv_conf = {
        .name = "resolv-conf",
        .stage = STAGE_OUTER,
        .wanted = wanted,
        .apply = apply,
        .explain = explain,
};
