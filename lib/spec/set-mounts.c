/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/read.h"
#include "lib/spec/setters.h"

#define LAYERS_MAX 64

static int copy(char **to, const char *from) {
        *to = strdup(from);
        return *to ? 0 : -ENOMEM;
}

/* Takes over a mount, or what there is of one that could not be read. */
static int add(Spec *spec, SpecMount *m, int error) {
        int r;

        r = error < 0 ? error : spec_add_mount(spec, m);
        if (r < 0)
                spec_mount_done(m);

        return r;
}

static int read_bind_options(SpecMount *m, const char *options) {
        static const Word words[] = {
                { "noidmap", BIND_OWNERS_OF_HOST },
                { "idmap", BIND_OWNERS_SAME },
                { "rootidmap", BIND_OWNER_ROOT },
                { "owneridmap", BIND_OWNER_OF_TARGET },
                {},
        };
        _cleanup_(strv_freep) char **list = NULL;
        int r;

        r = strv_split(options, ",", &list);
        if (r < 0)
                return r;

        for (char **o = list; o && *o; o++) {
                if (streq(*o, "rbind") || streq(*o, "norbind")) {
                        m->recursive = **o == 'r';
                        continue;
                }

                r = word_find(words, *o);
                if (r < 0)
                        return r;

                m->owners = (BindOwners) r;
        }

        return 0;
}

/* [SOURCE][:TARGET[:OPTIONS]]; "+" before the source means the image's, none an empty directory. */
static int read_bind(SpecMount *m, const char *value) {
        _cleanup_(strv_freep) char **fields = NULL;
        const char *source, *target;
        int r;

        r = spec_read_fields(value, 3, &fields);
        if (r < 0)
                return r;

        source = fields[0] + (*fields[0] == '+');
        target = isempty(fields[1]) ? source : fields[1];
        if ((*source != '/' && !isempty(fields[0])) || *target != '/')
                return -EINVAL;

        if (fields[1] && fields[2]) {
                r = read_bind_options(m, fields[2]);
                if (r < 0)
                        return r;
        }

        r = copy(&m->source, fields[0]);
        return r < 0 ? r : copy(&m->target, target);
}

static int add_bind(Spec *spec, const char *value, bool read_only) {
        SpecMount m = { .kind = MOUNT_BIND, .read_only = read_only, .recursive = true };

        return add(spec, &m, read_bind(&m, value));
}

int set_bind(Spec *spec, const char *value) {
        return add_bind(spec, value, false);
}

int set_bind_ro(Spec *spec, const char *value) {
        return add_bind(spec, value, true);
}

/* TARGET[:OPTIONS] */
static int read_tmpfs(SpecMount *m, const char *value) {
        _cleanup_(strv_freep) char **fields = NULL;
        int r;

        r = spec_read_fields(value, 2, &fields);
        if (r < 0)
                return r;
        if (*fields[0] != '/')
                return -EINVAL;

        r = copy(&m->target, fields[0]);
        return r < 0 || !fields[1] ? r : copy(&m->options, fields[1]);
}

int set_tmpfs(Spec *spec, const char *value) {
        SpecMount m = { .kind = MOUNT_TMPFS };

        return add(spec, &m, read_tmpfs(&m, value));
}

/* "" is a directory that is thrown away, and can be on top only. */
static bool layers_are_valid(char *const *layers, bool read_only) {
        for (; *layers; layers++) {
                bool is_upper = !layers[1] && !read_only;

                if (isempty(*layers) ? !is_upper : (*layers)[**layers == '+'] != '/')
                        return false;
        }

        return true;
}

/* LOWER[:LOWER…]:UPPER:TARGET; of two, the second is both. */
static int read_layers(SpecMount *m, const char *value) {
        size_t n;
        int r;

        r = spec_read_fields(value, LAYERS_MAX, &m->layers);
        if (r < 0)
                return r;

        n = strv_length(m->layers);
        if (n < 2 || *m->layers[n - 1] != '/')
                return -EINVAL;
        if (n == 2) {
                r = copy(&m->target, m->layers[1]);
                if (r < 0)
                        return r;
        } else {
                m->target = m->layers[n - 1];
                m->layers[n - 1] = NULL;
        }

        return layers_are_valid(m->layers, m->read_only) ? 0 : -EINVAL;
}

static int add_overlay(Spec *spec, const char *value, bool read_only) {
        SpecMount m = { .kind = MOUNT_OVERLAY, .read_only = read_only };

        return add(spec, &m, read_layers(&m, value));
}

int set_overlay(Spec *spec, const char *value) {
        return add_overlay(spec, value, false);
}

int set_overlay_ro(Spec *spec, const char *value) {
        return add_overlay(spec, value, true);
}

int set_inaccessible(Spec *spec, const char *value) {
        SpecMount m = { .kind = MOUNT_INACCESSIBLE };

        return add(spec, &m, *value == '/' ? copy(&m.target, value) : -EINVAL);
}
