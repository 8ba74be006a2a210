/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sources
 *
 * Where what is mounted comes from, if not from a place of the host that the spec
 * names: from the image, or from a directory that is thrown away in the end.
 */

#include "runtime/run.h"

/**
 * source_open_of_image() - open something of the image
 * @run:                the run, after step root
 * @path:               path in the image
 * @flags:              flags of open(2)
 *
 * By its path on the host: older kernels make neither layers nor clones of what is
 * detached.
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: -E_UNSAFE_PATH       the image is the host's own tree
 *         others               what beneath_open() runs into
 */
int source_open_of_image(const Run *run, const char *path, int flags);

/**
 * source_make_temporary() - make a directory of ours, and open it
 * @run:                the run, which removes it in the end
 * @place:              directory of the host to make it in
 *
 * Return: the descriptor, or a negative error code on failure.
 * Errors: what mkdtemp() runs into
 */
int source_make_temporary(Run *run, const char *place);
