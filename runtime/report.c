/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/log.h"
#include "runtime/report.h"

int report_failure(const char *machine, const char *step, const char *object, int error) {
        assert(error < 0);

        if (isempty(step))
                return log_error(error, "Cannot start '%s'", machine);
        if (isempty(object))
                return log_error(error, "Cannot start '%s': step %s", machine, step);

        return log_error(error, "Cannot start '%s': step %s (%s)", machine, step, object);
}
