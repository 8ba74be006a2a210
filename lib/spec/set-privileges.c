/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/address-family.h"
#include "lib/spec/capability.h"
#include "lib/spec/setters.h"

/* Of the names of system calls and their groups. */
#define SYSCALL_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

static int add_capabilities(uint64_t *to, const char *value) {
        uint64_t bits;
        int r;

        r = capabilities_parse(value, &bits);
        if (r < 0)
                return r;

        *to |= bits;
        return 0;
}

int set_keep(Spec *spec, const char *value) {
        return add_capabilities(&spec->keep_capabilities, value);
}

int set_drop(Spec *spec, const char *value) {
        return add_capabilities(&spec->drop_capabilities, value);
}

/* Not all: those of a kernel to come, too? */
int set_ambient(Spec *spec, const char *value) {
        return streq(value, "all") ? -EINVAL : add_capabilities(&spec->ambient_capabilities, value);
}

void list_capabilities(FILE *f) {
        for (unsigned i = 0; capability_name(i); i++)
                (void) fprintf(f, "%s\n", capability_name(i));
}

int set_families(Spec *spec, const char *value) {
        bool deny = *value == '~';
        uint64_t bits = 0;
        int r;

        r = streq(value, "none") ? 0 : address_families_parse(value + deny, &bits);
        if (r < 0)
                return r;

        if (deny)
                spec->deny_families |= bits;
        else {
                spec->allow_families |= bits;
                spec->only_families = true;
        }

        return 0;
}

/* [~]NAME…: words with spaces between them. */
int set_filter(Spec *spec, const char *value) {
        char ***list = *value == '~' ? &spec->deny_syscalls : &spec->allow_syscalls;
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = strv_split(value + (*value == '~'), " ", &words);
        if (r < 0)
                return r;
        if (strv_length(words) == 0)
                return -EINVAL;

        for (char **w = words; *w; w++) {
                size_t at = **w == '@';

                if (!(*w)[at] || strspn(*w + at, SYSCALL_CHARACTERS) != strlen(*w + at))
                        return -EINVAL;

                r = strv_push(list, *w);
                if (r < 0)
                        return r;
        }

        return 0;
}

void list_families(FILE *f) {
        for (unsigned i = 0; i < ADDRESS_FAMILIES; i++)
                if (address_family_name(i))
                        (void) fprintf(f, "%s\n", address_family_name(i));
}
