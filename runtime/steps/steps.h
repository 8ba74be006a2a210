/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The steps of a start, in the order of steps.c, which is the one that counts.
 * Each is described in its own file.
 */

#include "lib/base/steps.h"

/* STAGE_HOST */
extern const Step step_template;
extern const Step step_root;
extern const Step step_lock;
extern const Step step_changes;
extern const Step step_network;
extern const Step step_users;
extern const Step step_system;
extern const Step step_identity;
extern const Step step_machine_id;
extern const Step step_user;
extern const Step step_stub_init;
extern const Step step_credentials;
extern const Step step_filter;
extern const Step step_label_modules;
extern const Step step_reference;
extern const Step step_clocks;
extern const Step step_bind_users;
extern const Step step_sources;
extern const Step step_registrar;
extern const Step step_cgroup;
extern const Step step_place;
extern const Step step_export;
extern const Step step_forward_journal;

/* STAGE_OUTER */
extern const Step step_join_network;
extern const Step step_layers;
extern const Step step_owner;
extern const Step step_tree;
extern const Step step_volatile;
extern const Step step_old_root;
extern const Step step_localtime;
extern const Step step_resolv_conf;
extern const Step step_journal;
extern const Step step_run;
extern const Step step_run_host;
extern const Step step_mount_credentials;
extern const Step step_show_users;
extern const Step step_show_export;
extern const Step step_show_lenders;
extern const Step step_show_journal;
extern const Step step_notify;
extern const Step step_dev;
extern const Step step_console;
extern const Step step_ttys;
extern const Step step_sys;
extern const Step step_tmp;
extern const Step step_mounts;
extern const Step step_limits_early;
extern const Step step_seal_early;

/* STAGE_OWN */
extern const Step step_tree_copy;
extern const Step step_mqueue;
extern const Step step_proc;
extern const Step step_sys_parts;
extern const Step step_mounts_over;
extern const Step step_nesting;
extern const Step step_hostname;
extern const Step step_loopback;

/* STAGE_LEADER */
extern const Step step_scope;
extern const Step step_register;
extern const Step step_keep_filter;
extern const Step step_devices;
extern const Step step_net_veth;
extern const Step step_cgroup_owner;
extern const Step step_schedule;

/* STAGE_INNER */
extern const Step step_cgroup_namespace;
extern const Step step_seal;
extern const Step step_pivot;
extern const Step step_terminal;
extern const Step step_verify_tree;
extern const Step step_limits;
extern const Step step_personality;
extern const Step step_privileges;
extern const Step step_label;
extern const Step step_load_filter;
extern const Step step_verify_privileges;
extern const Step step_exec;
