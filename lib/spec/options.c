/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berth-run's command line offers. An option is a row, and a setter if it is more than a field. */

#include "lib/base/text.h"
#include "lib/spec/clocks.h"
#include "lib/spec/options.h"
#include "lib/spec/setters.h"

/* Accepted, and nothing is done. */
static int set_nothing(Spec *spec, const char *value) {
        (void) spec;
        (void) value;
        return 0;
}

/* What is not here, so that who asks for it is told why. */
static int set_missing(Spec *spec, const char *value) {
        (void) spec;
        (void) value;
        return -ENOSYS;
}

/* Those that say with one letter what another one says with words. */
static int set_link_journal_try_guest(Spec *spec, const char *value) {
        (void) value;
        spec->link_journal = LINK_JOURNAL_TRY_GUEST;
        return 0;
}

static int set_pipe(Spec *spec, const char *value) {
        (void) value;
        spec->console = CONSOLE_PIPE;
        return 0;
}

/* A colour for the terminal's background, which is for those who like it: berth-run
 * leaves the terminal as it is. Taken, so that what starts nspawn with it starts us. */
static int set_background(Spec *spec, const char *value) {
        (void) spec;
        return strspn(value, "0123456789;:") == strlen(value) ? 0 : -EINVAL;
}

static const Word settings_words[] = {
        { "yes", SETTINGS_YES },
        { "no", SETTINGS_NO },
        { "override", SETTINGS_OVERRIDE },
        { "trusted", SETTINGS_TRUSTED },
        {},
};

static const Word volatile_words[] = {
        { "no", VOLATILE_NO },
        { "yes", VOLATILE_YES },
        { "state", VOLATILE_STATE },
        { "overlay", VOLATILE_OVERLAY },
        {},
};

static const Word notify_ready_words[] = {
        { "no", NOTIFY_READY_NO },
        { "yes", NOTIFY_READY_YES },
        { "auto", NOTIFY_READY_AUTO },
        {},
};

static const Word ownership_words[] = {
        { "off", OWNERSHIP_OFF },
        { "chown", OWNERSHIP_CHOWN },
        { "map", OWNERSHIP_MAP },
        { "auto", OWNERSHIP_AUTO },
        { "foreign", OWNERSHIP_FOREIGN },
        {},
};

static const Word register_words[] = {
        { "yes", REGISTER_YES },
        { "no", REGISTER_NO },
        { "auto", REGISTER_AUTO },
        {},
};

static const Word link_journal_words[] = {
        { "no", LINK_JOURNAL_NO },
        { "yes", LINK_JOURNAL_AUTO },
        { "auto", LINK_JOURNAL_AUTO },
        { "guest", LINK_JOURNAL_GUEST },
        { "try-guest", LINK_JOURNAL_TRY_GUEST },
        { "host", LINK_JOURNAL_HOST },
        { "try-host", LINK_JOURNAL_TRY_HOST },
        {},
};

static const Word timezone_words[] = {
        { "off", TIMEZONE_OFF },
        { "copy", TIMEZONE_COPY },
        { "bind", TIMEZONE_BIND },
        { "symlink", TIMEZONE_SYMLINK },
        { "delete", TIMEZONE_DELETE },
        { "auto", TIMEZONE_AUTO },
        {},
};

static const Word console_words[] = {
        { "interactive", CONSOLE_INTERACTIVE },
        { "read-only", CONSOLE_READ_ONLY },
        { "passive", CONSOLE_PASSIVE },
        { "pipe", CONSOLE_PIPE },
        { "autopipe", CONSOLE_AUTOPIPE },
        {},
};

#define HEADING(words) { .text = words }

#define ROW(n, l, takes, m, t, ...)                                                             \
        {                                                                                       \
                .name = n, .letter = l, .value = takes, .metavar = m, .text = t, __VA_ARGS__    \
        }

/* With a setter: an option without, with, or with or without a value; and one that tells its values. */
#define FLAG(n, l, s, t) ROW(n, l, OPTION_NO_VALUE, NULL, t, .set = s)
#define VALUE(n, l, m, s, t) ROW(n, l, OPTION_REQUIRED_VALUE, m, t, .set = s)
#define MAYBE(n, l, m, s, t) ROW(n, l, OPTION_OPTIONAL_VALUE, m, t, .set = s)
#define LISTED(n, l, m, s, f, t) ROW(n, l, OPTION_REQUIRED_VALUE, m, t, .set = s, .list = f)

/* That are a field of the spec. */
#define FIELD(kind, f) .field = kind, .offset = offsetof(Spec, f)
#define IS(n, l, f, t) ROW(n, l, OPTION_NO_VALUE, NULL, t, FIELD(FIELD_TRUE, f))
#define BOOLEAN(n, f, t) ROW(n, 0, OPTION_REQUIRED_VALUE, "BOOL", t, FIELD(FIELD_BOOLEAN, f))
#define STRING(n, l, m, f, t) ROW(n, l, OPTION_REQUIRED_VALUE, m, t, FIELD(FIELD_STRING, f))
#define WORDS(n, takes, w, f, t) ROW(n, 0, takes, "MODE", t, FIELD(FIELD_WORD, f), .words = w)

const Option option_table[] = {
        HEADING("General"),
        FLAG("help", 'h', NULL, "Show this help"),
        FLAG("version", 0, NULL, "Show the version"),
        WORDS("settings", OPTION_REQUIRED_VALUE, settings_words, settings,
              "Read NAME.nspawn: yes, no, override, trusted"),
        FLAG("no-pager", 0, set_nothing, "Accepted: there is no pager"),
        FLAG("no-ask-password", 0, set_nothing, "Accepted: nobody is asked for passwords"),
        FLAG("system", 0, set_nothing, "Accepted: machines are root's"),
        IS("quiet", 'q', quiet, "Say nothing that is not an error"),
        IS("cleanup", 0, cleanup, "Remove what runs that were killed have left, and start nothing"),
        IS("explain", 0, explain, "Print the steps that would be taken, and take none"),

        HEADING("Image"),
        VALUE("directory", 'D', "PATH", set_directory, "Root directory of the container"),
        VALUE("template", 0, "PATH", set_template, "Copy this tree if there is no root directory yet"),
        IS("read-only", 0, read_only, "Mount the root directory read-only"),
        IS("ephemeral", 'x', ephemeral, "Throw all changes away in the end"),
        WORDS("volatile", OPTION_OPTIONAL_VALUE, volatile_words, volatile_mode,
              "Have nothing stay: no, yes, state, overlay"),
        VALUE("pivot-root", 0, "PATH[:PATH]", set_pivot_root, "Directory of the tree to make its root"),

        HEADING("Execution"),
        MAYBE("boot", 'b', "BOOL", set_boot, "Run the container's init as PID 1"),
        IS("as-pid2", 'a', as_pid2, "Run the command as PID 2, with an init as PID 1"),
        STRING("chdir", 0, "PATH", chdir, "Working directory of the command"),
        VALUE("setenv", 'E', "NAME[=VALUE]", set_environment, "Set an environment variable for PID 1"),
        STRING("uid", 'u', "USER", user, "Run the command as this user of the container"),
        LISTED("kill-signal", 0, "SIGNAL", set_kill_signal, list_signals,
               "What PID 1 gets when berth-run gets SIGTERM"),
        BOOLEAN("suppress-sync", suppress_sync, "Let sync() and the like do nothing"),
        WORDS("notify-ready", OPTION_REQUIRED_VALUE, notify_ready_words, notify_ready,
              "Whether PID 1 says when it is ready: yes, no, auto"),
        VALUE("time-offset", 0, "[CLOCK:]SECONDS", spec_set_time_offset, "Let clocks run ahead"),

        HEADING("Identity"),
        STRING("machine", 'M', "NAME", machine, "Name of the machine"),
        STRING("hostname", 0, "NAME", hostname, "Host name inside, if not the machine's name"),
        VALUE("uuid", 0, "UUID", set_uuid, "Machine id, if the image has none"),

        HEADING("Place"),
        WORDS("register", OPTION_REQUIRED_VALUE, register_words, registration,
              "Whether berthd is told of the machine: yes, no, auto"),
        IS("keep-unit", 0, keep_unit, "Stay in the unit that berth-run was started in"),
        VALUE("slice", 'S', "SLICE", set_slice, "Slice of the machine's scope"),
        VALUE("property", 0, "NAME=VALUE", set_property, "Set a property of the machine's scope"),

        HEADING("Users"),
        ROW("private-users", 0, OPTION_OPTIONAL_VALUE, "MODE",
            "no, yes, pick, identity, managed, BASE[:COUNT]",
            .set = set_private_users, .list = list_private_users),
        WORDS("private-users-ownership", OPTION_REQUIRED_VALUE, ownership_words, ownership,
              "off, map, chown, auto, foreign"),
        VALUE("private-users-delegate", 0, "NUMBER", set_users_delegated,
              "As many ranges more, for machines inside"),
        FLAG("private-users-chown", 0, set_ownership_chown, "The same as --private-users-ownership=chown"),
        FLAG("", 'U', set_users_if_possible, "Users of its own, if the kernel has user namespaces"),

        HEADING("Network"),
        IS("private-network", 0, private_network, "No network but loopback"),
        IS("network-veth", 'n', network_veth, "A link of its own to the host"),
        VALUE("network-namespace-path", 0, "PATH", set_network_namespace, "Join a network that is there"),

        HEADING("Security"),
        LISTED("capability", 0, "LIST", set_keep, list_capabilities,
               "Capabilities to keep beyond the default ones"),
        LISTED("ambient-capability", 0, "LIST", set_ambient, list_capabilities,
               "Capabilities that the command has as any user"),
        LISTED("drop-capability", 0, "LIST", set_drop, list_capabilities,
               "Capabilities to take away"),
        IS("nesting", 0, nesting, "Let containers of users inside have a /proc and /sys"),
        BOOLEAN("no-new-privileges", no_new_privileges, "Let no program gain privileges"),
        VALUE("system-call-filter", 0, "[~]LIST", set_filter, "System calls to allow, or to refuse"),
        LISTED("restrict-address-families", 0, "[~]LIST", set_families, list_families,
               "Sockets to allow, or to refuse"),
        STRING("selinux-context", 'Z', "CONTEXT", selinux_context, "What SELinux takes PID 1 for"),
        STRING("selinux-apifs-context", 'L', "CONTEXT", selinux_apifs_context,
               "What SELinux takes file systems in memory for"),
        STRING("apparmor-profile", 0, "PROFILE", apparmor_profile, "What AppArmor takes PID 1 for"),

        HEADING("Resources"),
        LISTED("rlimit", 0, "NAME=SOFT[:HARD]", set_rlimit, list_rlimits, "Set a resource limit of PID 1"),
        VALUE("oom-score-adjust", 0, "NUMBER", set_oom_score_adjust, "Who goes first when memory runs out"),
        VALUE("cpu-affinity", 0, "LIST", set_cpu_affinity, "Processors to run on"),
        LISTED("personality", 0, "ARCH", set_personality, list_personalities,
               "Architecture that uname tells"),

        HEADING("Integration"),
        WORDS("link-journal", OPTION_REQUIRED_VALUE, link_journal_words, link_journal,
              "no, auto, guest, try-guest, host, try-host"),
        FLAG("", 'j', set_link_journal_try_guest, "The same as --link-journal=try-guest"),
        VALUE("forward-journal", 0, "FILE|DIR", set_forward_journal, "Write the journal on the host, too"),
        VALUE("forward-journal-max-use", 0, "BYTES", set_forward_max_use, "All that this may take"),
        VALUE("forward-journal-keep-free", 0, "BYTES", set_forward_keep_free, "What it leaves to others"),
        VALUE("forward-journal-max-file-size", 0, "BYTES", set_forward_max_file_size,
              "What a file of it may take"),
        VALUE("forward-journal-max-files", 0, "NUMBER", set_forward_max_files, "How many files it may have"),
        WORDS("timezone", OPTION_REQUIRED_VALUE, timezone_words, timezone,
              "off, copy, bind, symlink, delete, auto"),
        LISTED("resolv-conf", 0, "MODE", set_resolv_conf, list_resolv_confs,
               "off, copy-host, replace-stub, …, delete, auto"),

        HEADING("Mounts"),
        VALUE("bind", 0, "PATH[:PATH[:OPTS]]", set_bind, "Show a file or directory of the host inside"),
        VALUE("bind-ro", 0, "PATH[:PATH[:OPTS]]", set_bind_ro, "The same, read-only"),
        VALUE("tmpfs", 0, "PATH[:OPTS]", set_tmpfs, "Mount an empty tmpfs"),
        VALUE("bind-user", 0, "NAME", set_bind_user, "Show a user of the host inside, with its home"),
        VALUE("bind-user-shell", 0, "BOOL|PATH", set_bind_user_shell, "With the host's shell, or this one"),
        VALUE("bind-user-group", 0, "GROUP", set_bind_user_group, "In this group of the machine"),
        VALUE("inaccessible", 0, "PATH", set_inaccessible, "Let nobody inside open this"),
        VALUE("overlay", 0, "PATH…:PATH", set_overlay, "Lay directories over each other"),
        VALUE("overlay-ro", 0, "PATH…:PATH", set_overlay_ro, "The same, read-only"),

        HEADING("Input and output"),
        WORDS("console", OPTION_REQUIRED_VALUE, console_words, console,
              "interactive, read-only, passive, pipe, autopipe"),
        FLAG("pipe", 'P', set_pipe, "The same as --console=pipe"),
        VALUE("ttys", 0, "NUMBER", set_ttys, "Terminals beside the console, for logins"),
        VALUE("background", 0, "COLOR", set_background, "Accepted: the terminal's background stays"),

        HEADING("Credentials"),
        VALUE("set-credential", 0, "ID:VALUE", set_credential, "Pass a credential to PID 1"),
        VALUE("load-credential", 0, "ID:PATH", load_credential, "Pass one that is read from a file"),

        HEADING("Of systemd-nspawn, and refused"),
        MAYBE("user", 0, "USER", set_user, "Machines are root's; of a user, the same as --uid="),
        FLAG("share-system", 0, set_missing, "Namespaces are not shared with the host"),
        VALUE("image", 'i', "PATH", set_missing, "Machines are directory trees, images are not here yet"),
        VALUE("image-policy", 0, "POLICY", set_missing, "Images are not here yet"),
        VALUE("mstack", 0, "PATH", set_missing, "Images are not here yet"),
        VALUE("root-hash", 0, "HASH", set_missing, "Images are not here yet"),
        VALUE("root-hash-sig", 0, "SIGNATURE", set_missing, "Images are not here yet"),
        VALUE("verity-data", 0, "PATH", set_missing, "Images are not here yet"),
        VALUE("oci-bundle", 0, "PATH", set_missing, "OCI bundles are not here yet"),
        VALUE("network-interface", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-macvlan", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-ipvlan", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-veth-extra", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-bridge", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-zone", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("port", 'p', "PORT", set_missing, "Ports are not forwarded yet"),
};

const size_t n_options = ELEMENTSOF(option_table);

const Option *option_find(const char *name) {
        for (size_t i = 0; i < n_options; i++)
                if (option_table[i].name && *option_table[i].name && streq(option_table[i].name, name))
                        return &option_table[i];

        return NULL;
}
