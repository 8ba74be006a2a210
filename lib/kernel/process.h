/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Processes
 *
 * A process of the host, held by a pidfd so that its number cannot come to mean
 * another one, and what /proc tells of it. The identity is what outlives us: it
 * tells after a restart whether the number still means the same process.
 */

#include <sys/types.h>

#include "lib/base/base.h"

/* One of the two is set. Kernels since 6.9 number pidfds uniquely (pidfs). */
typedef struct ProcessIdentity {
        uint64_t pidfd_id;      /* inode of the pidfd, or 0 */
        uint64_t start_time;    /* clock ticks since boot, field 22 of /proc/PID/stat, or 0 */
} ProcessIdentity;

/**
 * process_open() - open a pidfd
 * @pid:                process id, above 0
 *
 * Return: the descriptor, close-on-exec, or a negative error code on failure.
 * Errors: -ESRCH       no such process
 *         others       what pidfd_open() runs into
 */
int process_open(pid_t pid);

/* Whether a descriptor is a pidfd. Of one that somebody else has handed to us, who may
 * answer what we ask of it in our place, or never: so nothing is asked. */
bool process_is_pidfd(int fd);

/**
 * process_pid() - process id behind a pidfd
 * @pidfd:              pidfd
 * @ret:                return location for the process id in our namespace
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has been reaped
 *         -EBADF       not a pidfd
 *         -EREMOTE     not visible in our pid namespace
 */
int process_pid(int pidfd, pid_t *ret);

/**
 * process_is_alive() - check whether a process still runs
 * @pidfd:              pidfd of it
 *
 * Return: whether it has not exited; a zombie has.
 */
bool process_is_alive(int pidfd);

/**
 * process_signal() - send a signal
 * @pidfd:              pidfd of the process
 * @signo:              signal number
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       what pidfd_send_signal() runs into
 */
int process_signal(int pidfd, int signo);

/* Bit 0 is signal 1. */
typedef struct ProcessSignals {
        uint64_t caught;        /* it has handlers for these */
        uint64_t blocked;       /* these wait to be read, by signalfd(2) for instance, or for ever */
} ProcessSignals;

#define SIGNAL_BIT(signo) (UINT64_C(1) << ((signo) - 1))

/**
 * process_signals() - which signals mean something to a process
 * @pidfd:              pidfd of it
 * @ret:                return location for them
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         -EIO         /proc says something unheard of
 */
int process_signals(int pidfd, ProcessSignals *ret);

/**
 * process_shutdown_signal() - which signal an init takes for a request to power off
 * @signals:            what it handles
 *
 * There is none that all inits understand, but it can be seen which one they wait
 * for. Handlers count for more than what is blocked: OpenRC's init blocks all that
 * it has none for.
 *
 * Return: SIGRTMIN+3 for systemd; SIGPWR for the others that there are; SIGTERM
 *         for programs that are no init; 0 if it handles none of them as yet, or
 *         waits by sigtimedwait(2), which cannot be seen.
 */
int process_shutdown_signal(const ProcessSignals *signals);

/**
 * process_identify() - tell a process from all that will have its number
 * @pidfd:              pidfd of it
 * @ret:                return location for its identity
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 */
int process_identify(int pidfd, ProcessIdentity *ret);

/**
 * process_start_time() - when a process has started
 * @pidfd:              pidfd of it
 * @ret:                return location for clock ticks since boot
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         -EIO         /proc says something unheard of
 */
int process_start_time(int pidfd, uint64_t *ret);

/**
 * process_has_executed() - whether a process runs a program of its own
 * @pidfd:              pidfd of it
 *
 * Otherwise it is a copy of its parent still: PF_FORKNOEXEC of the kernel's.
 *
 * Return: 1 if so, 0 if not, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         -EIO         /proc says something unheard of
 */
int process_has_executed(int pidfd);

/**
 * process_open_identified() - open a pidfd, if the number means who it meant
 * @pid:                process id
 * @identity:           what process_identify() told of it earlier
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ESRCH       the process has gone, whatever has its number now
 */
int process_open_identified(pid_t pid, const ProcessIdentity *identity);

/**
 * process_exit_status() - how a process has ended that is not our child
 * @pidfd:              descriptor of the process
 * @ret:                return location for its status, as waitpid() has it
 *
 * For good once it is reaped, from Linux 6.15 on; on older kernels only until
 * then, which may be no time at all.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EBUSY       it has not ended
 *         -ESRCH       it was reaped, and the kernel does not tell
 *         others       what reading /proc runs into
 */
int process_exit_status(int pidfd, int *ret);

/**
 * process_owner() - effective user of a process
 * @pidfd:              pidfd of it
 * @ret:                return location for the user id
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 */
int process_owner(int pidfd, uid_t *ret);

/**
 * process_is_owned_by() - check whether a process is a user's to command
 * @pidfd:              pidfd of it
 * @uid:                the user
 *
 * It is if all its user ids are that user's (so it is not one that the user has
 * merely had executed with another's rights, nor one that only stands in for the
 * user just now), or if it is in a user namespace that this user has made.
 *
 * Return: 1 if it is, 0 if not, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       what looking at its namespace runs into
 */
int process_is_owned_by(int pidfd, uid_t uid);

/**
 * process_parent() - who has a process as its child
 * @pid:                process id, which nothing holds: whoever has it by now
 * @ret:                return location for the parent's process id; 0 if that is
 *                      none of our pid namespace
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       no such process
 */
int process_parent(pid_t pid, pid_t *ret);

/**
 * process_name() - what a process calls itself
 * @pidfd:              pidfd of it
 * @ret:                return location for its name, safe to print
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 */
int process_name(int pidfd, char **ret);

/**
 * process_open_root() - open the root directory that a process sees
 * @pidfd:              pidfd of it
 *
 * Return: the descriptor, opened with O_PATH: a guest's root, to be used with
 *         lib/base/beneath.h; or a negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       opening /proc/PID/root failed
 */
int process_open_root(int pidfd);

/**
 * process_open_namespace() - open a namespace of a process
 * @pidfd:              pidfd of it
 * @type:               "net", "mnt", …: its name below /proc/PID/ns
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       opening it failed
 */
int process_open_namespace(int pidfd, const char *type);

/**
 * process_shares_namespace() - compare a namespace of a process with ours
 * @pidfd:              pidfd of it
 * @type:               as for process_open_namespace()
 *
 * Return: 1 if both are in the same one, 0 if not, negative error code.
 * Errors: as process_open_namespace()
 */
int process_shares_namespace(int pidfd, const char *type);

/**
 * process_read() - read a file that /proc has of a process
 * @pidfd:              pidfd of it
 * @name:               "status", "uid_map", …: a small one below /proc/PID
 * @ret:                return location for its text
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       it has exited
 *         others       what reading runs into
 */
int process_read(int pidfd, const char *name, char **ret);
