/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/creation.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

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
