/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>

#include "client/agent.h"
#include "client/command-line.h"
#include "client/results.h"
#include "client/verbs/families.h"
#include "client/verbs/help.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static void client_done(Client *client) {
        screen_done(&client->screen);
        agent_stop(client);
        json_decref(client->results);
        options_done(&client->options);
        (void) sd_bus_flush_close_unref(client->bus);
}

static int print_version(Client *client) {
        if (client->options.format != OUTPUT_TEXT)
                return client_print_json(client, json_pack("{s:s, s:s}", "name", "berthctl",
                                                           "version", BERTH_VERSION));

        (void) puts("berthctl " BERTH_VERSION);
        return EXIT_SUCCESS;
}

static int run(Client *client, char *const *args) {
        int r, status;

        if (client->options.help)
                return print_help(client);
        if (client->options.version)
                return print_version(client);

        status = verb_run(verb_families, client, args);
        r = results_print(client);
        return status == EXIT_SUCCESS && r < 0 ? r : status;
}

/* What is opened next gets the lowest number that is free, and was to be neither. */
static void open_missing_stdio(void) {
        while (true) {
                int fd = open("/dev/null", O_RDWR);

                if (fd < 0)
                        return;
                if (fd > STDERR_FILENO) {
                        closep(&fd);
                        return;
                }
        }
}

int main(int argc, char *argv[]) {
        _cleanup_(client_done) Client client = { .argv = argv, .agent = -EBADF };
        char **args = NULL;
        int r;

        open_missing_stdio();
        i18n_init();
        log_setup();
        screen_init(&client.screen);

        r = command_line_parse(&client.options, argc, argv, &args);
        if (r == 0)
                r = run(&client, args);
        else if (r > 0)
                r = EXIT_SUCCESS;

        (void) strv_free(args);
        return r < 0 ? client.options.failure : r;
}
