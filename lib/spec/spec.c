/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <limits.h>
#include <signal.h>

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/spec/capability.h"
#include "lib/spec/spec.h"

/* Of the names of variables, which do not begin with a digit. */
#define VARIABLE_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

void spec_init(Spec *spec) {
        assert(spec);

        *spec = (Spec) { .link_journal = LINK_JOURNAL_AUTO };
}

void spec_mount_done(SpecMount *m) {
        assert(m);

        free(m->source);
        free(m->target);
        free(m->options);
        (void) strv_free(m->layers);
}

static void credential_done(SpecCredential *c) {
        free(c->id);
        free(c->path);
        free(c->data);
}

void spec_done(Spec *spec) {
        assert(spec);

        free(spec->directory);
        free(spec->template);
        (void) strv_free(spec->command);
        (void) strv_free(spec->environment);
        free(spec->manager);
        free(spec->selinux_context);
        free(spec->selinux_apifs_context);
        free(spec->apparmor_profile);
        (void) strv_free(spec->allow_syscalls);
        (void) strv_free(spec->deny_syscalls);
        free(spec->settings_path);
        (void) strv_free(spec->warnings);
        free(spec->chdir);
        free(spec->pivot_new);
        free(spec->pivot_old);
        free(spec->network_namespace);
        (void) strv_free(spec->bind_users);
        (void) strv_free(spec->bind_groups);
        free(spec->bind_shell);
        free(spec->forward_journal);
        free(spec->user);
        free(spec->machine);
        free(spec->hostname);
        free(spec->slice);
        (void) strv_free(spec->properties);

        for (size_t i = 0; i < spec->n_mounts; i++)
                spec_mount_done(&spec->mounts[i]);
        free(spec->mounts);
        for (size_t i = 0; i < spec->n_credentials; i++)
                credential_done(&spec->credentials[i]);
        free(spec->credentials);

        *spec = (Spec) {};
}

int spec_add_mount(Spec *spec, const SpecMount *mount) {
        SpecMount *mounts;

        assert(spec);
        assert(mount);

        if (spec->n_mounts >= SPEC_MOUNTS_MAX)
                return -E2BIG;

        mounts = reallocarray(spec->mounts, spec->n_mounts + 1, sizeof(*mounts));
        if (!mounts)
                return -ENOMEM;

        mounts[spec->n_mounts++] = *mount;
        spec->mounts = mounts;
        return 0;
}

int spec_add_credential(Spec *spec, const SpecCredential *credential) {
        SpecCredential *credentials;

        assert(spec);
        assert(credential);

        for (size_t i = 0; i < spec->n_credentials; i++)
                if (streq(spec->credentials[i].id, credential->id)) {
                        credential_done(&spec->credentials[i]);
                        spec->credentials[i] = *credential;
                        return 0;
                }

        if (spec->n_credentials >= SPEC_CREDENTIALS_MAX)
                return -E2BIG;

        credentials = reallocarray(spec->credentials, spec->n_credentials + 1, sizeof(*credentials));
        if (!credentials)
                return -ENOMEM;

        credentials[spec->n_credentials++] = *credential;
        spec->credentials = credentials;
        return 0;
}

/* KEY=VALUE for an init is a variable, as kernels take it: if there is no dot in the key, and that
 * can be a variable's name. */
static bool is_boot_variable(const char *argument) {
        size_t n = strcspn(argument, "=");

        if (!argument[n] || n == 0 || (*argument >= '0' && *argument <= '9'))
                return false;

        return strspn(argument, VARIABLE_CHARACTERS "-") == n;
}

static int sort_boot_arguments(Spec *spec) {
        char **to = spec->command;
        int r = 0;

        for (char **a = spec->command; a && *a; a++) {
                if (r < 0 || !is_boot_variable(*a)) {
                        *to++ = *a;
                        continue;
                }

                for (char *c = *a; *c != '='; c++)
                        if (*c == '-')
                                *c = '_';

                r = strv_push(&spec->environment, *a);
                free(*a);
        }
        if (to)
                *to = NULL;

        return r;
}

/* The host's own tree has the host's name. */
static int name_after_tree(Spec *spec) {
        char host[HOST_NAME_MAX + 1] = "";

        if (spec_is_of_host(spec) && gethostname(host, sizeof(host) - 1) < 0)
                return -errno;

        spec->named_after_tree = true;
        return machine_name_from_path(*host ? host : spec->directory, &spec->machine);
}

int spec_name_instance(Spec *spec, uint64_t number) {
        _cleanup_free_ char *name = NULL;
        size_t n;
        int r;

        assert(spec);

        if (!spec->ephemeral || !spec->named_after_tree || !spec->machine)
                return 0;

        n = MIN(strlen(spec->machine), (size_t) MACHINE_NAME_MAX - strlen("-0123456789abcdef"));
        while (n > 0 && strchr("-.", spec->machine[n - 1]))
                n--;

        r = text_printf(&name, "%.*s-%016" PRIx64, (int) n, spec->machine, number);
        if (r < 0)
                return r;

        if (streq(spec->hostname, spec->machine)) {
                char *hostname = strdup(name);

                if (!hostname)
                        return -ENOMEM;

                free(spec->hostname);
                spec->hostname = hostname;
        }

        free(spec->machine);
        spec->machine = TAKE_PTR(name);
        return 0;
}

int spec_complete(Spec *spec) {
        int r;

        assert(spec);

        if (!spec->machine && spec->directory) {
                r = name_after_tree(spec);
                if (r < 0 && r != -EINVAL)
                        return r;
        }

        if (!spec->hostname && spec->machine) {
                spec->hostname = strdup(spec->machine);
                if (!spec->hostname)
                        return -ENOMEM;
        }

        if (spec->mode == START_BOOT) {
                r = sort_boot_arguments(spec);
                if (r < 0)
                        return r;
        }

        if (spec->network_veth)
                spec->private_network = true;
        if (spec->volatile_mode == VOLATILE_STATE)
                spec->read_only = true;

        return spec->forward_journal ? spec_add_forward_credential(spec) : 0;
}

static bool path_has_dots(const char *path) {
        for (const char *p = path; p && *p; p = strchr(p, '/')) {
                p += *p == '/';
                if (startswith(p, "./") || startswith(p, "../") || streq(p, ".") || streq(p, ".."))
                        return true;
        }

        return false;
}

static bool path_is_below(const char *path, const char *top) {
        const char *rest = startswith(path, top);

        return rest && (*rest == '\0' || *rest == '/');
}

static const char *check_chdir(const char *path) {
        if (*path != '/' || path_has_dots(path))
                return "--chdir= takes an absolute path without dots";
        if (path_is_below(path, "/proc") || path_is_below(path, "/sys") || path_is_below(path, "/dev"))
                return "--chdir= may not lead into /proc, /sys or /dev";

        return NULL;
}

static const char *check_image(const Spec *spec) {
        if (!spec->directory && !spec->machine)
                return "Say which machine, with --directory= or --machine=";
        if (spec_is_of_host(spec) && !spec_discards_changes(spec))
                return "The host's own root directory is for machines with --ephemeral or --volatile=";
        if (spec_is_of_host(spec) && spec->private_users == USERS_MANAGED)
                return "--private-users=managed is not for the host's own root directory";
        if (!spec->machine)
                return "The directory's name makes no machine name, --machine= gives one";
        if (!machine_name_is_valid(spec->machine))
                return "Not a valid machine name, --machine= gives another";
        if (!machine_name_is_valid(spec->hostname))
                return "Not a valid host name";

        return NULL;
}

static const char *check_place(const Spec *spec) {
        if (spec->keep_unit && spec->slice)
                return "--slice= and --keep-unit exclude each other: the unit has its slice";
        if (spec->keep_unit && spec->properties)
                return "--property= and --keep-unit exclude each other: the unit has its properties";

        return NULL;
}

static const char *check_users(const Spec *spec) {
        UsersOwnership ownership = spec_ownership(spec);

        if (spec->private_users == USERS_MANAGED && !spec->private_network)
                return "--private-users=managed is for machines with a network of their own, "
                       "see --private-network and --network-veth";
        if (spec->users_delegated > 0 && spec->private_users != USERS_MANAGED)
                return "--private-users-delegate= is for machines with --private-users=managed";
        for (size_t i = 0; spec->private_users == USERS_OF_HOST && i < spec->n_mounts; i++)
                if (spec->mounts[i].owners != BIND_OWNERS_OF_HOST)
                        return "Owners of what is bound are mapped in machines with --private-users=";

        if (spec->private_users == USERS_OF_HOST && spec->ownership != OWNERSHIP_DEFAULT)
                return "--private-users-ownership= is for machines with --private-users=";
        if (ownership == OWNERSHIP_CHOWN && spec->read_only)
                return "--private-users-ownership=chown changes files, --read-only forbids it";
        if (ownership == OWNERSHIP_CHOWN && spec->private_users == USERS_IDENTITY)
                return "--private-users=identity leaves files to the host's users";
        if (ownership == OWNERSHIP_CHOWN && spec->private_users == USERS_MANAGED)
                return "--private-users=managed lends users for a while, files cannot be theirs for good";
        if (ownership == OWNERSHIP_CHOWN && spec->private_users == USERS_CHOSEN &&
            (spec->users_base % USERS_BLOCK != 0 || spec->users_count != USERS_BLOCK))
                return "--private-users-ownership=chown works on whole blocks of 65536 users";

        return NULL;
}

static const char *check_bind_users(const Spec *spec) {
        if (!spec->bind_users && spec->bind_shell_mode != BIND_SHELL_UNSAID)
                return "--bind-user-shell= is for users that --bind-user= names";
        if (!spec->bind_users && spec->bind_groups)
                return "--bind-user-group= is for users that --bind-user= names";
        if (spec->bind_users && spec->private_users == USERS_OF_HOST)
                return "--bind-user= is for machines with --private-users=";
        if (spec->bind_users && spec->private_users == USERS_CHOSEN && spec->users_count <= BIND_USERS_LAST)
                return "--bind-user= gives numbers up to 60577, --private-users= leaves none so high";

        return NULL;
}

static const char *check_tree(const Spec *spec) {
        bool temporary = spec_discards_changes(spec);
        LinkJournal journal = spec->link_journal;

        if (spec->ephemeral && spec->volatile_mode != VOLATILE_NO)
                return "--ephemeral and --volatile= exclude each other: both throw changes away";
        if (spec->ephemeral && spec->template)
                return "--template= makes a tree that stays, --ephemeral none";
        if (spec->ephemeral && (journal == LINK_JOURNAL_GUEST || journal == LINK_JOURNAL_HOST))
                return "--ephemeral and --link-journal= exclude each other: the journal is thrown away, too";
        if (spec->pivot_old && spec->private_users != USERS_OF_HOST)
                return "--pivot-root= with an old root is not for machines with --private-users=";
        if (spec->pivot_new && temporary)
                return "--pivot-root= is for trees that stay, not for --ephemeral or --volatile=";
        if (temporary && spec->private_users != USERS_OF_HOST && spec_ownership(spec) == OWNERSHIP_CHOWN)
                return "--private-users-ownership=chown changes files, which would be thrown away";

        return NULL;
}

static const char *check_journal(const Spec *spec) {
        for (ForwardLimit l = 0; l < _FORWARD_LIMIT_MAX && !spec->forward_journal; l++)
                if (spec->forward_limits[l] > 0)
                        return "Limits of a journal that is forwarded need --forward-journal=";

        if (spec->link_journal == LINK_JOURNAL_HOST && spec->private_users != USERS_OF_HOST)
                return "--link-journal=host is not for machines with --private-users=";

        return NULL;
}

static const char *check_network(const Spec *spec) {
        if (spec->network_namespace && spec->network_veth)
                return "--network-namespace-path= and --network-veth exclude each other";

        return NULL;
}

static bool is_other_user(const Spec *spec) {
        return spec->user && !streq(spec->user, "root") && !streq(spec->user, "0");
}

static const char *check_execution(const Spec *spec) {
        bool boot = spec->mode == START_BOOT;

        if (spec->user && boot)
                return "--uid= and --boot exclude each other: init runs as root";
        if (spec->as_pid2 && boot)
                return "--as-pid2 and --boot exclude each other: init is PID 1";
        if (spec->ambient_capabilities && boot)
                return "--ambient-capability= and --boot exclude each other: init has all that there is";
        if (spec->ambient_capabilities & ~spec_capabilities(spec))
                return "--ambient-capability= takes capabilities that are kept, see --capability=";
        if (spec->n_credentials > 0 && is_other_user(spec) && (!spec->no_new_privileges || spec->as_pid2))
                return "Credentials with --uid= need --no-new-privileges=yes, and no --as-pid2";

        return NULL;
}

int spec_check(const Spec *spec, const char **ret_complaint) {
        const char *complaint;

        assert(spec);
        assert(ret_complaint);

        complaint = check_image(spec);
        if (!complaint)
                complaint = check_place(spec);
        if (!complaint)
                complaint = check_users(spec);
        if (!complaint)
                complaint = check_bind_users(spec);
        if (!complaint && spec->chdir)
                complaint = check_chdir(spec->chdir);
        if (!complaint)
                complaint = check_tree(spec);
        if (!complaint)
                complaint = check_journal(spec);
        if (!complaint)
                complaint = check_network(spec);
        if (!complaint)
                complaint = check_execution(spec);

        if (complaint) {
                *ret_complaint = complaint;
                return -EINVAL;
        }

        return 0;
}

/* Slashes may be doubled, and at the end. */
static bool is_same_place(const char *a, const char *b) {
        for (;;) {
                size_t n;

                a += strspn(a, "/");
                b += strspn(b, "/");
                n = strcspn(a, "/");
                if (n != strcspn(b, "/") || strncmp(a, b, n) != 0)
                        return false;
                if (n == 0)
                        return true;

                a += n;
                b += n;
        }
}

bool spec_mounts_over(const Spec *spec, const char *path) {
        assert(spec);
        assert(path);

        for (size_t i = 0; i < spec->n_mounts; i++)
                if (is_same_place(spec->mounts[i].target, path))
                        return true;

        return false;
}

bool spec_discards_changes(const Spec *spec) {
        assert(spec);

        return spec->ephemeral || spec->volatile_mode != VOLATILE_NO;
}

bool spec_is_of_host(const Spec *spec) {
        assert(spec);

        return spec->directory && streq(spec->directory, "/");
}

bool spec_shares_tree(const Spec *spec) {
        assert(spec);

        return spec->read_only || spec_discards_changes(spec);
}

UsersOwnership spec_ownership(const Spec *spec) {
        assert(spec);

        if (spec->ownership != OWNERSHIP_DEFAULT)
                return spec->ownership;

        return spec->private_users == USERS_PICK || spec->private_users == USERS_MANAGED ? OWNERSHIP_AUTO :
                                                                                           OWNERSHIP_OFF;
}

int spec_kill_signal(const Spec *spec) {
        assert(spec);

        if (spec->kill_signal > 0)
                return spec->kill_signal;

        return spec->mode == START_BOOT ? SIGRTMIN + 3 : SIGKILL;
}

uint64_t spec_capabilities(const Spec *spec) {
        uint64_t keep;

        assert(spec);

        keep = CAPABILITIES_DEFAULT | spec->keep_capabilities;
        if (spec->private_network)
                keep |= CAPABILITY_BIT(CAP_NET_ADMIN);
        else if (spec->private_users != USERS_OF_HOST)
                keep &= ~(CAPABILITY_BIT(CAP_NET_BIND_SERVICE) & ~spec->keep_capabilities);

        return keep & ~spec->drop_capabilities;
}

uint64_t spec_refused_families(const Spec *spec) {
        assert(spec);

        return (spec->only_families ? ~spec->allow_families : 0) | spec->deny_families;
}
