/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looks into machines
 *
 * What berthd finds out about the inside of a machine, or opens of it for a
 * client, by a worker. A machine's files are read with the rights of its own
 * root user and no more: whoever may register a machine could have mounted
 * anything over them.
 */

#include "daemon/core/machine.h"
#include "daemon/core/worker.h"
#include "lib/kernel/netlink-address.h"

/**
 * machine_root_ids() - who a machine's root user is on the host
 * @m:                  a container, or the host
 * @ret_uid:            return location for the user; nobody's, if it is nobody
 * @ret_gid:            return location for the group
 *
 * One that someone else than root registered, and that has no users of its own,
 * is not root's but theirs.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ESRCH       its leader has gone
 */
int machine_root_ids(Machine *m, uid_t *ret_uid, gid_t *ret_gid);

/**
 * machine_run_job() - run a job on the root directory of a machine
 * @m:                  a container, or the host
 * @w:                  the workers
 * @job:                the job; its machine, user, and group are filled in, and
 *                      the first of its descriptors is the root directory, in
 *                      front of those that are there
 * @done:               told the answer
 * @userdata:           for that
 * @ret_ticket:         return location for what workers_cancel() wants, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EOPNOTSUPP  it is a VM
 *         -ESRCH       its leader has gone
 *         others       as workers_run()
 */
int machine_run_job(
                Machine *m,
                Workers *w,
                const WorkerJob *job,
                WorkerDone done,
                void *userdata,
                uint64_t *ret_ticket);

/**
 * machine_read_os_release() - read the os-release file of a machine
 * @m:                  a container, or the host
 * @w:                  the workers
 * @done:               told the answer: the file's text, for envfile_parse()
 * @userdata:           for that
 * @ret_ticket:         return location for what workers_cancel() wants, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as machine_run_job()
 */
int machine_read_os_release(Machine *m, Workers *w, WorkerDone done, void *userdata, uint64_t *ret_ticket);

/**
 * machine_open_root_directory() - open the root directory of a machine for reading
 * @m:                  a container, or the host
 * @w:                  the workers
 * @done:               told the answer: one descriptor
 * @userdata:           for that
 * @ret_ticket:         return location for what workers_cancel() wants, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: as machine_run_job()
 */
int machine_open_root_directory(
                Machine *m,
                Workers *w,
                WorkerDone done,
                void *userdata,
                uint64_t *ret_ticket);

/**
 * machine_open_network() - open the network namespace of a machine
 * @m:                  a container, or the host
 *
 * Return: descriptor, or negative error code on failure.
 * Errors: -EBADF               it is the host, whose namespace is ours
 *         -E_NO_PRIVATE_NETWORK        it has the host's network
 *         -EOPNOTSUPP          it is a VM
 *         -ESRCH               its leader has gone
 */
int machine_open_network(Machine *m);

/**
 * machine_list_addresses() - list where a machine may be reached
 * @m:                  a container, or the host
 * @w:                  the workers
 * @done:               told the answer, which addresses_from_answer() reads
 * @userdata:           for that
 * @ret_ticket:         return location for what workers_cancel() wants, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_PRIVATE_NETWORK        it has the host's network
 *         -EOPNOTSUPP                  it is a VM
 *         -ESRCH                       its leader has gone
 *         others                       as workers_run()
 */
int machine_list_addresses(Machine *m, Workers *w, WorkerDone done, void *userdata, uint64_t *ret_ticket);

/**
 * addresses_from_answer() - read the answer of machine_list_addresses()
 * @answer:             the answer
 * @ret:                return location for the list, to be freed
 * @ret_n:              return location for its length
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EPROTO      it is not a list of addresses
 *         -ENOMEM
 */
int addresses_from_answer(const WorkerAnswer *answer, NetlinkAddress **ret, size_t *ret_n);
