/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/usage.h"
#include "client/value.h"
#include "lib/base/clock.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"

/* Of a link's numbers, as GetStats() has them in a row. */
static const char *const traffic_keys[] = {
        "ReceivedBytes", "ReceivedPackets", "ReceivedErrors", "ReceivedDropped",
        "SentBytes", "SentPackets", "SentErrors", "SentDropped",
};

#define RECEIVED_BYTES 0
#define SENT_BYTES 4

/* The same of a pressure. */
static const char *const pressure_keys[] = { "Avg10", "Avg60", "Avg300", "TotalUSec" };

void usages_done(Usages *u) {
        for (size_t i = 0; i < u->n; i++) {
                free(u->list[i].name);
                json_decref(u->list[i].stats);
                free(u->list[i].error_text);
        }

        free(u->list);
        *u = (Usages) {};
}

static int on_stats(
                _unused_ Calls *calls,
                sd_bus_message *reply,
                const sd_bus_error *e,
                void *userdata) {

        Usage *u = userdata;

        if (!e) {
                u->at = clock_now_usec();
                u->error = MIN(value_read(reply, &u->stats), 0);
                return 0;
        }

        /* Of what was called at an object that is not there sd-bus says only that. */
        u->error = -sd_bus_error_get_errno(e);
        if (!sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT) && e->message)
                u->error_text = strdup(e->message);
        return 0;
}

static int request_one(Calls *calls, Usage *u, const char *name) {
        _cleanup_free_ char *label = NULL, *path = NULL;
        int r;

        u->name = strdup(name);
        if (!u->name)
                return -ENOMEM;

        r = bus_label_escape(name, &label);
        if (r >= 0)
                r = text_printf(&path, MACHINE1_PATH "/machine/%s", label);

        return r < 0 ? r : calls_add(calls, path, BERTH_MACHINE, "GetStats", on_stats, u, NULL);
}

int usages_request(sd_bus *bus, char *const *names, Usages *ret) {
        _cleanup_(calls_freep) Calls *calls = NULL;
        _cleanup_(usages_done) Usages u = {};
        size_t n = strv_length(names);
        int r;

        assert(ret);

        u.list = calloc(n + 1, sizeof(*u.list));
        if (!u.list)
                return -ENOMEM;

        r = calls_new(bus, &calls);
        for (; r >= 0 && u.n < n; u.n++)
                r = request_one(calls, &u.list[u.n], names[u.n]);
        if (r >= 0)
                r = calls_run(calls);
        if (r < 0)
                return r;

        *ret = u;
        u = (Usages) {};
        return 0;
}

static const Usage *find(const Usages *u, const char *name) {
        for (size_t i = 0; u && i < u->n; i++)
                if (streq(u->list[i].name, name))
                        return &u->list[i];

        return NULL;
}

static int get_number(const Usage *u, const char *key, uint64_t *ret) {
        const json_t *n = u ? json_object_get(u->stats, key) : NULL;

        if (!json_is_integer(n))
                return -ENOENT;

        *ret = (uint64_t) json_integer_value(n);
        return 0;
}

double usage_cpu_percent(const Usage *now, const Usages *before) {
        const Usage *old = find(before, now->name);
        uint64_t first, last;

        /* A machine that is another one by now begins anew. */
        if (get_number(old, "CPUUsageNSec", &first) < 0 || get_number(now, "CPUUsageNSec", &last) < 0 ||
            last < first || now->at <= old->at)
                return -1;

        return 100.0 * (double) (last - first) / (double) ((now->at - old->at) * NSEC_PER_USEC);
}

const char *usage_format_bytes(const json_t *n, char buffer[static USAGE_CELL_SIZE]) {
        static const char units[] = "BKMGTPE";
        double value;
        size_t i = 0;

        *buffer = 0;
        if (!json_is_integer(n))
                return buffer;

        for (value = (double) json_integer_value(n); value >= 1024 && units[i + 1]; value /= 1024)
                i++;

        (void) snprintf(buffer, USAGE_CELL_SIZE, i == 0 ? "%.0f%c" : "%.1f%c", value, units[i]);
        return buffer;
}

static const char *format_cpu(const Usage *u, const Usages *before, char buffer[static USAGE_CELL_SIZE]) {
        double percent = usage_cpu_percent(u, before);
        uint64_t usage;

        *buffer = 0;
        if (before && percent >= 0)
                (void) snprintf(buffer, USAGE_CELL_SIZE, "%.1f%%", percent);
        else if (!before && get_number(u, "CPUUsageNSec", &usage) >= 0)
                (void) snprintf(buffer, USAGE_CELL_SIZE, "%.3fs",
                                (double) usage / (double) (USEC_PER_SEC * NSEC_PER_USEC));

        return buffer;
}

static const char *format_number(const Usage *u, const char *key, char buffer[static USAGE_CELL_SIZE]) {
        uint64_t n;

        *buffer = 0;
        if (get_number(u, key, &n) >= 0)
                (void) snprintf(buffer, USAGE_CELL_SIZE, "%llu", (unsigned long long) n);

        return buffer;
}

static const char *format_size(const Usage *u, const char *key, char buffer[static USAGE_CELL_SIZE]) {
        return usage_format_bytes(json_object_get(u->stats, key), buffer);
}

/* Of all links together. */
static const char *format_traffic(const Usage *u, size_t which, char buffer[static USAGE_CELL_SIZE]) {
        _cleanup_(json_freep) json_t *sum = NULL;
        json_int_t total = 0;
        const char *name;
        json_t *links = json_object_get(u->stats, "Network"), *link;

        json_object_foreach(links, name, link)
                total += json_integer_value(json_array_get(link, which));

        sum = links ? json_integer(total) : NULL;
        return usage_format_bytes(sum, buffer);
}

static int add_row(Table *table, const Usage *u, const Usages *before) {
        char cells[8][USAGE_CELL_SIZE];
        _cleanup_free_ char *name = strdup(u->name);

        if (!name)
                return -ENOMEM;

        return table_add_row(table, (const char *const[]) {
                text_strip_control(name),
                format_cpu(u, before, cells[0]),
                format_size(u, "MemoryCurrent", cells[1]),
                format_size(u, "MemoryMax", cells[2]),
                format_number(u, "TasksCurrent", cells[3]),
                format_size(u, "IOReadBytes", cells[4]),
                format_size(u, "IOWriteBytes", cells[5]),
                format_traffic(u, RECEIVED_BYTES, cells[6]),
                format_traffic(u, SENT_BYTES, cells[7]),
        });
}

int usages_to_table(const Usages *now, const Usages *before, Table **ret) {
        static const char *const headings[] = {
                "MACHINE", "CPU", "MEMORY", "LIMIT", "TASKS", "READ", "WRITTEN", "RECEIVED", "SENT", NULL,
        };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        r = table_new(headings, &table);
        for (size_t i = 0; r >= 0 && i < now->n; i++)
                if (now->list[i].stats)
                        r = add_row(table, &now->list[i], before);
        if (r < 0)
                return r;

        table_sort(table);
        *ret = TAKE_PTR(table);
        return 0;
}

/* An array of numbers becomes an object that says what they are. */
static int name_numbers(json_t *all, const char *const *keys, size_t n_keys) {
        json_t *numbers;
        const char *name;
        void *next;

        json_object_foreach_safe(all, next, name, numbers) {
                _cleanup_(json_freep) json_t *named = json_object();

                for (size_t i = 0; i < n_keys; i++)
                        if (json_object_set(named, keys[i], json_array_get(numbers, i)) < 0)
                                return -ENOMEM;
                if (json_object_set(all, name, named) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int to_json(const Usage *u, const Usages *before, json_t **ret) {
        _cleanup_(json_freep) json_t *one = json_object();
        _cleanup_(json_freep) json_t *stats = json_deep_copy(u->stats);
        double percent = usage_cpu_percent(u, before);

        if (!one || !stats || json_object_set_new(one, "Name", value_string(u->name)) < 0)
                return -ENOMEM;
        if (percent >= 0 && json_object_set_new(one, "CPUPercent", json_real(percent)) < 0)
                return -ENOMEM;

        if (json_object_update(one, stats) < 0 ||
            name_numbers(json_object_get(one, "Network"), traffic_keys, ELEMENTSOF(traffic_keys)) < 0 ||
            name_numbers(json_object_get(one, "Pressure"), pressure_keys, ELEMENTSOF(pressure_keys)) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(one);
        return 0;
}

int usages_to_json(const Usages *now, const Usages *before, json_t **ret) {
        _cleanup_(json_freep) json_t *all = json_array();
        json_t *one;
        int r;

        for (size_t i = 0; i < now->n; i++) {
                if (!now->list[i].stats)
                        continue;

                r = to_json(&now->list[i], before, &one);
                if (r < 0)
                        return r;
                if (json_array_append_new(all, one) < 0)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(all);
        return 0;
}
