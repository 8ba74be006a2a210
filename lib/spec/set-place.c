/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/property.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

int set_uuid(Spec *spec, const char *value) {
        Id128 id;
        int r;

        r = id128_parse(value, &id);
        if (r < 0)
                return r;
        if (id128_is_null(id))
                return -EINVAL;

        spec->uuid = id;
        return 0;
}

int set_slice(Spec *spec, const char *value) {
        if (!endswith(value, ".slice") || strchr(value, '/'))
                return -EINVAL;

        return spec_read_string(&spec->slice, value);
}

int set_property(Spec *spec, const char *value) {
        SpecProperty p;
        int r;

        if (!text_is_printable(value))
                return -EINVAL;

        r = spec_property_parse(value, &p);
        if (r < 0)
                return r;

        return strv_push(&spec->properties, value);
}

int set_network_namespace(Spec *spec, const char *value) {
        return *value == '/' ? spec_read_string(&spec->network_namespace, value) : -EINVAL;
}
