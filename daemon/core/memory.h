/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Memory
 *
 * Gives memory back to the kernel after many machines have ended. The allocator
 * keeps what is freed, in case it were needed again: of thousands of machines
 * that are no more, for the life of the daemon.
 */

#include <systemd/sd-event.h>

#include "lib/base/base.h"

typedef struct Memory Memory;

/**
 * memory_new() - begin to look after memory
 * @event:              loop, when idle the memory is given back
 * @ret:                return location for the new object
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what sd-event runs into
 */
int memory_new(sd_event *event, Memory **ret);

Memory *memory_free(Memory *m);
DEFINE_CLEANUP(Memory, memory_free);

/**
 * memory_note_freed() - tell that a machine's memory was freed
 * @m:                  the object
 */
void memory_note_freed(Memory *m);
