/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A machine's place on the host
 *
 * A directory of the host, named after the machine, in which those who run on the host
 * find what the machine offers them. It is where systemd-nspawn has the same. Whoever
 * holds it runs the machine; what a dead predecessor has left there, the next one finds.
 */

#include "lib/base/base.h"

#define PLACES "/run/systemd/nspawn"

/* Where the machine's sockets are, in its place and in the machine. */
#define PLACE_EXPORT "unix-export"

/* Where its journal is sent to, on the host. */
#define PLACE_JOURNAL "journal-remote-socket"

/**
 * place_take() - make a machine's place, and hold it
 * @machine:            the machine's name
 *
 * It is held until the descriptor is closed, by us and by those who have inherited it.
 *
 * Return: a descriptor of the directory, or a negative error code on failure.
 * Errors: -E_MACHINE_EXISTS    somebody else holds it, or it is systemd-nspawn's
 *         others               what making it runs into
 */
int place_take(const char *machine);

/**
 * place_clear() - remove what is in a place
 * @machine:            the machine's name
 * @fd:                 descriptor of the place, which we hold
 *
 * Return: 1 if there was something, 0 if not, negative error code on failure.
 * Errors: what unmounting or removing runs into
 */
int place_clear(const char *machine, int fd);

/**
 * place_remove() - remove an empty place
 * @machine:            the machine's name
 * @fd:                 descriptor of the place, which we hold
 *
 * One that others have put something into stays.
 */
void place_remove(const char *machine, int fd);
