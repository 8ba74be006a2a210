/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/agent.h"
#include "client/console.h"
#include "client/journal.h"
#include "client/verbs/inspect.h"
#include "lib/base/errors.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"

/* As journalctl has it. */
#define LINES_FOLLOWED 10

static unsigned choose_lines(const Options *o) {
        return o->has_lines ? o->lines : o->follow ? LINES_FOLLOWED : LINES_ALL;
}

/* A console has neither times nor units nor priorities. */
static bool wants_journal(const Options *o) {
        return o->since || o->until || o->priority || o->units;
}

static void start_pager(Client *client) {
        if (!client->options.no_pager && !client->options.follow)
                screen_start_pager(&client->screen);
}

static int show_console(Client *client, const char *machine) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        const Options *o = &client->options;
        int r;

        if (wants_journal(o)) {
                (void) log_error(0, _("What was written to a console has no time, unit or priority."));
                return -EINVAL;
        }

        start_pager(client);
        r = console_show(client, machine, choose_lines(o), o->follow, /* begins_apart= */ false, &e);
        return r < 0 ? complain(r, &e, _("Could not read the console's log of machine '%s'"), machine) : 0;
}

static int show_journal(Client *client, const char *machine, int fd, bool is_running) {
        const Options *o = &client->options;
        int r;

        start_pager(client);
        r = journal_show(client, &(JournalRequest) {
                .directory_fd = fd,
                .machine = is_running && o->follow ? machine : NULL,
                .lines = choose_lines(o),
        }, NULL);
        if (r == -ENOENT) {
                (void) log_error(0, _("Journals are read by journalctl, which is not there."));
                return r;
        }
        if (r == -EIO)
                return r; /* it has said why */

        return r < 0 ? log_error(r, _("Could not read the journal of machine '%s'"), machine) : 0;
}

/* What a machine without a journal has to say is on its console. */
static bool has_no_journal(int error) {
        return error == -ENOENT || error == -EOPNOTSUPP || error == -E_NO_SUCH_MACHINE;
}

int verb_logs(Client *client, char *const *args) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_close_ int fd = -EBADF;
        const char *machine = args[0];
        bool is_running;
        int r;

        r = client_connect(client);
        if (r < 0)
                return r;

        agent_start(client);
        if (client->options.console)
                return show_console(client, machine);

        fd = journal_open(client, machine, &e);
        if (has_no_journal(fd) && !wants_journal(&client->options))
                return show_console(client, machine);
        if (fd < 0)
                return complain(fd, &e, _("Could not open the journal of machine '%s'"), machine);

        is_running = !sd_bus_error_is_set(&e);
        return show_journal(client, machine, fd, is_running);
}
