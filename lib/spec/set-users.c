/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/setters.h"
#include "lib/spec/users.h"

int set_private_users(Spec *spec, const char *value) {
        spec->users_optional = false;
        return spec_set_private_users(spec, value ?: "yes");
}

/* Those that have a name. */
void list_private_users(FILE *f) {
        (void) fputs("no\nyes\npick\nidentity\nmanaged\n", f);
}

int set_users_delegated(Spec *spec, const char *value) {
        return parse_unsigned(value, USERS_DELEGATED_MAX, &spec->users_delegated);
}

int set_users_if_possible(Spec *spec, const char *value) {
        (void) value;
        spec->users_optional = true;
        spec->ownership = OWNERSHIP_AUTO;
        return spec_set_private_users(spec, "pick");
}

int set_ownership_chown(Spec *spec, const char *value) {
        (void) value;
        spec->ownership = OWNERSHIP_CHOWN;
        return 0;
}
