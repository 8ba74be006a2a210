/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dlfcn.h>

#include "lib/base/text.h"
#include "runtime/late.h"

#define OBJECT "berth-late.so"

#define STRING_OF(name) #name
#define NAME_OF(name) STRING_OF(name)

/* Out of the mount that our program is from; elsewhere if nobody has handed that on. */
static void *open_object(const Run *run) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (run->program_fd >= 0)
                r = text_printf(&path, "/proc/self/fd/%i/" OBJECT, run->program_fd);
        else
                r = text_printf(&path, "%s/" OBJECT, getenv("BERTH_PROGRAMS") ?: BERTH_LIBEXECDIR);

        return r < 0 ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static const Late *find_table(void *object) {
        const Late *late = dlsym(object, NAME_OF(LATE_TABLE));

        return late && streq(late->version, BERTH_VERSION) && late->run_size == sizeof(Run) ? late : NULL;
}

int late_load(Run *run) {
        static const Late *loaded = NULL;
        void *object;

        assert(run);

        if (!loaded) {
                object = open_object(run);
                loaded = object ? find_table(object) : NULL;
                if (!loaded) {
                        run_set_object(run, "%s", dlerror() ?: OBJECT);
                        return -ELIBACC;
                }
        }

        run->late = loaded;
        return 0;
}
