/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings
 *
 * What an administrator, or whoever has made an image, says of a machine in a file
 * NAME.nspawn, in the words of systemd.nspawn(5). A key stands for an option of the
 * command line, and is read by what reads that. A file that lies beside the image
 * may have come with it: what would give its guest more of the host is ignored.
 *
 * Options and keys belong to groups: of a group, either all that the command line
 * says counts, or all that the file says.
 */

#include "lib/base/base.h"
#include "lib/spec/spec.h"

#define SETTINGS_SIZE_MAX (64U * 1024)

/* Bits of groups. */
typedef uint64_t SettingsGroups;

typedef struct Setting {
        const struct SettingsKey *key;
        char *value;
        unsigned line;
} Setting;

typedef struct Settings {
        char *path;
        bool trusted;
        Setting *list;
        size_t n;
        char **warnings;        /* of what was ignored, a sentence each */
} Settings;

/**
 * settings_parse() - read the text of a file
 * @text:               the text, from anybody
 * @path:               what to call it
 * @trusted:            whether it may say all that there is
 * @ret:                return location for the settings, see settings_done()
 *
 * What is not known is left out, and so is what needs trust; there are warnings then.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int settings_parse(const char *text, const char *path, bool trusted, Settings *ret);

/**
 * settings_find() - find and read the file of a machine
 * @machine:            its name
 * @tree:               path of its tree, beside which a file may lie, or NULL
 * @trust:              whether to trust that one, too
 * @ret:                return location for the settings
 *
 * Return: 1 on success, 0 if there is none, negative error code on failure.
 * Errors: -EFBIG       it is longer than SETTINGS_SIZE_MAX
 *         -EBADF       it is no regular file
 *         others       what reading runs into
 */
int settings_find(const char *machine, const char *tree, bool trust, Settings *ret);

void settings_done(Settings *settings);

/* The groups that some settings say something of. */
SettingsGroups settings_groups(const Settings *settings);

/* The group of an option, by its name and letter; 0 if no file can say the same. */
SettingsGroups settings_group_of_option(const char *name, char letter);

/* That of the command, with its arguments. */
SettingsGroups settings_group_of_command(void);

/**
 * settings_apply() - have a spec be as settings say
 * @settings:           the settings
 * @skip:               groups that they have no say in
 * @spec:               spec to change
 * @reterr_setting:     return location for what is wrong, borrowed
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      a value that the option does not take
 *         -ENOSYS      an option that is refused
 *         -ENOMEM
 */
int settings_apply(
                const Settings *settings,
                SettingsGroups skip,
                Spec *spec,
                const Setting **reterr_setting);

/* How a setting is called in its file. */
const char *setting_name(const Setting *setting);
