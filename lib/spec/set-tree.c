/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/setters.h"

#define LAYERS_MAX 64

int set_volatile(Spec *spec, const char *value) {
        int yes = value ? parse_boolean(value) : true;

        if (yes >= 0)
                spec->volatile_mode = yes ? VOLATILE_YES : VOLATILE_NO;
        else if (streq(value, "state"))
                spec->volatile_mode = VOLATILE_STATE;
        else if (streq(value, "overlay"))
                spec->volatile_mode = VOLATILE_OVERLAY;
        else
                return -EINVAL;

        return 0;
}

/* Cuts at colons; a backslash keeps one from dividing. */
static int split(const char *s, char ***ret) {
        _cleanup_(strv_freep) char **fields = NULL;
        _cleanup_free_ char *field = calloc(1, strlen(s) + 1);
        size_t length = 0, n = 0;
        int r;

        if (!field)
                return -ENOMEM;

        for (;; s++) {
                if (*s && *s != ':') {
                        if (*s == '\\' && s[1])
                                s++;
                        field[length++] = *s;
                        continue;
                }

                field[length] = '\0';
                length = 0;
                r = ++n > LAYERS_MAX ? -EINVAL : strv_push(&fields, field);
                if (r < 0)
                        return r;
                if (!*s)
                        break;
        }

        *ret = TAKE_PTR(fields);
        return 0;
}

static int copy(char **to, const char *from) {
        char *s = NULL;

        if (from) {
                s = strdup(from);
                if (!s)
                        return -ENOMEM;
        }

        free(*to);
        *to = s;
        return 0;
}

/* NEW[:OLD] */
int set_pivot_root(Spec *spec, const char *value) {
        _cleanup_(strv_freep) char **fields = NULL;
        int r;

        r = split(value, &fields);
        if (r < 0)
                return r;
        if (strv_length(fields) > 2 || !path_is_normalized(fields[0]) || streq(fields[0], "/") ||
            (fields[1] && (!path_is_normalized(fields[1]) || streq(fields[1], "/"))))
                return -EINVAL;

        r = copy(&spec->pivot_new, fields[0]);
        return r < 0 ? r : copy(&spec->pivot_old, fields[1]);
}

static void mount_done(SpecMount *m) {
        free(m->source);
        free(m->target);
        (void) strv_free(m->layers);
}

static bool layer_is_valid(const char *layer, bool is_upper) {
        if (isempty(layer))
                return is_upper;

        return layer[*layer == '+'] == '/';
}

/* LOWER[:LOWER…]:UPPER:TARGET; of two, the second is both. */
static int read_layers(SpecMount *m, const char *value) {
        size_t n;
        int r;

        r = split(value, &m->layers);
        if (r < 0)
                return r;

        n = strv_length(m->layers);
        if (n < 2 || *m->layers[n - 1] != '/')
                return -EINVAL;

        if (n == 2)
                return copy(&m->target, m->layers[1]);

        m->target = m->layers[n - 1];
        m->layers[n - 1] = NULL;
        return 0;
}

static int add_overlay(Spec *spec, const char *value, bool read_only) {
        SpecMount m = { .kind = MOUNT_OVERLAY, .read_only = read_only };
        size_t n;
        int r;

        r = read_layers(&m, value);
        n = strv_length(m.layers);
        for (size_t i = 0; i < n && r >= 0; i++)
                if (!layer_is_valid(m.layers[i], i == n - 1 && !read_only))
                        r = -EINVAL;
        if (r >= 0)
                r = spec_add_mount(spec, &m);
        if (r < 0)
                mount_done(&m);

        return r;
}

int set_overlay(Spec *spec, const char *value) {
        return add_overlay(spec, value, false);
}

int set_overlay_ro(Spec *spec, const char *value) {
        return add_overlay(spec, value, true);
}

int set_inaccessible(Spec *spec, const char *value) {
        SpecMount m = { .kind = MOUNT_INACCESSIBLE };
        int r;

        if (*value != '/')
                return -EINVAL;

        r = copy(&m.target, value);
        if (r >= 0)
                r = spec_add_mount(spec, &m);
        if (r < 0)
                mount_done(&m);

        return r;
}
