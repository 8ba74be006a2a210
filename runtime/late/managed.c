/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/kernel/idmap.h"
#include "lib/kernel/userns.h"
#include "lib/kernel/varlink-call.h"
#include "runtime/managed.h"

#define SOCKET MANAGED_SERVICES "/" MANAGED_USERS
#define METHOD MANAGED_USERS ".AllocateUserRange"

/* As long as clients of systemd wait: the service loads programs into the kernel when it is first asked. */
#define TIMEOUT_USEC (45 * USEC_PER_SEC)

/* Ranges may be in use by machines that the service does not know of. */
#define TRIES_MAX 4

/* The name becomes part of names of users, "ns-NAME-65535", which are 31 characters at most. */
#define NAME_FORMAT "%.10s-%i-%u"
#define NAME_SIZE 23

typedef struct Request {
        Run *run;
        unsigned try;           /* counts from 0 */
        UidRange range;
} Request;

static void write_name(const Request *request, char ret[static NAME_SIZE]) {
        const Spec *spec = request->run->spec;

        (void) snprintf(ret, NAME_SIZE, NAME_FORMAT, spec->machine, (int) getpid(), request->try);

        for (; *ret; ret++)
                if (*ret == '.')
                        *ret = '-';
}

static int write_call(const Request *request, char **ret) {
        const Spec *spec = request->run->spec;
        char name[NAME_SIZE];
        json_t *call;

        write_name(request, name);
        call = json_pack("{ss s{ss si si}}", "method", METHOD, "parameters", "name", name,
                         "size", (int) USERS_BLOCK, "userNamespaceFileDescriptor", 0);

        /* Those before 260 do not know the word. */
        if (call && spec->users_delegated > 0)
                (void) json_object_set_new(json_object_get(call, "parameters"), "delegateContainerRanges",
                                           json_integer(spec->users_delegated));

        *ret = json_dumps(call, JSON_COMPACT);
        json_decref(call);
        return *ret ? 0 : -ENOMEM;
}

static int translate_error(const char *name) {
        static const struct {
                const char *name;
                int error;
        } table[] = {
                { MANAGED_USERS ".UserNamespaceInterfaceNotSupported", EOPNOTSUPP },
                { MANAGED_USERS ".DynamicRangeUnavailable", EUSERS },
                { MANAGED_USERS ".NoDynamicRange", EUSERS },
                { MANAGED_USERS ".TooManyDelegations", EUSERS },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(name, table[i].name))
                        return -table[i].error;

        return -EREMOTEIO;
}

static int read_reply(Run *run, const char *text, size_t size) {
        _cleanup_(json_decrefp) json_t *reply = NULL;
        _cleanup_free_ char *name = NULL;
        json_t *error;

        if (json_read(text, size, &reply) < 0)
                return -EPROTO;

        error = json_object_get(reply, "error");
        if (!error)
                return 0;
        if (!json_is_string(error))
                return -EPROTO;

        name = strdup(json_string_value(error));
        if (!name)
                return -ENOMEM;

        run_set_object(run, "systemd-nsresourced says %s", text_strip_control(name));
        return translate_error(name);
}

static int ask(Request *request, int users_fd) {
        _cleanup_free_ char *call = NULL, *reply = NULL;
        ssize_t n;
        int r;

        r = write_call(request, &call);
        if (r < 0)
                return r;

        run_set_object(request->run, "asking systemd-nsresourced at " SOCKET);
        n = varlink_call(SOCKET, call, &users_fd, 1, TIMEOUT_USEC, &reply);
        if (n < 0)
                return (int) n;

        return read_reply(request->run, reply, (size_t) n);
}

static int read_map(pid_t pid, const char *name, IdMap *ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        r = text_printf(&path, "/proc/%i/%s", (int) pid, name);
        if (r >= 0)
                r = file_read(path, 4096, &text);

        return r < 0 ? r : idmap_parse(text, ret);
}

/* Root of the machine is the first one of a block that is none of the host's; what is delegated are
 * blocks that have the same numbers inside. */
static bool is_what_was_asked(const IdMap *map, unsigned n_delegated) {
        if (map->n_ranges != 1 + (size_t) n_delegated)
                return false;

        for (size_t i = 0; i < map->n_ranges; i++) {
                const IdRange *range = &map->ranges[i];

                if (range->count != USERS_BLOCK || range->outside < USERS_BLOCK ||
                    range->inside != (i == 0 ? 0 : range->outside))
                        return false;
        }

        return true;
}

/* The kernel keeps maps in the order that they were written in, up to five; more it sorts. */
static void put_first(IdMap *map) {
        for (size_t i = 1; i < map->n_ranges; i++)
                if (map->ranges[i].inside == 0) {
                        IdRange root = map->ranges[i];

                        map->ranges[i] = map->ranges[0];
                        map->ranges[0] = root;
                }
}

static int take_maps(Request *request, pid_t pid) {
        _cleanup_(idmap_done) IdMap users = {}, groups = {};
        int r;

        r = read_map(pid, "uid_map", &users);
        if (r >= 0)
                r = read_map(pid, "gid_map", &groups);
        if (r < 0)
                return r;

        put_first(&users);
        put_first(&groups);
        run_set_object(request->run, "what systemd-nsresourced has mapped");
        if (!idmap_equal(&users, &groups) ||
            !is_what_was_asked(&users, request->run->spec->users_delegated))
                return -EPROTO;

        return uid_range_hold(users.ranges, users.n_ranges, &request->range);
}

static int map_users(pid_t pid, int users_fd, void *userdata) {
        Request *request = userdata;
        int r;

        r = ask(request, users_fd);
        return r < 0 ? r : take_maps(request, pid);
}

int managed_take_range(Run *run, UidRange *ret) {
        Request request = { .run = run, .range = UID_RANGE_NONE };
        int r = -EBUSY;

        assert(run);
        assert(ret);

        /* By another name it gives us another range. */
        for (; r == -EBUSY && request.try < TRIES_MAX; request.try++)
                r = userns_new_mapped(map_users, &request);
        if (r < 0)
                return r;

        *ret = request.range;
        ret->users_fd = r;
        return 0;
}
