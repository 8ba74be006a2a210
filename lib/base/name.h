/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names
 *
 * Which names a machine may have, and the names that follow from it in the
 * worlds around: of its unit, of its object on the bus. Interface names are
 * in lib/base/ifname.h.
 */

#include "lib/base/base.h"

/* LOGIN_NAME_MAX of Linux, without the NUL. */
#define USER_NAME_MAX 255

/* HOST_NAME_MAX of Linux: a machine's name is its host name, too. */
#define MACHINE_NAME_MAX 64

/**
 * machine_name_is_valid() - check the name of a machine
 * @name:               name to check
 *
 * A machine's name is a host name: 1 to 64 of A-Z a-z 0-9 - and ., no dot at
 * either end or beside another, no label that begins or ends with a dash.
 * (systemd's hostname_is_valid() without flags.)
 *
 * Return: whether it is valid.
 */
bool machine_name_is_valid(const char *name);

/**
 * machine_name_from_path() - derive a machine's name from its root or image
 * @path:               path whose last component is to become the name
 * @ret:                return location for the name
 *
 * Drops a .raw suffix and all that a name may not contain.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      nothing is left
 */
int machine_name_from_path(const char *path, char **ret);

/**
 * user_name_is_valid() - check the name of a user of a machine
 * @name:               name to check, or number
 *
 * What a user of somebody else's system may be called is up to that: no more is
 * asked than that the name cannot mean anything else in a command line, a path
 * or a table of users.
 *
 * Return: whether it is valid.
 */
bool user_name_is_valid(const char *name);

/**
 * unit_name_escape() - escape a string for use in a unit's name
 * @s:                  string to escape
 * @ret:                return location for the escaped string
 *
 * As systemd.unit(5) describes: / becomes -, and all but A-Z a-z 0-9 : _ and .
 * becomes \xHH, as does a dot in front.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int unit_name_escape(const char *s, char **ret);

/**
 * machine_scope_name() - name of the scope that berthd makes for a machine
 * @machine:            the machine's name
 * @ret:                return location for machine-NAME.scope
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machine_scope_name(const char *machine, char **ret);

/**
 * machine_service_name() - name of the service that starts a machine
 * @machine:            the machine's name
 * @ret:                return location for berth@NAME.service
 *
 * Unescaped, as people write it: all that a machine's name is made of may be in
 * a unit's, and the unit hands its instance on as it is (%i).
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int machine_service_name(const char *machine, char **ret);

/**
 * bus_label_escape() - escape a string for use as element of an object path
 * @s:                  string to escape
 * @ret:                return location for the escaped string
 *
 * All but A-Z a-z, and 0-9 unless in front, becomes _hh; "" becomes _.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int bus_label_escape(const char *s, char **ret);

/**
 * bus_label_unescape() - undo bus_label_escape()
 * @s:                  element of an object path
 * @ret:                return location for the string
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not the outcome of bus_label_escape()
 */
int bus_label_unescape(const char *s, char **ret);
