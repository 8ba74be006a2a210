/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "daemon/core/creation.h"
#include "daemon/core/state.h"
#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/file.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* A machine with all its links and the longest paths stays far below. */
#define STATE_FILE_MAX (64 << 10)

static int open_directory(const char *path) {
        int r, fd;

        r = directory_make(path, 0755);
        if (r < 0)
                return r;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int state_open(const char *machined, const char *own, StateDirectories *ret) {
        _cleanup_close_ int machined_fd = -EBADF, own_fd = -EBADF;

        assert(machined);
        assert(own);
        assert(ret);

        machined_fd = open_directory(machined);
        if (machined_fd < 0)
                return machined_fd;

        own_fd = open_directory(own);
        if (own_fd < 0)
                return own_fd;

        *ret = (StateDirectories) { .machined_fd = TAKE_FD(machined_fd), .own_fd = TAKE_FD(own_fd) };
        return 0;
}

void state_close(StateDirectories *d) {
        closep(&d->machined_fd);
        closep(&d->own_fd);
        *d = (StateDirectories) { .machined_fd = -EBADF, .own_fd = -EBADF };
}

static int append_number(char **text, const char *key, uint64_t value) {
        char digits[24];

        if (value == 0)
                return 0;

        (void) snprintf(digits, sizeof(digits), "%llu", (unsigned long long) value);
        return envfile_append(text, key, digits);
}

/* The same where 0 means something. */
static int append_unsigned(char **text, const char *key, uint32_t value) {
        char digits[16];

        (void) snprintf(digits, sizeof(digits), "%u", value);
        return envfile_append(text, key, digits);
}

static int append_flag(char **text, const char *key, bool value) {
        return value ? envfile_append(text, key, "1") : 0;
}

static int append_id(char **text, const char *key, Id128 id) {
        char digits[ID128_STRING_MAX];

        return id128_is_null(id) ? 0 : envfile_append(text, key, id128_format(id, digits));
}

static int append_ifindices(char **text, const MachineInfo *info) {
        _cleanup_(strv_freep) char **numbers = NULL;
        _cleanup_free_ char *joined = NULL;
        char *grown;
        int r;

        for (size_t i = 0; i < info->n_ifindices; i++) {
                r = strv_pushf(&numbers, "%i", info->ifindices[i]);
                if (r < 0)
                        return r;
        }
        if (!numbers)
                return 0;

        r = strv_join(numbers, " ", &joined);
        if (r < 0)
                return r;

        /* Without quotes, as machined 252 writes it: not every reader takes them off. */
        r = text_printf(&grown, "%sNETIF=%s\n", *text, joined);
        if (r < 0)
                return r;

        free(*text);
        *text = grown;
        return 0;
}

int state_save_own(const StateDirectories *d, const MachineInfo *info, bool runs) {
        _cleanup_free_ char *text = NULL;
        int r;

        assert(d);
        assert(info);

        if ((r = envfile_append(&text, "NAME", info->name)) < 0 ||
            (r = append_flag(&text, "RUNS", runs)) < 0 ||
            (r = append_id(&text, "ID", info->id)) < 0 ||
            (r = envfile_append(&text, "CLASS", machine_class_to_string(info->class))) < 0 ||
            (r = append_number(&text, "LEADER", (uint64_t) info->leader)) < 0 ||
            (r = append_number(&text, "LEADER_PIDFD_ID", info->leader_identity.pidfd_id)) < 0 ||
            (r = append_number(&text, "LEADER_START_TIME", info->leader_identity.start_time)) < 0 ||
            (r = append_number(&text, "SUPERVISOR_START_TIME", info->supervisor_identity.start_time)) < 0 ||
            (r = append_unsigned(&text, "UID", info->uid)) < 0 ||
            (r = envfile_append(&text, "UNIT", info->unit)) < 0 ||
            (r = envfile_append(&text, "CGROUP", info->cgroup)) < 0 ||
            (r = append_flag(&text, "OWNS_SCOPE", info->owns_scope)) < 0 ||
            (r = envfile_append(&text, "HOST_INTERFACE", info->host_interface)) < 0 ||
            (r = append_number(&text, "HOST_IFINDEX", info->host_ifindex)) < 0 ||
            (r = envfile_append(&text, "ADDRESS4", info->address4)) < 0 ||
            (r = envfile_append(&text, "ADDRESS6", info->address6)) < 0 ||
            (r = append_flag(&text, "MASQUERADES", info->masquerades)) < 0 ||
            (r = envfile_append(&text, "JOURNAL_LINK", info->journal_link)) < 0 ||
            (r = envfile_append(&text, "JOURNAL_ROOT", info->journal_root)) < 0 ||
            (r = append_flag(&text, "KEEPS_JOURNAL_LINK", info->keeps_journal_link)) < 0 ||
            (r = append_number(&text, "STOP_AT", info->stop_at)) < 0)
                return r;

        return file_replace(d->own_fd, info->name, 0600, text);
}

static int unit_link_name(const char *unit, char **ret) {
        return text_printf(ret, "unit:%s", unit);
}

/* A link cannot be replaced in place; a temporary one is renamed over it. */
static int replace_link(int directory_fd, const char *name, const char *target) {
        _cleanup_free_ char *temporary = NULL;
        int r;

        /* Mostly there is none. */
        if (symlinkat(target, directory_fd, name) >= 0)
                return 0;
        if (errno != EEXIST)
                return -errno;

        r = text_printf(&temporary, ".#%s", name);
        if (r < 0)
                return r;

        (void) unlinkat(directory_fd, temporary, 0);
        if (symlinkat(target, directory_fd, temporary) < 0)
                return -errno;
        if (renameat(directory_fd, temporary, directory_fd, name) < 0) {
                r = -errno;
                (void) unlinkat(directory_fd, temporary, 0);
                return r;
        }

        return 0;
}

int state_save_machined(const StateDirectories *d, const MachineInfo *info) {
        _cleanup_free_ char *text = NULL, *link = NULL;
        int r;

        assert(d);
        assert(info);

        text = strdup("# This is private data. Do not parse.\n");
        if (!text)
                return -ENOMEM;

        if ((r = envfile_append(&text, "NAME", info->name)) < 0 ||
            (r = append_unsigned(&text, "UID", info->uid)) < 0 ||
            (r = envfile_append(&text, "SCOPE", info->unit)) < 0 ||
            (r = envfile_append(&text, "SUBGROUP", info->subgroup)) < 0 ||
            (r = envfile_append(&text, "SERVICE", info->service)) < 0 ||
            (r = envfile_append(&text, "ROOT", info->root_directory)) < 0 ||
            (r = append_id(&text, "ID", info->id)) < 0 ||
            (r = append_number(&text, "LEADER", (uint64_t) info->leader)) < 0 ||
            (r = append_number(&text, "LEADER_PIDFDID", info->leader_identity.pidfd_id)) < 0 ||
            (r = append_number(&text, "SUPERVISOR", (uint64_t) info->supervisor)) < 0 ||
            (r = append_number(&text, "SUPERVISOR_PIDFDID", info->supervisor_identity.pidfd_id)) < 0 ||
            (r = envfile_append(&text, "CLASS", machine_class_to_string(info->class))) < 0 ||
            (r = append_number(&text, "REALTIME", info->realtime)) < 0 ||
            (r = append_number(&text, "MONOTONIC", info->monotonic)) < 0 ||
            (r = append_ifindices(&text, info)) < 0 ||
            (r = append_unsigned(&text, "VSOCK_CID", info->vsock_cid ?: MACHINE_VSOCK_NONE)) < 0 ||
            (r = envfile_append(&text, "SSH_ADDRESS", info->ssh_address)) < 0 ||
            (r = envfile_append(&text, "SSH_PRIVATE_KEY_PATH", info->ssh_private_key_path)) < 0 ||
            (r = envfile_append(&text, "CONTROL_ADDRESS", info->control_address)) < 0)
                return r;

        if (!machine_info_stands_for_unit(info))
                return file_replace(d->machined_fd, info->name, 0644, text);

        /* The link first: who watches the directory reads it when the file appears. */
        r = unit_link_name(info->unit, &link);
        if (r < 0)
                return r;

        r = replace_link(d->machined_fd, link, info->name);
        if (r < 0)
                return r;

        return file_replace(d->machined_fd, info->name, 0644, text);
}

void state_remove_own(const StateDirectories *d, const char *name) {
        (void) unlinkat(d->own_fd, name, 0);
}

void state_remove_machined(const StateDirectories *d, const char *name, const char *unit) {
        _cleanup_free_ char *link = NULL, *target = NULL;
        ssize_t n;

        (void) unlinkat(d->machined_fd, name, 0);
        if (!unit || unit_link_name(unit, &link) < 0)
                return;

        target = calloc(1, strlen(name) + 2);
        if (!target)
                return;

        /* It may be another machine's by now, which shares the unit. */
        n = readlinkat(d->machined_fd, link, target, strlen(name) + 1);
        if (n >= 0 && streq(target, name))
                (void) unlinkat(d->machined_fd, link, 0);
}

static int read_pairs(int directory_fd, const char *name, char ***ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = beneath_read(directory_fd, name, STATE_FILE_MAX, &text);
        if (r < 0)
                return r;

        return envfile_parse(text, ret);
}

static int copy_text(char *const *pairs, const char *key, char **ret) {
        const char *value = envfile_get(pairs, key);

        free(*ret);
        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static uint64_t get_number(char *const *pairs, const char *key) {
        const char *value = envfile_get(pairs, key);
        uint64_t n;

        return value && parse_u64(value, UINT64_MAX, &n) >= 0 ? n : 0;
}

static bool get_flag(char *const *pairs, const char *key) {
        return streq_ptr(envfile_get(pairs, key), "1");
}

static int read_ifindices(char *const *pairs, MachineInfo *info) {
        const char *value = envfile_get(pairs, "NETIF");
        _cleanup_(strv_freep) char **numbers = NULL;
        unsigned n;
        int r;

        if (!value)
                return 0;

        r = strv_split(value, " ", &numbers);
        if (r < 0)
                return r;

        info->ifindices = calloc(strv_length(numbers) + 1, sizeof(int));
        if (!info->ifindices)
                return -ENOMEM;

        for (char **i = numbers; *i; i++)
                if (parse_unsigned(*i, INT_MAX, &n) >= 0 && n > 0)
                        info->ifindices[info->n_ifindices++] = (int) n;

        return 0;
}

/* Files of machined before 258 have none: it was root. */
static int read_uid(char *const *pairs, MachineInfo *info) {
        const char *value = envfile_get(pairs, "UID");
        unsigned uid;

        if (!value)
                return 0;
        if (parse_unsigned(value, UINT32_MAX - 1, &uid) < 0)
                return -EBADMSG;

        info->uid = uid;
        return 0;
}

static int read_common(char *const *pairs, const char *unit_key, MachineInfo *info) {
        const char *id = envfile_get(pairs, "ID"), *class = envfile_get(pairs, "CLASS");

        if (parse_pid(envfile_get(pairs, "LEADER") ?: "", &info->leader) < 0)
                return -EBADMSG;
        if (!class || machine_class_from_string(class, &info->class) < 0)
                return -EBADMSG;
        if (id && id128_parse(id, &info->id) < 0)
                return -EBADMSG;

        if (read_uid(pairs, info) < 0)
                return -EBADMSG;

        return copy_text(pairs, unit_key, &info->unit);
}

/* Below the unit: it shall not lead to another one. */
static int read_subgroup(char *const *pairs, MachineInfo *info) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = copy_text(pairs, "SUBGROUP", &info->subgroup);
        if (r < 0 || !info->subgroup)
                return r;

        r = text_printf(&path, "/%s", info->subgroup);
        if (r < 0)
                return r;

        return cgroup_path_is_normal(path) && path[1] ? 0 : -EBADMSG;
}

/* Without what tells it from others of its number it is nobody. */
static void read_supervisor(char *const *pairs, MachineInfo *info) {
        if (parse_pid(envfile_get(pairs, "SUPERVISOR") ?: "", &info->supervisor) < 0)
                info->supervisor = 0;

        info->supervisor_identity.pidfd_id = get_number(pairs, "SUPERVISOR_PIDFDID");
}

static void read_vsock(char *const *pairs, MachineInfo *info) {
        uint64_t cid = get_number(pairs, "VSOCK_CID");

        if (cid > UINT32_MAX || vsock_cid_from_client((uint32_t) cid, &info->vsock_cid) < 0)
                info->vsock_cid = 0;
}

static int read_machined(char *const *pairs, MachineInfo *info) {
        int r;

        info->leader_identity.pidfd_id = get_number(pairs, "LEADER_PIDFDID");
        info->realtime = get_number(pairs, "REALTIME");
        info->monotonic = get_number(pairs, "MONOTONIC");
        read_supervisor(pairs, info);
        read_vsock(pairs, info);

        if ((r = read_common(pairs, "SCOPE", info)) < 0 ||
            (r = read_subgroup(pairs, info)) < 0 ||
            (r = copy_text(pairs, "SERVICE", &info->service)) < 0 ||
            (r = copy_text(pairs, "SSH_ADDRESS", &info->ssh_address)) < 0 ||
            (r = copy_text(pairs, "SSH_PRIVATE_KEY_PATH", &info->ssh_private_key_path)) < 0 ||
            (r = copy_text(pairs, "CONTROL_ADDRESS", &info->control_address)) < 0 ||
            (r = copy_text(pairs, "ROOT", &info->root_directory)) < 0)
                return r;

        return read_ifindices(pairs, info);
}

static int read_own(char *const *pairs, MachineInfo *info) {
        int r;

        info->leader_identity.pidfd_id = get_number(pairs, "LEADER_PIDFD_ID");
        info->leader_identity.start_time = get_number(pairs, "LEADER_START_TIME");
        info->supervisor_identity.start_time = get_number(pairs, "SUPERVISOR_START_TIME");
        info->owns_scope = get_flag(pairs, "OWNS_SCOPE");
        info->host_ifindex = (unsigned) get_number(pairs, "HOST_IFINDEX");
        info->masquerades = get_flag(pairs, "MASQUERADES");
        info->keeps_journal_link = get_flag(pairs, "KEEPS_JOURNAL_LINK");
        info->stop_at = get_number(pairs, "STOP_AT");

        if ((r = read_common(pairs, "UNIT", info)) < 0 ||
            (r = copy_text(pairs, "CGROUP", &info->cgroup)) < 0 ||
            (r = copy_text(pairs, "HOST_INTERFACE", &info->host_interface)) < 0 ||
            (r = copy_text(pairs, "ADDRESS4", &info->address4)) < 0 ||
            (r = copy_text(pairs, "ADDRESS6", &info->address6)) < 0 ||
            (r = copy_text(pairs, "JOURNAL_LINK", &info->journal_link)) < 0)
                return r;

        return copy_text(pairs, "JOURNAL_ROOT", &info->journal_root);
}

static int load(const StateDirectories *d, const char *name, MachineInfo *info, bool *runs) {
        _cleanup_(strv_freep) char **machined = NULL, **own = NULL;
        int r, q;

        r = read_pairs(d->machined_fd, name, &machined);
        if (r >= 0)
                r = read_machined(machined, info);
        if (r < 0 && r != -ENOENT)
                return r;

        q = read_pairs(d->own_fd, name, &own);
        if (q >= 0)
                q = read_own(own, info);
        if (q < 0 && q != -ENOENT)
                return q;
        if (r < 0 && q < 0)
                return -ENOENT;

        /* Machined, whose machines we take over, only writes files of those that run. */
        *runs = r >= 0 && (q < 0 || get_flag(own, "RUNS"));

        info->name = strdup(name);
        return info->name ? 0 : -ENOMEM;
}

int state_load(const StateDirectories *d, const char *name, MachineInfo *ret, bool *ret_runs) {
        MachineInfo info = {};
        int r;

        assert(d);
        assert(machine_name_is_valid(name));
        assert(ret);
        assert(ret_runs);

        r = load(d, name, &info, ret_runs);
        if (r < 0) {
                machine_info_done(&info);
                return r;
        }

        *ret = info;
        return 0;
}

/* Thousands of machines: a list that knows its length. */
typedef struct Names {
        char **list;
        size_t n, n_allocated;
} Names;

static int add_name(Names *names, const char *name) {
        if (names->n + 1 >= names->n_allocated) {
                size_t n = names->n_allocated * 2 ?: 64;
                char **grown = reallocarray(names->list, n, sizeof(char *));

                if (!grown)
                        return -ENOMEM;
                names->list = grown;
                names->n_allocated = n;
        }

        names->list[names->n] = strdup(name);
        if (!names->list[names->n])
                return -ENOMEM;

        names->list[++names->n] = NULL;
        return 0;
}

static int list_directory(int directory_fd, Names *names) {
        DIR *directory;
        int fd, r = 0;

        fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        directory = fdopendir(fd);
        if (!directory) {
                r = -errno;
                (void) close(fd);
                return r;
        }

        for (struct dirent *e; r >= 0 && (e = readdir(directory));)
                if (e->d_type == DT_REG && machine_name_is_valid(e->d_name))
                        r = add_name(names, e->d_name);

        (void) closedir(directory);
        return r;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int state_list(const StateDirectories *d, char ***ret) {
        Names names = {};
        size_t kept = 0;
        int r;

        assert(d);
        assert(ret);

        r = list_directory(d->machined_fd, &names);
        if (r >= 0)
                r = list_directory(d->own_fd, &names);
        if (r >= 0 && !names.list)
                r = strv_copy(NULL, &names.list);
        if (r < 0) {
                (void) strv_free(names.list);
                return r;
        }

        qsort(names.list, names.n, sizeof(char *), compare);

        for (size_t i = 0; i < names.n; i++) {
                if (kept > 0 && streq(names.list[kept - 1], names.list[i]))
                        free(names.list[i]);
                else
                        names.list[kept++] = names.list[i];
        }
        names.list[kept] = NULL;

        *ret = names.list;
        return 0;
}
