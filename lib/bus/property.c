/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/bus/property.h"

static int append_set(sd_bus_message *m, const SpecProperty *p) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', p->set, p->n_set);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const SpecProperty *p) {
        switch (p->type) {
        case SPEC_TEXT:
                return sd_bus_message_append(m, "v", "s", p->text);
        case SPEC_SET:
                return append_set(m, p);
        case SPEC_DEVICE:
                return p->device[0] ? sd_bus_message_append(m, "v", "a(st)", 1, p->device, p->number)
                                    : sd_bus_message_append(m, "v", "a(st)", 0);
        default:
                return sd_bus_message_append(m, "v", "t", p->number);
        }
}

int bus_append_property(sd_bus_message *m, const SpecProperty *p) {
        int r;

        assert(m);
        assert(p);

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", p->name);
        if (r >= 0)
                r = append_value(m, p);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
