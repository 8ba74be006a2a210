/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

/* A path of ours: relative to where we are now. It need not be there. */
int set_forward_journal(Spec *spec, const char *value) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (!*value || !text_is_printable(value))
                return -EINVAL;

        r = spec_read_path(value, &path);
        if (r < 0)
                return r;
        if (!path_is_normalized(path))
                return -EINVAL;

        free(spec->forward_journal);
        spec->forward_journal = TAKE_PTR(path);
        return 0;
}

static int set_size(Spec *spec, ForwardLimit limit, const char *value) {
        uint64_t n;
        int r;

        r = parse_size(value, &n);
        if (r < 0 || n == 0)
                return r == -ENOMEM ? r : -EINVAL;

        spec->forward_limits[limit] = n;
        return 0;
}

int set_forward_max_use(Spec *spec, const char *value) {
        return set_size(spec, FORWARD_MAX_USE, value);
}

int set_forward_keep_free(Spec *spec, const char *value) {
        return set_size(spec, FORWARD_KEEP_FREE, value);
}

int set_forward_max_file_size(Spec *spec, const char *value) {
        return set_size(spec, FORWARD_MAX_FILE_SIZE, value);
}

int set_forward_max_files(Spec *spec, const char *value) {
        uint64_t n;
        int r;

        r = parse_u64(value, UINT32_MAX, &n);
        if (r < 0 || n == 0)
                return -EINVAL;

        spec->forward_limits[FORWARD_MAX_FILES] = n;
        return 0;
}

/* How journald learns where to: it reads this credential of PID 1's. */
int spec_add_forward_credential(Spec *spec) {
        SpecCredential c = {};
        int r;

        for (size_t i = 0; i < spec->n_credentials; i++)
                if (streq(spec->credentials[i].id, FORWARD_CREDENTIAL))
                        return 0; /* somebody has said otherwise */

        c.id = strdup(FORWARD_CREDENTIAL);
        c.data = strdup(FORWARD_SOCKET);
        c.size = strlen(FORWARD_SOCKET);
        r = c.id && c.data ? spec_add_credential(spec, &c) : -ENOMEM;
        if (r < 0) {
                free(c.id);
                free(c.data);
        }

        return r;
}
