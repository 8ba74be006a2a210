/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "lib/base/fault.h"
#include "lib/kernel/privileges.h"

static void cap_freep(cap_t *caps) {
        if (*caps)
                (void) cap_free(*caps);
}

int privileges_read(Privileges *ret) {
        _cleanup_(cap_freep) cap_t caps = NULL;
        Privileges p = {};

        assert(ret);

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++) {
                uint64_t bit = UINT64_C(1) << c;
                struct {
                        cap_flag_t flag;
                        uint64_t *set;
                } sets[] = {
                        { CAP_PERMITTED, &p.permitted },
                        { CAP_EFFECTIVE, &p.effective },
                        { CAP_INHERITABLE, &p.inheritable },
                };

                for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                        cap_flag_value_t value;

                        if (cap_get_flag(caps, c, sets[i].flag, &value) < 0)
                                return -errno;
                        if (value == CAP_SET)
                                *sets[i].set |= bit;
                }

                if (cap_get_bound(c) > 0)
                        p.bounding |= bit;
                /* The kernel has none that are not both of these. */
                if (p.permitted & p.inheritable & bit && cap_get_ambient(c) > 0)
                        p.ambient |= bit;
        }

        *ret = p;
        return 0;
}

int privileges_bound(uint64_t keep) {
        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (!(keep & (UINT64_C(1) << c)) && cap_get_bound(c) > 0 && cap_drop_bound(c) < 0)
                        return -errno;

        return 0;
}

int privileges_limit(uint64_t keep) {
        _cleanup_(cap_freep) cap_t caps = NULL;

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        if (cap_clear_flag(caps, CAP_INHERITABLE) < 0)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (!(keep & (UINT64_C(1) << c)))
                        if (cap_set_flag(caps, CAP_PERMITTED, 1, &c, CAP_CLEAR) < 0 ||
                            cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, CAP_CLEAR) < 0)
                                return -errno;

        /* What is not inheritable is not ambient any more. */
        return cap_set_proc(caps) < 0 ? -errno : 0;
}

int privileges_set_ambient(uint64_t capabilities) {
        _cleanup_(cap_freep) cap_t caps = NULL;

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (capabilities & (UINT64_C(1) << c) &&
                    (cap_set_flag(caps, CAP_INHERITABLE, 1, &c, CAP_SET) < 0 ||
                     cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, CAP_SET) < 0))
                        return -errno;
        if (cap_set_proc(caps) < 0)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (capabilities & (UINT64_C(1) << c) && cap_set_ambient(c, CAP_SET) < 0)
                        return -errno;

        return 0;
}

int privileges_hold(uint64_t keep, uint64_t ambient) {
        int r;

        r = fault_skips("privileges", "limit") ? 0 : privileges_limit(keep);
        if (r < 0 || fault_skips("privileges", "ambient"))
                return r;

        return privileges_set_ambient(ambient);
}

int privileges_raise(void) {
        _cleanup_(cap_freep) cap_t caps = NULL;

        caps = cap_get_proc();
        if (!caps)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++) {
                cap_flag_value_t held;

                if (cap_get_flag(caps, c, CAP_PERMITTED, &held) < 0 ||
                    cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, held) < 0)
                        return -errno;
        }

        return cap_set_proc(caps) < 0 ? -errno : 0;
}

int privileges_become(uid_t uid, gid_t gid, uint64_t keep) {
        _cleanup_(cap_freep) cap_t caps = NULL;
        int r;

        r = privileges_bound(keep);
        if (r < 0)
                return r;

        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
            setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return -errno;

        caps = cap_init();
        if (!caps)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if (keep & (UINT64_C(1) << c))
                        for (cap_flag_t flag = CAP_EFFECTIVE; flag <= CAP_INHERITABLE; flag++)
                                if (cap_set_flag(caps, flag, 1, &c, CAP_SET) < 0)
                                        return -errno;
        if (cap_set_proc(caps) < 0)
                return -errno;

        for (cap_value_t c = 0; c < cap_max_bits(); c++)
                if ((keep & (UINT64_C(1) << c)) && cap_set_ambient(c, CAP_SET) < 0)
                        return -errno;

        return 0;
}

int privileges_forbid_new(void) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        return 0;
}
