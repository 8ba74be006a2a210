/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/console.h"
#include "client/journal.h"
#include "client/logs.h"
#include "lib/base/id128.h"
#include "lib/base/text.h"

/* What the host has of its journal, for those whom the daemon would have to ask polkit about. */
static int find_link(const char *id, char **ret) {
        _cleanup_free_ char *path = NULL;
        Id128 parsed;
        int r;

        /* It becomes part of a path. */
        if (!id || id128_parse(id, &parsed) < 0 || id128_is_null(parsed))
                return -ENOENT;

        r = text_printf(&path, "/var/log/journal/%s", id);
        if (r < 0)
                return r;
        if (access(path, F_OK) < 0)
                return -errno;

        *ret = TAKE_PTR(path);
        return 0;
}

int logs_print(Client *client, const char *machine, const char *id, const char *unit) {
        _cleanup_(sd_bus_error_free) sd_bus_error of_journal = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error of_console = SD_BUS_ERROR_NULL;
        JournalRequest request = { .lines = client->options.lines, .begins_apart = true };
        _cleanup_free_ char *link = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert(client);
        assert(machine);

        if (request.lines == 0)
                return 0;

        request.directory_fd = fd = journal_open(client, machine, &of_journal);
        if (fd >= 0)
                return journal_show(client, &request, NULL);

        if (fd != -ENOENT && find_link(id, &link) >= 0) {
                request.path = link;
                return journal_show(client, &request, NULL);
        }

        if (console_show(client, machine, request.lines, /* follows= */ false, request.begins_apart,
                         &of_console) >= 0)
                return 0;

        request.host_unit = unit;
        return unit ? journal_show(client, &request, NULL) : -ENOENT;
}
