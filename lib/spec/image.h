/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Images
 *
 * What a machine is made from that is known by its name alone: a directory of
 * that name in one of the places where systemd looks for machines, too.
 */

#include "lib/base/base.h"

/* Where new ones are made. */
#define IMAGE_DIRECTORY "/var/lib/machines"

/**
 * image_find() - find the directory of a machine
 * @name:               name of the machine, which is valid
 * @ret:                return location for its path, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -E_NO_SUCH_IMAGE     there is none
 *         -ENOMEM
 */
int image_find(const char *name, char **ret);

/**
 * image_find_place() - find out where the directory of a machine is, or is to be
 * @name:               name of the machine, which is valid
 * @ret:                return location for its path
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int image_find_place(const char *name, char **ret);
