/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <time.h>

#include "daemon/core/creation.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* PATH_MAX of Linux, with its NUL. */
#define PATH_LENGTH_MAX 4095

/* More than any name of a manager is long. */
#define SERVICE_LENGTH_MAX 256

void create_request_done(CreateRequest *q) {
        assert(q);

        free(q->name);
        free(q->service);
        free(q->class);
        free(q->root_directory);
        free(q->ifindices);
        properties_done(&q->properties);
        *q = (CreateRequest) {};
}

static bool root_directory_is_valid(const char *path) {
        return isempty(path) || (path[0] == '/' && strlen(path) <= PATH_LENGTH_MAX &&
                                 text_is_printable(path));
}

static bool service_is_valid(const char *service) {
        return isempty(service) || (strlen(service) <= SERVICE_LENGTH_MAX && text_is_printable(service));
}

static bool ifindices_are_valid(const int *ifindices, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (ifindices[i] <= 0)
                        return false;

        return n <= IFINDICES_MAX;
}

int create_request_check(const CreateRequest *q, const char **reterr_text) {
        const char *text = NULL;
        MachineClass class;

        assert(q);
        assert(reterr_text);

        if (!machine_name_is_valid(q->name))
                text = "Invalid machine name";
        else if (machine_class_from_string(q->class, &class) < 0)
                text = "Invalid machine class parameter";
        else if (q->leader <= 1)
                text = "Invalid leader PID";
        else if (!root_directory_is_valid(q->root_directory))
                text = "Root directory must be empty or an absolute path";
        else if (!service_is_valid(q->service))
                text = "Invalid service name";
        else if (!ifindices_are_valid(q->ifindices, q->n_ifindices))
                text = "Invalid network interface index";

        if (!text)
                return 0;

        *reterr_text = text;
        return -EINVAL;
}

static uint64_t now_usec(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

int machine_info_locate(MachineInfo *info) {
        _cleanup_free_ char *cgroup = NULL, *unit = NULL;
        int r;

        r = cgroup_of_process(info->leader, &cgroup);
        if (r >= 0)
                r = cgroup_unit(cgroup, &unit, NULL);
        if (r == -ENODATA)
                r = -ENXIO;
        if (r < 0)
                return r == -ENXIO && info->owns_scope ? 0 : r;

        /* Somebody has moved it: what is in the scope is ours to end all the same. */
        if (info->owns_scope && !streq(unit, info->unit))
                return 0;

        free(info->cgroup);
        info->cgroup = NULL;
        r = cgroup_unit_path(cgroup, &info->cgroup);
        if (r < 0)
                return r;

        free(info->unit);
        info->unit = TAKE_PTR(unit);
        return 0;
}

int machine_info_from_request(const CreateRequest *q, int leader_fd, MachineInfo *info) {
        int r;

        r = process_identify(leader_fd, &info->leader_identity);
        if (r < 0)
                return r;

        r = machine_class_from_string(q->class, &info->class);
        if (r < 0)
                return r;

        info->name = strdup(q->name);
        info->service = isempty(q->service) ? NULL : strdup(q->service);
        info->root_directory = isempty(q->root_directory) ? NULL : strdup(q->root_directory);
        info->ifindices = calloc(q->n_ifindices + 1, sizeof(int)); /* one more, for our own link */
        if (!info->name || !info->ifindices || (!isempty(q->service) && !info->service) ||
            (!isempty(q->root_directory) && !info->root_directory))
                return -ENOMEM;

        for (size_t i = 0; i < q->n_ifindices; i++)
                info->ifindices[info->n_ifindices++] = q->ifindices[i];

        info->id = q->id;
        info->leader = q->leader;
        info->uid = q->uid;
        info->realtime = now_usec(CLOCK_REALTIME);
        info->monotonic = now_usec(CLOCK_MONOTONIC);
        info->owns_scope = q->wants_scope;
        return q->wants_scope ? machine_scope_name(q->name, &info->unit) : machine_info_locate(info);
}
