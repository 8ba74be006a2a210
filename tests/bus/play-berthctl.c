/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * play-berthctl ARGUMENT...: runs berthctl with these arguments against the daemon that tests
 * play, and prints what it prints, and ends as it ends. For tests/bus/test-json.py.
 */

#include "lib/base/text.h"
#include "tests/bus/client-daemon.h"
#include "tests/test.h"

int main(int argc, char *argv[]) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_free_ char *line = NULL;
        _cleanup_(daemon_done) Daemon d;

        assert(argc > 1);

        argv[0] = (char *) "berthctl";
        CHECK_OK(strv_copy(argv, &words));
        CHECK_OK(strv_join(words, " ", &line));

        daemon_init(&d);
        d.knows_details = strv_contains(words, "--all");
        d.tells_events = strv_contains(words, "events");
        d.consoles = getenv("CONSOLES");
        daemon_run(&d, line);

        (void) fputs(d.output, stdout);
        (void) fputs(d.errors, stderr);
        return d.status;
}
