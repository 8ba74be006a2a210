/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Setters
 *
 * How options become fields of a Spec, for those that are more than a field. Each
 * takes the option's value, or NULL where it has none. They are offered by
 * options.c, and used by settings files, too.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      not a valid value
 *         -ENOMEM
 *
 * Those that list print the values that an option takes, one a line.
 */

#include <stdio.h>

#include "lib/spec/spec.h"

/* set-execution.c */
int set_boot(Spec *spec, const char *value);
int set_user(Spec *spec, const char *value);
int set_environment(Spec *spec, const char *value);
int set_kill_signal(Spec *spec, const char *value);
int set_ttys(Spec *spec, const char *value);
void list_signals(FILE *f);

/* set-place.c */
int set_uuid(Spec *spec, const char *value);
int set_slice(Spec *spec, const char *value);
int set_property(Spec *spec, const char *value);
int set_network_namespace(Spec *spec, const char *value);

/* set-users.c */
int set_private_users(Spec *spec, const char *value);
void list_private_users(FILE *f);
int set_users_delegated(Spec *spec, const char *value);
int set_users_if_possible(Spec *spec, const char *value);
int set_ownership_chown(Spec *spec, const char *value);

/* set-privileges.c */
int set_keep(Spec *spec, const char *value);
int set_drop(Spec *spec, const char *value);
int set_ambient(Spec *spec, const char *value);
int set_filter(Spec *spec, const char *value);
int set_families(Spec *spec, const char *value);
void list_capabilities(FILE *f);
void list_families(FILE *f);

/* set-bind-user.c */
int set_bind_user(Spec *spec, const char *value);
int set_bind_user_shell(Spec *spec, const char *value);
int set_bind_user_group(Spec *spec, const char *value);

/* set-resources.c */
int set_rlimit(Spec *spec, const char *value);
int set_oom_score_adjust(Spec *spec, const char *value);
int set_cpu_affinity(Spec *spec, const char *value);
int set_personality(Spec *spec, const char *value);
void list_rlimits(FILE *f);
void list_personalities(FILE *f);

/* set-tree.c */
int set_directory(Spec *spec, const char *value);
int set_template(Spec *spec, const char *value);
int set_pivot_root(Spec *spec, const char *value);

/* set-mounts.c */
int set_bind(Spec *spec, const char *value);
int set_bind_ro(Spec *spec, const char *value);
int set_tmpfs(Spec *spec, const char *value);
int set_overlay(Spec *spec, const char *value);
int set_overlay_ro(Spec *spec, const char *value);
int set_inaccessible(Spec *spec, const char *value);

/* set-etc.c */
int set_resolv_conf(Spec *spec, const char *value);
void list_resolv_confs(FILE *f);

/* set-journal.c */
int set_forward_journal(Spec *spec, const char *value);
int set_forward_max_use(Spec *spec, const char *value);
int set_forward_keep_free(Spec *spec, const char *value);
int set_forward_max_file_size(Spec *spec, const char *value);
int set_forward_max_files(Spec *spec, const char *value);

/* set-credential.c */
int set_credential(Spec *spec, const char *value);
int load_credential(Spec *spec, const char *value);
