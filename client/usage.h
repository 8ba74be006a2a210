/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Usage
 *
 * What machines use, as org.berth.Machine1.GetStats() tells it, made fit for
 * people and for programs. See docs/api/schema/stats.json for what the latter get.
 */

#include "client/calls.h"
#include "client/client.h"
#include "client/table.h"

/* One machine at one moment. */
typedef struct Usage {
        char *name;
        json_t *stats;          /* as the daemon tells them; NULL: it does not */
        uint64_t at;            /* µs since boot */
        int error;              /* why not, or 0 */
        char *error_text;       /* what the daemon said of that, or NULL */
} Usage;

typedef struct Usages {
        Usage *list;
        size_t n;
} Usages;

void usages_done(Usages *u);

/**
 * usages_request() - ask what machines use, all at once
 * @bus:                connection to the daemon
 * @names:              names of the machines
 * @ret:                return location for the answers, in the order of the names
 *
 * What one machine's call ran into is noted in its answer.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what sd-bus runs into
 */
int usages_request(sd_bus *bus, char *const *names, Usages *ret);

/**
 * usage_cpu_percent() - how much of one processor's time a machine has used
 * @now:                what is known now
 * @before:             what was known before, of all machines, or NULL
 *
 * Return: the share in percent, or a negative number if it is not known.
 */
double usage_cpu_percent(const Usage *now, const Usages *before);

/**
 * usages_to_table() - make a table for people
 * @now:                what is known now
 * @before:             what was known before; NULL: the processors' time is told
 *                      since the machine is there, and not in percent
 * @ret:                return location for the table
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int usages_to_table(const Usages *now, const Usages *before, Table **ret);

/**
 * usages_to_json() - make an array with an object of each machine
 * @now:                what is known now
 * @before:             what was known before, or NULL
 * @ret:                return location for the array
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int usages_to_json(const Usages *now, const Usages *before, json_t **ret);

#define USAGE_CELL_SIZE 32

/* Writes a number of bytes into @buffer, "1.5M", and returns that; "" if it is not an integer. */
const char *usage_format_bytes(const json_t *n, char buffer[static USAGE_CELL_SIZE]);
