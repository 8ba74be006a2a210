/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A daemon that a test plays for berthctl
 *
 * Listens on a socket of its own, answers what is asked about three machines, and writes
 * down what that was. berthctl runs for real: $BERTHCTL says where it is.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "lib/base/base.h"

/* What no text of a machine may bring to a terminal. */
#define HOSTILE "\x1b]0;gotcha\a\xc2\x9b" "31m"

typedef struct Daemon {
        sd_event *event;
        sd_bus *bus;
        int listen_fd;
        char directory[32];
        char **calls;                   /* what was asked, in order */
        sd_bus_message *held[16];       /* calls that are answered when there are n_wanted of them */
        size_t n_held, n_wanted;
        size_t n_machines;
        bool knows_details;             /* is berthd, which has seen the inside of "web" */
        const char *class;              /* of "web" */
        pid_t leader;                   /* of "web"; the test's own process */
        const char *leads;              /* which object's machine that belongs to; "web" */
        uint64_t supervisor_id;         /* the identity of the test's own process, as "web"'s supervisor */
        unsigned n_interactive;         /* calls about which somebody may be asked for a password */
        const char *consoles;           /* where logs of consoles are, or NULL */
        int master, peer;               /* a terminal to hand out */
        int input, keyboard;            /* berthctl's standard input, if it is a terminal; its other side */
        int watched;                    /* when nobody reads from it any more the program is ended; -EBADF */
        int closes;                     /* a descriptor that berthctl has not got at all; -EBADF: none */
        const char *script;             /* stands for the word SCRIPT of a command line */
        pid_t client;                   /* berthctl */
        const char *exec_error;         /* name of what Exec() is refused with, or NULL */
        const char *shell_error;        /* the same, of OpenMachineShell() and OpenMachineLogin() */
        bool tells_client;              /* the program reads berthctl's pid as its input */
        pid_t program;                  /* started by it; 0: none, or ended */
        int signal_early;               /* sent to berthctl before it is answered; 0: none */
        bool tells_events;              /* whoever connects; berthctl is ended when it comes again */
        bool has_told;
        bool falls_silent;              /* takes no notice of who comes again */
        int ignored;                    /* who has */
        bool forgets_programs;          /* as a daemon that is restarted */
        bool spares_programs;           /* Kill() does nothing */
        unsigned urges;                 /* so many SIGINT more to berthctl, one for each Kill() of it */
        char *output, *errors;
        int status;                     /* berthctl's */
} Daemon;

void daemon_init(Daemon *d);
void daemon_done(Daemon *d);

/* Runs berthctl with the words of @line as its arguments, until it ends. */
void daemon_run(Daemon *d, const char *line);
