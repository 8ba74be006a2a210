/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A Varlink server with methods that are made for tests, and a client of it, both
 * on one event loop.
 */

#include "tests/lib/varlink-client.h"
#include "tests/test.h"

typedef struct Fixture {
        sd_event *event;
        VarlinkServer *server;
        VarlinkClient client;

        VarlinkCall *slow;              /* of Slow: waits for the test */
        unsigned n_slow, n_echoes;

        VarlinkCall *counter;           /* of Count: is answered in parts */
        json_int_t next, end;
        unsigned n_gone;
} Fixture;

void fixture_init(Fixture *f);
void fixture_done(Fixture *f);

/* Runs the loop until it is idle. */
void fixture_settle(void *userdata);

bool is_connected(Fixture *f);

/* The next message that came, or NULL; to be freed. */
char *next_message(Fixture *f);

void send_bytes(Fixture *f, const char *data, size_t size);
void send_call(Fixture *f, const char *text);

/* Of the next message, or that there is none (NULL). */
void check_next(Fixture *f, const char *wanted);
void check_reply(Fixture *f, const char *call, const char *wanted);

/* A call of Echo with so many bytes, without its NUL; to be freed. */
char *call_of_size(size_t size);

#define ECHO(parameters) "{\"method\":\"org.example.Test.Echo\",\"parameters\":" parameters "}"
#define SLOW "{\"method\":\"org.example.Test.Slow\"}"
#define INVALID(name)                                                                   \
        "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"" name "\"}}"
#define REFUSED "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}"
