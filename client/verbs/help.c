/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "client/command-line.h"
#include "client/verbs/families.h"
#include "client/verbs/help.h"
#include "lib/base/i18n.h"

static int print_json(Client *client) {
        json_t *help = json_pack("{s:o, s:o}", "commands", verbs_to_json(verb_families),
                                 "options", command_line_options_to_json());
        int r;

        r = help ? client_print_json(client, help) : -ENOMEM;
        return r < 0 ? r : EXIT_SUCCESS;
}

int print_help(Client *client) {
        if (client->options.format != OUTPUT_TEXT)
                return print_json(client);

        if (!client->options.no_pager)
                screen_start_pager(&client->screen);

        (void) printf("berthctl %s\n\n%s\n", _("[OPTIONS...] COMMAND ..."),
                      _("Look at, start, stop and enter the machines of this host."));
        verbs_print(verb_families, &client->screen);
        (void) printf("\n%s%s:%s\n", screen_color(&client->screen, COLOR_HEADER), _("Options"),
                      screen_color(&client->screen, COLOR_NONE));
        command_line_print_options();
        (void) printf("\n%s\n", _("See the berthctl(1) man page for details."));
        return EXIT_SUCCESS;
}

static int verb_help(Client *client, _unused_ char *const *args) {
        return print_help(client);
}

static const Verb verbs[] = {
        { "help", NULL, "", 0, 0, verb_help, N_("Show this help") },
        {}
};

VERB_FAMILY(help, N_("Other commands"), verbs);
