/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "client/exec.h"
#include "client/target.h"
#include "client/terminal.h"
#include "client/verb.h"
#include "client/verbs/families.h"
#include "lib/base/i18n.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static bool wants_terminal(const Options *o) {
        return o->tty == TTY_YES || (o->tty == TTY_AUTO && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

static int verb_exec(Client *client, char *const *args) {
        const Options *o = &client->options;
        _cleanup_(strv_freep) char **environment = NULL;
        _cleanup_free_ char *user = NULL, *machine = NULL;
        bool terminal = wants_terminal(o);
        int r;

        /* Nobody would hold it, and it would be hung up. */
        if (terminal && o->detach) {
                (void) log_error(0, _("--detach goes without a terminal."));
                return -EINVAL;
        }

        r = target_parse(args[0], o->uid, &user, &machine);
        if (r < 0)
                return r;

        r = strv_copy(o->environment, &environment);
        if (r >= 0 && terminal)
                r = terminal_add_variables(&environment);
        if (r < 0)
                return r;

        r = client_connect_shortly(client);
        if (r < 0)
                return r;

        r = exec_run(client, &(ExecRequest) {
                .machine = machine,
                .user = user,
                .directory = o->directory,
                .argv = args + 1,
                .environment = environment,
                .terminal = terminal,
                .detach = o->detach,
        });
        if (r == -EOPNOTSUPP)
                (void) log_error(0, _("The daemon of this host cannot run programs in machines."));
        return r;
}

static const Verb verbs[] = {
        { "exec", NULL, "[USER@]NAME COMMAND...", 2, VERB_ANY, verb_exec,
          N_("Run a program in a machine, with our input and output") },
        {}
};

VERB_FAMILY(exec, N_("Running"), verbs);
