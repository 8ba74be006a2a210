/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * berthd
 *
 * The daemon's command line. What it is made of, see daemon/daemon.c.
 */

#include <getopt.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "lib/base/fault.h"
#include "lib/base/host.h"
#include "lib/base/log.h"
#include "lib/bus/connect.h"

static bool arg_embedded;

static int parse_argv(int argc, char *argv[]) {
        static const struct option options[] = {
                { "embedded", no_argument, NULL, 'e' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
                {},
        };

        arg_embedded = !host_has_systemd();

        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) >= 0;)
                switch (c) {
                case 'e':
                        arg_embedded = true;
                        break;
                case 'h':
                        puts("berthd [OPTION]\n\nRegisters machines, and makes what lies outside them.\n\n"
                             "  -h --help      show this text\n     --version   show the version\n"
                             "     --embedded  do without systemd, and serve on " PRIVATE_SOCKET);
                        return 0;
                case 'v':
                        printf("berth %s%s\n", BERTH_VERSION,
                               fault_points_exist ? ", with fault points" : "");
                        return 0;
                default:
                        return -EINVAL;
                }

        return optind < argc ? log_error(-EINVAL, "Unexpected argument '%s'", argv[optind]) : 1;
}

int main(int argc, char *argv[]) {
        int r;

        log_setup();

        r = parse_argv(argc, argv);
        if (r > 0)
                r = daemon_run(arg_embedded);

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
