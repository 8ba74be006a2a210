/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/errors.h"

typedef struct ErrorInfo {
        const char *bus_name;
        const char *text;
} ErrorInfo;

static const ErrorInfo error_table[] = {
#define X(code, name, text) [code - _ERROR_BASE - 1] = { name, text },
        ERRORS(X)
#undef X
};

static const ErrorInfo *error_find(int error) {
        if (error >= -_ERROR_BASE || error <= -_ERROR_MAX)
                return NULL;

        return &error_table[-error - _ERROR_BASE - 1];
}

const char *error_text(int error) {
        const ErrorInfo *info = error_find(error);

        return info ? info->text : strerror(-error);
}

const char *error_bus_name(int error) {
        const ErrorInfo *info = error_find(error);

        return info ? info->bus_name : NULL;
}

int error_from_bus_name(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(error_table); i++)
                if (streq(error_table[i].bus_name, name))
                        return -(_ERROR_BASE + 1 + (int) i);

        return 0;
}
