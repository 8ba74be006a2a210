/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * State files
 *
 * What outlives the daemon. Machined's file of a machine, /run/systemd/machines/
 * NAME, is an interface: sd-bus, journalctl, nss-mymachines and others read it,
 * and watch the directory. Our own, /run/berth/machines/NAME, holds what those
 * must not see: whether the machine has come to run, and what is ours to remove.
 * Files that we read may be machined's, or may have been tampered with.
 */

#include "daemon/core/machine.h"

typedef struct StateDirectories {
        int machined_fd;        /* /run/systemd/machines */
        int own_fd;             /* /run/berth/machines */
} StateDirectories;

/**
 * state_open() - open the directories of state files, and make them
 * @machined:           path of machined's, "/run/systemd/machines"
 * @own:                path of our own, "/run/berth/machines"
 * @ret:                return location for both
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what creating or opening them runs into
 */
int state_open(const char *machined, const char *own, StateDirectories *ret);

void state_close(StateDirectories *d);

/**
 * state_save_own() - write our own file of a machine
 * @d:                  the directories
 * @info:               the machine
 * @runs:               whether it has come to run
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what file_replace() runs into
 */
int state_save_own(const StateDirectories *d, const MachineInfo *info, bool runs);

/**
 * state_save_machined() - write machined's file of a machine, and the link by unit
 * @d:                  the directories
 * @info:               the machine
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what file_replace() and symlinkat() run into
 */
int state_save_machined(const StateDirectories *d, const MachineInfo *info);

/**
 * state_remove_own() - remove our own file of a machine
 * @d:                  the directories
 * @name:               name of the machine
 */
void state_remove_own(const StateDirectories *d, const char *name);

/**
 * state_remove_machined() - remove machined's file of a machine, and the link by unit
 * @d:                  the directories
 * @name:               name of the machine
 * @unit:               its unit, or NULL
 */
void state_remove_machined(const StateDirectories *d, const char *name, const char *unit);

/**
 * state_load() - read what is known of a machine
 * @d:                  the directories
 * @name:               name of the machine, which is valid
 * @ret:                return location for the machine
 * @ret_runs:           return location for whether it had come to run
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOENT      neither file is there
 *         -EBADMSG     what is there makes no sense
 */
int state_load(const StateDirectories *d, const char *name, MachineInfo *ret, bool *ret_runs);

/**
 * state_list() - names of all machines that have a file
 * @d:                  the directories
 * @ret:                return location for the list
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: what reading the directories runs into
 */
int state_list(const StateDirectories *d, char ***ret);
