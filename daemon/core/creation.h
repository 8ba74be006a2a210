/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Creation
 *
 * How a machine comes into being, and how it goes. A request, from any door, is
 * checked; what is to be made for the machine is planned into its info; then it
 * is made, by the steps of daemon/outside, each of which reads and undoes what
 * the info says. So the same undo serves a creation that failed, a machine that
 * ended, and what a daemon left behind that was killed in between.
 */

#include "daemon/core/machine.h"
#include "lib/base/steps.h"
#include "lib/scope/scope.h"

/* How many links a machine may be registered with. */
#define IFINDICES_MAX 128

typedef struct CreateRequest {
        char *name;
        Id128 id;                       /* null: none was given */
        char *service;
        char *class;                    /* as the client has spelled it */

        /* The processes, see create_request_hold(). */
        pid_t leader;                   /* 0: the caller itself */
        int leader_fd;                  /* pidfd of it, owned; 0: none (that is the daemon's stdin) */
        uint64_t leader_pidfd_id;       /* inode of its pidfd, or 0 */
        int supervisor_fd;              /* pidfd of who manages it, owned; 0: none */

        char *root_directory;           /* "" or NULL: none */
        int *ifindices;
        size_t n_ifindices;
        uint32_t vsock_cid;             /* 0: none, see vsock_cid_from_client() */
        char *ssh_address;              /* these three may be "" or NULL: none */
        char *ssh_private_key_path;
        char *control_address;
        bool is_wired;                  /* the caller takes care of its network */
        bool wants_scope;               /* otherwise, the leader's unit is the machine's */
        Properties properties;          /* of the scope */
        uid_t uid;                      /* of the caller */
} CreateRequest;

/**
 * create_request_done() - free what a request holds
 * @q:                  the request, which is empty afterwards
 */
void create_request_done(CreateRequest *q);

/**
 * create_request_check() - check what a client asks for
 * @q:                  request to check
 * @reterr_text:        return location for what is wrong, a static string
 *
 * Looks at the request only, not at the world.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      something is wrong
 */
int create_request_check(const CreateRequest *q, const char **reterr_text);

/**
 * create_request_check_rights() - check what others than root may not ask for
 * @q:                  the request, with its caller's user id
 * @reterr_text:        return location for what is wrong, a static string
 *
 * A scope is systemd's, and root's: there are properties that move other processes
 * into it, or shut the host down when it ends.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EACCES      there is such a property
 */
int create_request_check_rights(const CreateRequest *q, const char **reterr_text);

/**
 * vsock_cid_from_client() - read the context id of a machine's vsock
 * @cid:                as a client gives it, MACHINE_VSOCK_NONE for none
 * @ret:                return location for the number, 0 for none
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      0 to 2, which are not for machines
 */
int vsock_cid_from_client(uint32_t cid, uint32_t *ret);

/**
 * create_request_hold() - get hold of the processes that a request names
 * @q:                  request, checked
 * @caller_fd:          pidfd of the caller, or -EBADF if that is not known; borrowed
 * @reterr_text:        return location for what is wrong, a static string, with
 *                      -EINVAL
 *
 * To be done as soon as the request is there: while it waits to be granted, a
 * number may come to mean another process. Whatever tells of the leader must
 * agree, its pidfd before all else; if nothing does, the caller leads its machine.
 * A caller that is not the leader becomes the supervisor, unless its process is
 * another user's: who has registered a machine may have that one signalled.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      no pidfd, or two different processes, or the host's init
 *         -ESRCH       the leader has gone
 */
int create_request_hold(CreateRequest *q, int caller_fd, const char **reterr_text);

/**
 * machine_info_from_request() - what is known of a machine that is only asked for
 * @q:                  the request, checked
 * @leader_fd:          pidfd of the leader
 * @info:               empty info, which is filled; on failure, in parts
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       the leader has gone
 *         -ENXIO       no scope is wanted, and the leader is in no unit
 *         -ENOMEM
 */
int machine_info_from_request(const CreateRequest *q, int leader_fd, MachineInfo *info);

/**
 * machine_info_locate() - note where the leader is
 * @info:               the machine; its unit and control group are set
 *
 * In a scope of ours, or in a unit that becomes the machine's. The part of the
 * unit is noted once, with the unit: a guest moves on below it.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENXIO       in no unit
 *         others       what reading /proc runs into
 */
int machine_info_locate(MachineInfo *info);

/* The subject of the steps. */
typedef struct Creation {
        const CreateRequest *request;   /* NULL when a machine ends */
        MachineInfo *info;
        int leader_fd;                  /* -EBADF when a dead machine is collected */
        bool has_failed;                /* it never came to run: nothing of it is kept */
        ScopeBackend *scope;
        void *outside;                  /* what daemon/outside keeps for all of them */
} Creation;

/**
 * creation_continue() - go on after a step that was pending
 * @userdata:           the creation, as the step was given it
 * @result:             how the step ended
 *
 * A ScopeDone.
 */
void creation_continue(void *userdata, int result);
