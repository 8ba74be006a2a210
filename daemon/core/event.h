/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Events
 *
 * What happens in a machine's life, for whoever listens to the manager. A name
 * says whose life it is: there is no machine yet when one is started, and none
 * any more when that fails.
 */

#include "lib/base/base.h"
#include "lib/scope/property.h"

typedef enum MachineEventKind {
        MACHINE_EVENT_STARTING,         /* somebody has asked for it, or its service has registered it */
        MACHINE_EVENT_READY,            /* whoever starts it says so; once in its life */
        MACHINE_EVENT_STOPPING,         /* somebody has asked us to end it */
        MACHINE_EVENT_EXITED,           /* its leader has ended, or it has not come to run */
        MACHINE_EVENT_OUT_OF_MEMORY,    /* the kernel has killed some of its processes */
        MACHINE_EVENT_LIMIT_CHANGED,    /* by us */
        MACHINE_EVENT_FROZEN,           /* by whomever */
        MACHINE_EVENT_THAWED,
        _MACHINE_EVENT_MAX,
} MachineEventKind;

typedef struct MachineEvent {
        MachineEventKind kind;
        const char *name;               /* of the machine */
        const Properties *details;      /* or NULL */
} MachineEvent;

/* "out-of-memory", as clients are told. */
const char *machine_event_to_string(MachineEventKind kind);

/* For lists of details that live no longer than the event: nothing is copied. */
static inline Property event_text(const char *name, const char *text) {
        return (Property) { .name = (char *) name, .value = { .type = 's', .text = (char *) text } };
}

static inline Property event_number(const char *name, char type, uint64_t number) {
        return (Property) { .name = (char *) name, .value = { .type = type, .number = number } };
}
