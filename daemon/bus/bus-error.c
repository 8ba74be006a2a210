/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "daemon/bus/bus-error.h"
#include "lib/base/errors.h"

int bus_error_text(sd_bus_error *reterr, int error, const char *text) {
        const char *name = error_bus_name(error);

        return name ? sd_bus_error_set(reterr, name, text)
                    : sd_bus_error_set_errnof(reterr, error, "%s", text);
}

int bus_error(sd_bus_error *reterr, int error, const char *format, ...) {
        const char *name = error_bus_name(error);
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        if (name)
                return sd_bus_error_setf(reterr, name, "%s: %s", text, error_text(error));

        return sd_bus_error_set_errnof(reterr, error, "%s: %s", text, error_text(error));
}
