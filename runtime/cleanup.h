/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Cleaning up
 *
 * What a run of a machine leaves on the host if it is killed: directories for what was
 * to be thrown away, the machine's place, and files of locks. All else is the kernel's, and gone.
 */

#include "lib/spec/spec.h"

/* Names of those directories; of temporary ones something random follows, after a dot. */
#define CLEANUP_NAME(prefix) prefix ".%s.%i"
#define CLEANUP_TREE ".#machine"
#define CLEANUP_TEMPORARY ".#berth"

/* Where they are made if they belong beside nothing in particular. */
#define CLEANUP_TEMPORARY_PLACE "/var/tmp"

/**
 * cleanup_run() - remove what runs of a machine have left
 * @spec:               the spec, which names the machine
 *
 * What belongs to a process that lives stays.
 *
 * Return: how many directories were removed, or a negative error code on failure.
 * Errors: what removing the last one runs into that cannot be
 */
int cleanup_run(const Spec *spec);
