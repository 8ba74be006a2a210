/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Operations over Varlink
 *
 * The third door to what can be done with machines: a method reads its parameters
 * into a request, and writes the answer; all else is the core's.
 */

#include "daemon/varlink/varlink-context.h"

/* A row: a method that is an operation on a machine. */
typedef struct VarlinkOperation {
        const char *method;             /* "Kill" */
        const OperationKind *kind;

        /* Reads what more there is to read than the machine. Returns NULL, or which
         * parameter is wrong. */
        const char *(*read)(json_t *parameters, OperationRequest *q);

        /* Ends the call. NULL: there is nothing to tell. */
        void (*write)(VarlinkCall *call, OperationAnswer *answer);

        const char *blame;              /* parameter that is wrong if the core says so */

        int error;                      /* one that means something particular here, or 0 */
        const char *error_name;         /* and its name */
} VarlinkOperation;

/**
 * varlink_operate() - have something done, and answer the call with what comes of it
 * @s:                  the server
 * @call:               the call; gone afterwards, or later
 * @operation:          what is done; a static row
 * @request:            what is wished for, but for the kind and the caller; taken over
 */
void varlink_operate(
                VarlinkServer *s,
                VarlinkCall *call,
                const VarlinkOperation *operation,
                OperationRequest *request);

/**
 * varlink_operate_on_machine() - do the same with the machine that the call is about
 * @s:                  the server
 * @call:               the call, which has VARLINK_LOOKUP_FIELDS; gone afterwards, or later
 * @operation:          what is done; a static row
 */
void varlink_operate_on_machine(VarlinkServer *s, VarlinkCall *call, const VarlinkOperation *operation);

/* Empty, to be filled. */
static inline OperationRequest varlink_empty_request(void) {
        return (OperationRequest) { .caller = { .uid = CALLER_UNKNOWN, .pidfd = -EBADF } };
}
