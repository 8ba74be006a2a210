/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <sys/capability.h>
#include <sys/fsuid.h>

#include "lib/kernel/clone.h"
#include "lib/kernel/fsids.h"

static void cap_freep(cap_t *caps) {
        if (*caps)
                (void) cap_free(*caps);
}

/* Neither call reports whether it did anything. An invalid id changes nothing, but tells. */
static int set_ids(uid_t uid, gid_t gid) {
        (void) setfsgid(gid);
        (void) setfsuid(uid);

        return setfsgid((gid_t) -1) == (int) gid && setfsuid((uid_t) -1) == (int) uid ? 0 : -EPERM;
}

/* Whether one of those is in force that let us open what the user may not. */
static int overrides_permissions(void) {
        static const cap_value_t table[] = { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER };
        _cleanup_(cap_freep) cap_t caps = NULL;
        cap_flag_value_t value;

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (cap_get_flag(caps, table[i], CAP_EFFECTIVE, &value) < 0)
                        return -errno;
                if (value == CAP_SET)
                        return 1;
        }

        return 0;
}

int fsids_take(uid_t uid, gid_t gid) {
        int r;

        if (uid == 0)
                return 0;

        /* Embedded berthd has those of whoever started it. */
        if (getgroups(0, NULL) != 0 && setgroups(0, NULL) < 0)
                return -errno;

        r = set_ids(uid, gid);
        if (r < 0)
                return r;

        r = overrides_permissions();
        return r > 0 ? -EPERM : r;
}

/* Linux takes those over files away when the user is not root any more, but from
 * the effective ones only. */
int fsids_lend(uid_t uid, gid_t gid) {
        _cleanup_(cap_freep) cap_t caps = NULL;
        int r;

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        r = set_ids(uid, gid);
        if (r < 0)
                return r;

        return cap_set_proc(caps) < 0 ? -errno : process_protect();
}

int fsids_restore(void) {
        return set_ids(geteuid(), getegid());
}
