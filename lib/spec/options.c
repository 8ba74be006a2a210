/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What berth-run's command line offers. An option is one setter and one row. */

#include <limits.h>

#include "lib/base/signals.h"
#include "lib/base/text.h"
#include "lib/spec/address-family.h"
#include "lib/spec/capability.h"
#include "lib/spec/options.h"
#include "lib/spec/clocks.h"
#include "lib/spec/property.h"
#include "lib/spec/setters.h"
#include "lib/spec/users.h"

/* Of the names of system calls and their groups. */
#define SYSCALL_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

typedef struct Word {
        const char *word;
        int value;
} Word;

static int find_word(const Word *words, size_t n, const char *s) {
        for (size_t i = 0; i < n; i++)
                if (streq(words[i].word, s))
                        return words[i].value;

        return -EINVAL;
}

static int set_string(char **to, const char *value) {
        char *copy;

        if (!*value || !text_is_printable(value))
                return -EINVAL;

        copy = strdup(value);
        if (!copy)
                return -ENOMEM;

        free(*to);
        *to = copy;
        return 0;
}

static int set_boolean(bool *to, const char *value) {
        int r;

        r = value ? parse_boolean(value) : true;
        if (r < 0)
                return r;

        *to = r;
        return 0;
}

static int set_directory(Spec *spec, const char *value) {
        char *path;

        if (!*value)
                return -EINVAL;

        /* Two of these want the file system: where we are, and what links mean.
         * A directory that is not there is found out about later, with a name. */
        path = realpath(value, NULL);
        if (!path && *value == '/')
                path = strdup(value);
        if (!path)
                return errno == ENOMEM ? -ENOMEM : -EINVAL;

        free(spec->directory);
        spec->directory = path;
        return 0;
}

static int set_read_only(Spec *spec, const char *value) {
        (void) value;
        spec->read_only = true;
        return 0;
}

static int set_ephemeral(Spec *spec, const char *value) {
        (void) value;
        spec->ephemeral = true;
        return 0;
}

/* What is not here, so that who asks for it is told why. */
static int set_missing(Spec *spec, const char *value) {
        (void) spec;
        (void) value;
        return -ENOSYS;
}

static int set_boot(Spec *spec, const char *value) {
        bool boot;
        int r;

        r = set_boolean(&boot, value);
        if (r < 0)
                return r;

        spec->mode = boot ? START_BOOT : START_SHELL;
        return 0;
}

static int set_as_pid2(Spec *spec, const char *value) {
        (void) value;
        spec->as_pid2 = true;
        return 0;
}

static int set_chdir(Spec *spec, const char *value) {
        return set_string(&spec->chdir, value);
}

static bool variable_name_is_valid(const char *s, size_t size) {
        for (size_t i = 0; i < size; i++) {
                bool alpha = (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') || s[i] == '_';

                if (!alpha && (i == 0 || s[i] < '0' || s[i] > '9'))
                        return false;
        }

        return size > 0;
}

static int set_environment(Spec *spec, const char *value) {
        const char *ours;

        if (!variable_name_is_valid(value, strcspn(value, "=")))
                return -EINVAL;
        if (strchr(value, '='))
                return strv_push(&spec->environment, value);

        ours = getenv(value);
        return ours ? strv_pushf(&spec->environment, "%s=%s", value, ours) : 0;
}

static int set_user(Spec *spec, const char *value) {
        return set_string(&spec->user, value);
}

static int set_kill_signal(Spec *spec, const char *value) {
        int signo;

        signo = signal_from_string(value);
        if (signo < 0)
                return signo;

        spec->kill_signal = signo;
        return 0;
}

static int set_notify_ready(Spec *spec, const char *value) {
        int r;

        if (streq(value, "auto")) {
                spec->notify_ready = NOTIFY_READY_AUTO;
                return 0;
        }

        r = parse_boolean(value);
        if (r < 0)
                return r;

        spec->notify_ready = r ? NOTIFY_READY_YES : NOTIFY_READY_NO;
        return 0;
}

static int set_keep(Spec *spec, const char *value) {
        uint64_t bits;
        int r;

        r = capabilities_parse(value, &bits);
        if (r < 0)
                return r;

        spec->keep_capabilities |= bits;
        return 0;
}

static int set_drop(Spec *spec, const char *value) {
        uint64_t bits;
        int r;

        r = capabilities_parse(value, &bits);
        if (r < 0)
                return r;

        spec->drop_capabilities |= bits;
        return 0;
}

static int set_ambient(Spec *spec, const char *value) {
        uint64_t bits;
        int r;

        r = capabilities_parse(value, &bits);
        if (r < 0)
                return r;
        if (bits == CAPABILITIES_ALL)
                return -EINVAL; /* those of a kernel to come, too? */

        spec->ambient_capabilities |= bits;
        return 0;
}

static int set_suppress_sync(Spec *spec, const char *value) {
        return set_boolean(&spec->suppress_sync, value);
}

static int set_no_new_privileges(Spec *spec, const char *value) {
        return set_boolean(&spec->no_new_privileges, value);
}

static int set_selinux_context(Spec *spec, const char *value) {
        return set_string(&spec->selinux_context, value);
}

static int set_apparmor_profile(Spec *spec, const char *value) {
        return set_string(&spec->apparmor_profile, value);
}

static int set_families(Spec *spec, const char *value) {
        bool deny = *value == '~';
        uint64_t bits = 0;
        int r;

        r = streq(value, "none") ? 0 : address_families_parse(value + deny, &bits);
        if (r < 0)
                return r;

        if (deny)
                spec->deny_families |= bits;
        else {
                spec->allow_families |= bits;
                spec->only_families = true;
        }

        return 0;
}

/* [~]NAME…: words with spaces between them. */
static int set_filter(Spec *spec, const char *value) {
        char ***list = *value == '~' ? &spec->deny_syscalls : &spec->allow_syscalls;
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = strv_split(value + (*value == '~'), " ", &words);
        if (r < 0)
                return r;
        if (strv_length(words) == 0)
                return -EINVAL;

        for (char **w = words; *w; w++) {
                size_t at = **w == '@';

                if (!(*w)[at] || strspn(*w + at, SYSCALL_CHARACTERS) != strlen(*w + at))
                        return -EINVAL;

                r = strv_push(list, *w);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int set_ownership_chown(Spec *spec, const char *value) {
        (void) value;
        spec->ownership = OWNERSHIP_CHOWN;
        return 0;
}

static int set_users_if_possible(Spec *spec, const char *value) {
        (void) value;
        spec->users_optional = true;
        spec->ownership = OWNERSHIP_AUTO;
        return spec_set_private_users(spec, "pick");
}

static int set_private_users(Spec *spec, const char *value) {
        spec->users_optional = false;
        return spec_set_private_users(spec, value ?: "yes");
}

static int set_ownership(Spec *spec, const char *value) {
        static const Word words[] = {
                { "off", OWNERSHIP_OFF },
                { "chown", OWNERSHIP_CHOWN },
                { "map", OWNERSHIP_MAP },
                { "auto", OWNERSHIP_AUTO },
        };
        int r;

        r = find_word(words, ELEMENTSOF(words), value);
        if (r < 0)
                return r;

        spec->ownership = (UsersOwnership) r;
        return 0;
}

static int set_machine(Spec *spec, const char *value) {
        return set_string(&spec->machine, value);
}

static int set_hostname(Spec *spec, const char *value) {
        return set_string(&spec->hostname, value);
}

static int set_uuid(Spec *spec, const char *value) {
        Id128 id;
        int r;

        r = id128_parse(value, &id);
        if (r < 0)
                return r;
        if (id128_is_null(id))
                return -EINVAL;

        spec->uuid = id;
        return 0;
}

static int set_register(Spec *spec, const char *value) {
        return set_boolean(&spec->register_machine, value);
}

static int set_keep_unit(Spec *spec, const char *value) {
        (void) value;
        spec->keep_unit = true;
        return 0;
}

static int set_slice(Spec *spec, const char *value) {
        if (!endswith(value, ".slice") || strchr(value, '/'))
                return -EINVAL;

        return set_string(&spec->slice, value);
}

static int set_property(Spec *spec, const char *value) {
        SpecProperty p;
        int r;

        if (!text_is_printable(value))
                return -EINVAL;

        r = spec_property_parse(value, &p);
        if (r < 0)
                return r;

        return strv_push(&spec->properties, value);
}

static int set_private_network(Spec *spec, const char *value) {
        (void) value;
        spec->private_network = true;
        return 0;
}

static int set_network_veth(Spec *spec, const char *value) {
        (void) value;
        spec->network_veth = true;
        return 0;
}

static int set_network_namespace(Spec *spec, const char *value) {
        return *value == '/' ? set_string(&spec->network_namespace, value) : -EINVAL;
}

static int set_link_journal(Spec *spec, const char *value) {
        static const Word words[] = {
                { "no", LINK_JOURNAL_NO },
                { "auto", LINK_JOURNAL_AUTO },
                { "guest", LINK_JOURNAL_GUEST },
                { "try-guest", LINK_JOURNAL_TRY_GUEST },
                { "host", LINK_JOURNAL_HOST },
                { "try-host", LINK_JOURNAL_TRY_HOST },
                { "yes", LINK_JOURNAL_AUTO },
        };
        int r;

        r = find_word(words, ELEMENTSOF(words), value);
        if (r < 0)
                return r;

        spec->link_journal = (LinkJournal) r;
        return 0;
}

static int set_link_journal_try_guest(Spec *spec, const char *value) {
        (void) value;
        spec->link_journal = LINK_JOURNAL_TRY_GUEST;
        return 0;
}

/* SOURCE[:TARGET[:OPTIONS]], in which a backslash keeps a colon from dividing. */
static int split_mount(const char *s, char *ret_fields[static 3]) {
        size_t n = 0, length = 0;

        for (size_t i = 0; i < 3; i++) {
                ret_fields[i] = calloc(1, strlen(s) + 1);
                if (!ret_fields[i])
                        return -ENOMEM;
        }

        for (; *s; s++) {
                if (*s == ':') {
                        if (++n >= 3)
                                return -EINVAL;

                        length = 0;
                        continue;
                }

                if (*s == '\\' && s[1])
                        s++;
                ret_fields[n][length++] = *s;
        }

        return 0;
}

static int read_bind_options(SpecMount *m, const char *options) {
        static const Word words[] = {
                { "noidmap", BIND_OWNERS_OF_HOST },
                { "idmap", BIND_OWNERS_SAME },
                { "rootidmap", BIND_OWNER_ROOT },
                { "owneridmap", BIND_OWNER_OF_TARGET },
        };
        _cleanup_(strv_freep) char **list = NULL;
        int r;

        m->recursive = true;
        r = strv_split(options, ",", &list);
        if (r < 0)
                return r;

        for (char **o = list; o && *o; o++) {
                if (streq(*o, "rbind") || streq(*o, "norbind")) {
                        m->recursive = **o == 'r';
                        continue;
                }

                r = find_word(words, ELEMENTSOF(words), *o);
                if (r < 0)
                        return r;

                m->owners = (BindOwners) r;
        }

        return 0;
}

static int read_bind(SpecMount *m, char *fields[static 3]) {
        int r;

        if (*fields[0] != '/' || (*fields[1] && *fields[1] != '/'))
                return -EINVAL;

        r = read_bind_options(m, fields[2]);
        if (r < 0)
                return r;

        m->source = TAKE_PTR(fields[0]);
        m->target = *fields[1] ? TAKE_PTR(fields[1]) : strdup(m->source);
        return m->target ? 0 : -ENOMEM;
}

static int read_tmpfs(SpecMount *m, char *fields[static 3]) {
        if (*fields[0] != '/' || *fields[2])
                return -EINVAL;

        m->target = TAKE_PTR(fields[0]);
        m->options = TAKE_PTR(fields[1]);
        return 0;
}

static int add_mount(Spec *spec, MountKind kind, bool read_only, const char *value) {
        SpecMount m = { .kind = kind, .read_only = read_only };
        char *fields[3] = {};
        int r;

        r = split_mount(value, fields);
        if (r >= 0)
                r = kind == MOUNT_BIND ? read_bind(&m, fields) : read_tmpfs(&m, fields);
        if (r >= 0)
                r = spec_add_mount(spec, &m);
        if (r < 0) {
                free(m.source);
                free(m.target);
                free(m.options);
        }

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                free(fields[i]);
        return r;
}

static int set_bind(Spec *spec, const char *value) {
        return add_mount(spec, MOUNT_BIND, false, value);
}

static int set_bind_ro(Spec *spec, const char *value) {
        return add_mount(spec, MOUNT_BIND, true, value);
}

static int set_tmpfs(Spec *spec, const char *value) {
        return add_mount(spec, MOUNT_TMPFS, false, value);
}

static int set_console(Spec *spec, const char *value) {
        static const Word words[] = {
                { "interactive", CONSOLE_INTERACTIVE },
                { "read-only", CONSOLE_READ_ONLY },
                { "passive", CONSOLE_PASSIVE },
                { "pipe", CONSOLE_PIPE },
                { "autopipe", CONSOLE_AUTOPIPE },
        };
        int r;

        r = find_word(words, ELEMENTSOF(words), value);
        if (r < 0)
                return r;

        spec->console = (Console) r;
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

static int set_no_pager(Spec *spec, const char *value) {
        (void) spec;
        (void) value;
        return 0;
}

static int set_settings(Spec *spec, const char *value) {
        int yes = parse_boolean(value);

        if (yes >= 0)
                spec->settings = yes ? SETTINGS_YES : SETTINGS_NO;
        else if (streq(value, "override"))
                spec->settings = SETTINGS_OVERRIDE;
        else if (streq(value, "trusted"))
                spec->settings = SETTINGS_TRUSTED;
        else
                return -EINVAL;

        return 0;
}

static int set_quiet(Spec *spec, const char *value) {
        (void) value;
        spec->quiet = true;
        return 0;
}

static int set_explain(Spec *spec, const char *value) {
        (void) value;
        spec->explain = true;
        return 0;
}

#define HEADING(text) { NULL, 0, OPTION_NO_VALUE, NULL, text, NULL }
#define FLAG(name, letter, set, text) { name, letter, OPTION_NO_VALUE, NULL, text, set }
#define VALUE(name, letter, metavar, set, text) { name, letter, OPTION_REQUIRED_VALUE, metavar, text, set }
#define MAYBE(name, letter, metavar, set, text) { name, letter, OPTION_OPTIONAL_VALUE, metavar, text, set }

const Option option_table[] = {
        HEADING("General"),
        FLAG("help", 'h', NULL, "Show this help"),
        FLAG("version", 0, NULL, "Show the version"),
        VALUE("settings", 0, "MODE", set_settings, "Read NAME.nspawn: yes, no, override, trusted"),
        FLAG("no-pager", 0, set_no_pager, "Accepted: there is no pager"),
        FLAG("quiet", 'q', set_quiet, "Say nothing that is not an error"),
        FLAG("explain", 0, set_explain, "Print the steps that would be taken, and take none"),

        HEADING("Image"),
        VALUE("directory", 'D', "PATH", set_directory, "Root directory of the container"),
        FLAG("read-only", 0, set_read_only, "Mount the root directory read-only"),

        FLAG("ephemeral", 'x', set_ephemeral, "Throw all changes away in the end"),
        MAYBE("volatile", 0, "MODE", set_volatile, "Have nothing stay: no, yes, state, overlay"),
        VALUE("pivot-root", 0, "PATH[:PATH]", set_pivot_root, "Directory of the tree to make its root"),

        HEADING("Execution"),
        MAYBE("boot", 'b', "BOOL", set_boot, "Run the container's init as PID 1"),
        FLAG("as-pid2", 'a', set_as_pid2, "Run the command as PID 2, with an init as PID 1"),
        VALUE("chdir", 0, "PATH", set_chdir, "Working directory of the command"),
        VALUE("setenv", 'E', "NAME[=VALUE]", set_environment, "Set an environment variable for PID 1"),
        VALUE("uid", 'u', "USER", set_user, "Run the command as this user of the container"),
        VALUE("kill-signal", 0, "SIGNAL", set_kill_signal, "What PID 1 gets when berth-run gets SIGTERM"),
        VALUE("suppress-sync", 0, "BOOL", set_suppress_sync, "Let sync() and the like do nothing"),
        VALUE("notify-ready", 0, "yes|no|auto", set_notify_ready, "Whether PID 1 says when it is ready"),

        VALUE("time-offset", 0, "[CLOCK:]SECONDS", spec_set_time_offset, "Let clocks run ahead"),

        HEADING("Identity"),
        VALUE("machine", 'M', "NAME", set_machine, "Name of the machine"),
        VALUE("hostname", 0, "NAME", set_hostname, "Host name inside, if not the machine's name"),
        VALUE("uuid", 0, "UUID", set_uuid, "Machine id, if the image has none"),

        HEADING("Place"),
        VALUE("register", 0, "BOOL", set_register, "Whether to make the machine known to berthd"),
        FLAG("keep-unit", 0, set_keep_unit, "Stay in the unit that berth-run was started in"),
        VALUE("slice", 'S', "SLICE", set_slice, "Slice of the machine's scope"),
        VALUE("property", 0, "NAME=VALUE", set_property, "Set a property of the machine's scope"),

        HEADING("Users"),
        MAYBE("private-users", 0, "MODE", set_private_users, "no, yes, pick, identity, BASE[:COUNT]"),
        VALUE("private-users-ownership", 0, "MODE", set_ownership, "off, map, chown, auto"),
        FLAG("private-users-chown", 0, set_ownership_chown, "The same as --private-users-ownership=chown"),
        FLAG("", 'U', set_users_if_possible, "Users of its own, if the kernel has user namespaces"),

        HEADING("Network"),
        FLAG("private-network", 0, set_private_network, "No network but loopback"),
        FLAG("network-veth", 'n', set_network_veth, "A link of its own to the host"),

        VALUE("network-namespace-path", 0, "PATH", set_network_namespace, "Join a network that is there"),

        HEADING("Security"),
        VALUE("capability", 0, "LIST", set_keep, "Capabilities to keep beyond the default ones"),
        VALUE("ambient-capability", 0, "LIST", set_ambient, "Capabilities that the command has as any user"),
        VALUE("drop-capability", 0, "LIST", set_drop, "Capabilities to take away"),
        VALUE("no-new-privileges", 0, "BOOL", set_no_new_privileges, "Let no program gain privileges"),
        VALUE("system-call-filter", 0, "[~]LIST", set_filter, "System calls to allow, or to refuse"),
        VALUE("restrict-address-families", 0, "[~]LIST", set_families, "Sockets to allow, or to refuse"),
        VALUE("selinux-context", 'Z', "CONTEXT", set_selinux_context, "What SELinux takes PID 1 for"),
        VALUE("apparmor-profile", 0, "PROFILE", set_apparmor_profile, "What AppArmor takes PID 1 for"),

        HEADING("Resources"),
        VALUE("rlimit", 0, "NAME=SOFT[:HARD]", set_rlimit, "Set a resource limit of PID 1"),
        VALUE("oom-score-adjust", 0, "NUMBER", set_oom_score_adjust, "Who goes first when memory runs out"),
        VALUE("cpu-affinity", 0, "LIST", set_cpu_affinity, "Processors to run on"),
        VALUE("personality", 0, "ARCH", set_personality, "Architecture that uname tells"),

        HEADING("Integration"),
        VALUE("link-journal", 0, "MODE", set_link_journal, "no, auto, guest, try-guest, host, try-host"),
        FLAG("", 'j', set_link_journal_try_guest, "The same as --link-journal=try-guest"),

        VALUE("timezone", 0, "MODE", set_timezone, "off, copy, bind, symlink, delete, auto"),
        VALUE("resolv-conf", 0, "MODE", set_resolv_conf, "off, copy-host, replace-stub, …, delete, auto"),

        HEADING("Mounts"),
        VALUE("bind", 0, "PATH[:PATH[:OPTS]]", set_bind, "Show a file or directory of the host inside"),
        VALUE("bind-ro", 0, "PATH[:PATH[:OPTS]]", set_bind_ro, "The same, read-only"),
        VALUE("tmpfs", 0, "PATH[:OPTS]", set_tmpfs, "Mount an empty tmpfs"),

        VALUE("inaccessible", 0, "PATH", set_inaccessible, "Let nobody inside open this"),
        VALUE("overlay", 0, "PATH…:PATH", set_overlay, "Lay directories over each other"),
        VALUE("overlay-ro", 0, "PATH…:PATH", set_overlay_ro, "The same, read-only"),

        HEADING("Input and output"),
        VALUE("console", 0, "MODE", set_console, "interactive, read-only, passive, pipe, autopipe"),
        FLAG("pipe", 'P', set_pipe, "The same as --console=pipe"),
        VALUE("background", 0, "COLOR", set_background, "Accepted: the terminal's background stays"),

        HEADING("Credentials"),
        VALUE("set-credential", 0, "ID:VALUE", set_credential, "Pass a credential to PID 1"),
        VALUE("load-credential", 0, "ID:PATH", load_credential, "Pass one that is read from a file"),

        HEADING("Of systemd-nspawn, and refused"),
        VALUE("image", 'i', "PATH", set_missing, "Machines are directory trees, images are not here yet"),
        VALUE("image-policy", 0, "POLICY", set_missing, "Images are not here yet"),
        VALUE("mstack", 0, "PATH", set_missing, "Images are not here yet"),
        VALUE("root-hash", 0, "HASH", set_missing, "Images are not here yet"),
        VALUE("root-hash-sig", 0, "SIGNATURE", set_missing, "Images are not here yet"),
        VALUE("verity-data", 0, "PATH", set_missing, "Images are not here yet"),
        VALUE("template", 0, "PATH", set_missing, "Trees are not copied, see --ephemeral and --overlay="),
        VALUE("oci-bundle", 0, "PATH", set_missing, "OCI bundles are not here yet"),
        VALUE("network-interface", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-macvlan", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-ipvlan", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-veth-extra", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-bridge", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("network-zone", 0, "NAME", set_missing, "Links are made by berthd, see --network-veth"),
        VALUE("port", 'p', "PORT", set_missing, "Ports are not forwarded yet"),
        VALUE("bind-user", 0, "NAME", set_missing, "Users of the host are not shown inside yet"),
        VALUE("bind-user-shell", 0, "SHELL", set_missing, "Users of the host are not shown inside yet"),
        VALUE("bind-user-group", 0, "GROUP", set_missing, "Users of the host are not shown inside yet"),
        VALUE("forward-journal", 0, "PATH", set_missing, "Journals are linked, see --link-journal="),
        FLAG("cleanup", 0, set_missing, "Nothing is left of a machine that needs it"),
};

const size_t n_options = ELEMENTSOF(option_table);

const Option *option_find(const char *name) {
        for (size_t i = 0; i < n_options; i++)
                if (option_table[i].name && *option_table[i].name && streq(option_table[i].name, name))
                        return &option_table[i];

        return NULL;
}
