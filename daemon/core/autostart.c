/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/core/autostart.h"
#include "lib/base/beneath.h"
#include "lib/base/envfile.h"
#include "lib/base/errors.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

#define FILE_SIZE_MAX ((size_t) 64 << 10)

#define ORDER "ORDER"
#define DELAY_USEC "DELAY_USEC"
#define AFTER "AFTER"
#define REQUIRES "REQUIRES"

void autostart_done(Autostart *a) {
        assert(a);

        free(a->name);
        (void) strv_free(a->after);
        (void) strv_free(a->requires);
        *a = (Autostart) {};
}

void autostarts_done(Autostarts *a) {
        assert(a);

        for (size_t i = 0; i < a->n; i++)
                autostart_done(&a->list[i]);
        free(a->list);
        *a = (Autostarts) {};
}

static int check_names(const Autostart *a, char *const *names, const char **reterr_text) {
        if (strv_length(names) > AUTOSTART_NAMES_MAX) {
                *reterr_text = "Too many machines to wait for";
                return -E_LIMITS_EXCEEDED;
        }

        for (; names && *names; names++) {
                if (!machine_name_is_valid(*names)) {
                        *reterr_text = "Invalid name of a machine to wait for";
                        return -EINVAL;
                }
                if (streq(*names, a->name)) {
                        *reterr_text = "A machine cannot wait for itself";
                        return -EINVAL;
                }
        }

        return 0;
}

int autostart_check(const Autostart *a, const char **reterr_text) {
        int r;

        assert(a);
        assert(reterr_text);

        if (!machine_name_is_valid(a->name)) {
                *reterr_text = "Invalid machine name";
                return -EINVAL;
        }
        if (a->delay_usec > AUTOSTART_DELAY_MAX) {
                *reterr_text = "Delay is longer than a day";
                return -EINVAL;
        }

        r = check_names(a, a->after, reterr_text);
        return r < 0 ? r : check_names(a, a->requires, reterr_text);
}

static int read_fields(char *const *pairs, Autostart *a) {
        const char *order = envfile_get(pairs, ORDER), *delay = envfile_get(pairs, DELAY_USEC);
        int r = 0;

        if (order)
                r = parse_unsigned(order, INT_MAX, &a->order);
        if (r >= 0 && delay)
                r = parse_u64(delay, AUTOSTART_DELAY_MAX, &a->delay_usec);
        if (r >= 0)
                r = strv_split(envfile_get(pairs, AFTER) ?: "", " ", &a->after);

        return r < 0 ? r : strv_split(envfile_get(pairs, REQUIRES) ?: "", " ", &a->requires);
}

int autostart_parse(const char *name, const char *text, Autostart *ret) {
        _cleanup_(autostart_done) Autostart a = {};
        _cleanup_(strv_freep) char **pairs = NULL;
        const char *wrong;
        int r;

        assert(name);
        assert(text);
        assert(ret);

        r = envfile_parse(text, &pairs);
        if (r < 0)
                return r;

        a.name = strdup(name);
        r = a.name ? read_fields(pairs, &a) : -ENOMEM;
        if (r >= 0)
                r = autostart_check(&a, &wrong);
        if (r < 0)
                return r;

        *ret = a;
        a = (Autostart) {};
        return 0;
}

static int append_number(char **text, const char *key, uint64_t number) {
        char digits[32];

        if (number == 0)
                return 0;

        (void) snprintf(digits, sizeof(digits), "%" PRIu64, number);
        return envfile_append(text, key, digits);
}

static int append_names(char **text, const char *key, char *const *names) {
        _cleanup_free_ char *joined = NULL;
        int r;

        r = strv_join(names, " ", &joined);
        return r < 0 ? r : envfile_append(text, key, joined);
}

int autostart_format(const Autostart *a, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        assert(a);
        assert(ret);

        r = append_number(&text, ORDER, a->order);
        if (r >= 0)
                r = append_number(&text, DELAY_USEC, a->delay_usec);
        if (r >= 0)
                r = append_names(&text, AFTER, a->after);
        if (r >= 0)
                r = append_names(&text, REQUIRES, a->requires);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(text) ?: strdup("");
        return *ret ? 0 : -ENOMEM;
}

/* A pipe among them would be waited for. */
static int load_one(int directory_fd, const char *directory, const char *name, Autostart *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = beneath_read(directory_fd, name, FILE_SIZE_MAX, &text);
        if (r >= 0)
                r = autostart_parse(name, text, ret);
        if (r < 0)
                (void) log_warning(r, "Passing over '%s/%s'", directory, name);

        return r;
}

static int compare(const void *a, const void *b) {
        const Autostart *x = a, *y = b;

        if (x->order != y->order)
                return x->order < y->order ? -1 : 1;

        return strcmp(x->name, y->name);
}

static int load_all(const char *directory, DIR *d, Autostarts *all) {
        const struct dirent *entry;

        while ((entry = readdir(d))) {
                Autostart *grown;
                int r;

                /* What editors leave beside a file begins with a dot, or has a tilde. */
                if (!machine_name_is_valid(entry->d_name))
                        continue;
                if (all->n >= AUTOSTART_MACHINES_MAX)
                        return -E_LIMITS_EXCEEDED;

                grown = reallocarray(all->list, all->n + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                all->list = grown;

                r = load_one(dirfd(d), directory, entry->d_name, &all->list[all->n]);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0)
                        all->n++;
        }

        return 0;
}

static void closedirp(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

int autostarts_load(const char *directory, Autostarts *ret) {
        _cleanup_(autostarts_done) Autostarts all = {};
        _cleanup_(closedirp) DIR *d = NULL;
        int r;

        assert(directory);
        assert(ret);

        d = opendir(directory);
        if (!d && errno != ENOENT)
                return -errno;
        if (d) {
                r = load_all(directory, d, &all);
                if (r < 0)
                        return r;
        }

        if (all.n > 0)
                qsort(all.list, all.n, sizeof(*all.list), compare);
        *ret = all;
        all = (Autostarts) {};
        return 0;
}

/* Loops */

static const Autostart *find(const Autostarts *all, const char *name, size_t *ret_index) {
        for (size_t i = 0; i < all->n; i++)
                if (streq(all->list[i].name, name)) {
                        *ret_index = i;
                        return &all->list[i];
                }

        return NULL;
}

/* Whether @a comes to wait for @name, over others; those that have been visited do not. */
static bool leads_to(const Autostarts *all, const Autostart *a, const char *name, bool *visited) {
        char *const *const lists[] = { a->after, a->requires };
        const Autostart *other;
        size_t index;

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (char *const *s = lists[i]; s && *s; s++) {
                        if (streq(*s, name))
                                return true;

                        other = find(all, *s, &index);
                        if (!other || visited[index])
                                continue;
                        visited[index] = true;
                        if (leads_to(all, other, name, visited))
                                return true;
                }

        return false;
}

static int check_loop(const Autostarts *all, const Autostart *a) {
        _cleanup_free_ bool *visited = NULL;

        visited = calloc(all->n + 1, sizeof(*visited));
        if (!visited)
                return -ENOMEM;

        return leads_to(all, a, a->name, visited) ? -ELOOP : 0;
}

int autostarts_set(const char *directory, const Autostart *a) {
        _cleanup_(autostarts_done) Autostarts all = {};
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t index;
        int r;

        assert(directory);
        assert(a);

        r = autostarts_load(directory, &all);
        if (r < 0)
                return r;
        if (!find(&all, a->name, &index) && all.n >= AUTOSTART_MACHINES_MAX)
                return -E_LIMITS_EXCEEDED;

        r = check_loop(&all, a);
        if (r >= 0)
                r = autostart_format(a, &text);
        if (r >= 0)
                r = directory_make(directory, 0755);
        if (r < 0)
                return r;

        fd = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : file_replace(fd, a->name, 0644, text);
}

int autostarts_remove(const char *directory, const char *name) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(directory);
        assert(machine_name_is_valid(name));

        r = text_printf(&path, "%s/%s", directory, name);
        if (r < 0)
                return r;

        return unlink(path) < 0 ? -errno : 0;
}
