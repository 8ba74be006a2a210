/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/users.h"

/* The last one is no user: it means "unchanged" in system calls. */
#define ID_MAX (UINT32_MAX - 1)

static int parse_range(const char *value, uint32_t *ret_base, uint32_t *ret_count) {
        _cleanup_free_ char *copy = strdup(value);
        unsigned base, count = USERS_BLOCK;
        char *colon;
        int r;

        if (!copy)
                return -ENOMEM;

        colon = strchr(copy, ':');
        if (colon)
                *colon++ = '\0';

        r = parse_unsigned(copy, ID_MAX, &base);
        if (r >= 0 && colon)
                r = parse_unsigned(colon, ID_MAX, &count);
        if (r < 0)
                return -EINVAL;

        /* The host's root is nobody's user by accident. */
        if (base == 0 || count == 0 || count - 1 > ID_MAX - base)
                return -EINVAL;

        *ret_base = base;
        *ret_count = count;
        return 0;
}

int spec_set_private_users(Spec *spec, const char *value) {
        uint32_t base = 0, count = USERS_BLOCK;
        PrivateUsers mode;
        int r;

        assert(spec);
        assert(value);

        r = parse_boolean(value);
        if (streq(value, "pick"))
                mode = USERS_PICK;
        else if (streq(value, "identity"))
                mode = USERS_IDENTITY;
        else if (streq(value, "managed"))
                mode = USERS_MANAGED;
        else if (r >= 0)
                mode = r ? USERS_OF_TREE : USERS_OF_HOST;
        else {
                mode = USERS_CHOSEN;
                r = parse_range(value, &base, &count);
                if (r < 0)
                        return r;
        }

        spec->private_users = mode;
        spec->users_base = base;
        spec->users_count = count;
        return 0;
}

void spec_describe_users(const Spec *spec, FILE *f) {
        static const char *const owners[] = {
                [OWNERSHIP_OFF] = "files keep their owners",
                [OWNERSHIP_CHOWN] = "files are given to them",
                [OWNERSHIP_MAP] = "files are shown as theirs",
                [OWNERSHIP_AUTO] = "files are shown as theirs unless they are",
                [OWNERSHIP_FOREIGN] = "files of foreign users are shown as theirs",
        };

        assert(spec);

        switch (spec->private_users) {
        case USERS_OF_TREE:
                (void) fputs("those whom the tree belongs to", f);
                break;

        case USERS_PICK:
                (void) fputs("65536 that nobody has", f);
                break;

        case USERS_MANAGED:
                (void) fputs("65536 that systemd-nsresourced lends", f);
                if (spec->users_delegated > 0)
                        (void) fprintf(f, " and %u times as many for machines inside",
                                       spec->users_delegated);
                break;

        case USERS_IDENTITY:
                (void) fputs("as on the host", f);
                break;

        default:
                (void) fprintf(f, "%u from %u on", spec->users_count, spec->users_base);
        }

        (void) fprintf(f, ", %s%s", owners[spec_ownership(spec)],
                       spec->users_optional ? "; none of its own if these cannot be had" : "");
}
