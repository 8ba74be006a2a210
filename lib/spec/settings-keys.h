/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The keys of .nspawn files, one row each.
 */

#include "lib/base/base.h"

typedef enum SettingsForm {
        FORM_VALUE,             /* as the option takes it */
        FORM_FLAG,              /* the option, if true; nothing, if not */
        FORM_WORDS,             /* the option, for each word */
        FORM_LIST,              /* the words with commas between them */
        FORM_ASSIGNMENTS,       /* as FORM_WORDS, but each has a value: ours are not the guest's */
        FORM_RLIMIT,            /* the option names the key */
        FORM_COMMAND,           /* no option */
} SettingsForm;

typedef enum SettingsTrust {
        TRUST_ANYBODY,
        TRUST_NEEDED,
        TRUST_TO_ALLOW,         /* needed unless a tilde comes first */
} SettingsTrust;

typedef enum SettingsGroup {
        GROUP_START,
        GROUP_ENVIRONMENT,
        GROUP_EPHEMERAL,
        GROUP_USER,
        GROUP_DIRECTORY,
        GROUP_PIVOT_ROOT,
        GROUP_CAPABILITY,
        GROUP_AMBIENT,
        GROUP_NO_NEW_PRIVILEGES,
        GROUP_KILL_SIGNAL,
        GROUP_PERSONALITY,
        GROUP_MACHINE_ID,
        GROUP_USERS,
        GROUP_NOTIFY_READY,
        GROUP_SYSTEM_CALLS,
        GROUP_FAMILIES,
        GROUP_RLIMIT,
        GROUP_OOM,
        GROUP_CPUS,
        GROUP_HOSTNAME,
        GROUP_RESOLV_CONF,
        GROUP_TIMEZONE,
        GROUP_JOURNAL,
        GROUP_SYNC,
        GROUP_READ_ONLY,
        GROUP_VOLATILE,
        GROUP_MOUNTS,
        GROUP_BIND_USER,
        GROUP_NETWORK,
        _GROUP_MAX,
} SettingsGroup;

typedef struct SettingsKey {
        const char *section;
        const char *name;
        const char *option;
        SettingsGroup group;
        SettingsForm form;
        SettingsTrust trust;
} SettingsKey;

extern const SettingsKey settings_key_table[];
extern const size_t n_settings_keys;
