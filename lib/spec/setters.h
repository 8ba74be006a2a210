/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Setters
 *
 * How options become fields of a Spec, for those that take more than a few lines
 * to read. Each takes the option's value, or NULL where it has none. They are
 * offered by options.c, and used by settings files, too.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a valid value
 *         -ENOMEM
 */

#include "lib/spec/spec.h"

/* set-resources.c */
int set_rlimit(Spec *spec, const char *value);
int set_oom_score_adjust(Spec *spec, const char *value);
int set_cpu_affinity(Spec *spec, const char *value);
int set_personality(Spec *spec, const char *value);

/* set-tree.c */
int set_volatile(Spec *spec, const char *value);
int set_pivot_root(Spec *spec, const char *value);
int set_overlay(Spec *spec, const char *value);
int set_overlay_ro(Spec *spec, const char *value);
int set_inaccessible(Spec *spec, const char *value);

/* set-etc.c */
int set_timezone(Spec *spec, const char *value);
int set_resolv_conf(Spec *spec, const char *value);

/* set-credential.c */
int set_credential(Spec *spec, const char *value);
int load_credential(Spec *spec, const char *value);
