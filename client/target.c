/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/target.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"

int target_parse(const char *target, const char *user, char **ret_user, char **ret_machine) {
        _cleanup_free_ char *who = NULL, *machine = NULL;
        const char *at = strchr(target, '@'), *name = at ? at + 1 : target;

        assert(ret_user);
        assert(ret_machine);

        if (at == target) {
                (void) log_error(0, _("Invalid user name in '%s'."), target);
                return -EINVAL;
        }

        if (at || user) {
                who = at ? strndup(target, (size_t) (at - target)) : strdup(user);
                if (!who)
                        return -ENOMEM;
        }

        machine = strdup(*name ? name : LOCAL_HOST);
        if (!machine)
                return -ENOMEM;

        *ret_user = TAKE_PTR(who);
        *ret_machine = TAKE_PTR(machine);
        return 0;
}
