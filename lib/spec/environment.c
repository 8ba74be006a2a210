/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "lib/base/text.h"
#include "lib/spec/environment.h"
#include "lib/spec/read.h"

#define MANAGER_SIZE_MAX 64

static int set_tmp(Spec *spec, const char *value) {
        bool fresh;
        int r;

        r = spec_read_boolean(&fresh, value);
        if (r >= 0)
                spec->tmp_of_tree = !fresh;
        return r;
}

static int set_os_release(Spec *spec, const char *value) {
        bool check;
        int r;

        r = spec_read_boolean(&check, value);
        if (r >= 0)
                spec->any_system = !check;
        return r;
}

static int set_sync(Spec *spec, const char *value) {
        return spec_read_boolean(&spec->suppress_sync, value);
}

static int set_lock(Spec *spec, const char *value) {
        bool lock;
        int r;

        r = spec_read_boolean(&lock, value);
        if (r >= 0)
                spec->unlocked = !lock;
        return r;
}

/* What the Container Interface calls a short identifier. */
static int set_manager(Spec *spec, const char *value) {
        size_t n = strlen(value);

        if (n > MANAGER_SIZE_MAX || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
                return -EINVAL;

        return spec_read_string(&spec->manager, value);
}

static const struct {
        const char *name;
        int (*set)(Spec *spec, const char *value);      /* NULL: not here */
} switch_table[] = {
        { "SYSTEMD_NSPAWN_TMPFS_TMP", set_tmp },
        { "SYSTEMD_NSPAWN_CHECK_OS_RELEASE", set_os_release },
        { "SYSTEMD_NSPAWN_LOCK", set_lock },
        { "SYSTEMD_NSPAWN_CONTAINER_SERVICE", set_manager },
        { "SYSTEMD_SUPPRESS_SYNC", set_sync },

        /* They would take away what protects the host. */
        { "SYSTEMD_NSPAWN_API_VFS_WRITABLE", NULL },
        { "SYSTEMD_NSPAWN_SHARE_NS_IPC", NULL },
        { "SYSTEMD_NSPAWN_SHARE_NS_PID", NULL },
        { "SYSTEMD_NSPAWN_SHARE_NS_UTS", NULL },
        { "SYSTEMD_NSPAWN_SHARE_SYSTEM", NULL },
        { "SYSTEMD_NSPAWN_USE_CGNS", NULL },

        { "SYSTEMD_NSPAWN_NETWORK_MAC", NULL },
        { "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", NULL },
        { "UNIFIED_CGROUP_HIERARCHY", NULL },
};

int spec_read_environment(Spec *spec, char **reterr_text) {
        int r;

        assert(spec);
        assert(reterr_text);

        for (size_t i = 0; i < ELEMENTSOF(switch_table); i++) {
                const char *name = switch_table[i].name, *value = getenv(name);

                if (isempty(value))
                        continue;
                if (!switch_table[i].set) {
                        r = strv_pushf(&spec->warnings, "%s is ignored, see berth-run(1)", name);
                        if (r < 0)
                                return r;
                        continue;
                }

                r = switch_table[i].set(spec, value);
                if (r < 0) {
                        (void) text_printf(reterr_text, "%s cannot be '%s'", name, value);
                        return r;
                }
        }

        return 0;
}
