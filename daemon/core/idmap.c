/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/idmap.h"
#include "lib/base/errors.h"
#include "lib/base/text.h"

/* What counts as a shift is at least root to nobody. */
#define SHIFT_COUNT_MIN 65534

/* So many new ranges are each put where they belong; more are sorted with all others. */
#define INSERTIONS_MAX 16

/* Read in one turn of the event loop: some milliseconds. */
#define READS_PER_TURN 64

/* Machines without a map are tried again when somebody is looked for; so many at a
 * time, as anybody may have registered any number of those. */
#define RETRIES_MAX 16

/* A range of ids of the host. */
typedef struct Span {
        uint32_t first, last, inside;
        uint32_t reach;                 /* the highest of @last up to here */
        Machine *machine;
} Span;

typedef struct Index {
        Span *spans;
        size_t n_spans, n_allocated;
        size_t n_sorted;                /* the first ones; new ones are behind */
        bool knows_reach;
} Index;

struct IdMaps {
        sd_event_source *idle;
        Index indices[_ID_KIND_MAX];

        /* Machines whose maps are not known. The first n_tried of them had none yet. */
        Machine **unknown;
        size_t n_unknown, n_allocated, n_tried;
        size_t next_retry;
};

static const char *const file_table[_ID_KIND_MAX] = {
        [ID_USER] = "uid_map",
        [ID_GROUP] = "gid_map",
};

static int no_such_mapping(IdKind kind) {
        return kind == ID_USER ? -E_NO_SUCH_USER_MAPPING : -E_NO_SUCH_GROUP_MAPPING;
}

/* Maps of one machine */

/* A leader that is still among the host's users might leave them; a map that is
 * written is for good, also if its leader moves on into a namespace below. */
static bool is_known(const IdMap *map) {
        return map->n_ranges > 0 && !idmap_is_identity(map);
}

static int read_map(Machine *m, IdKind kind) {
        IdMap *map = machine_id_map(m, kind), read;
        _cleanup_free_ char *text = NULL;
        int r;

        if (is_known(map))
                return 0;

        r = process_read(machine_leader_fd(m), file_table[kind], &text);
        if (r < 0)
                return r;

        r = idmap_parse(text, &read);
        if (r < 0)
                return r;

        idmap_done(map);
        *map = read;
        return 0;
}

int machine_id_to_host(Machine *m, IdKind kind, uint32_t id, uint32_t *ret) {
        int r;

        assert(m);
        assert(ret);

        if (machine_info(m)->class != MACHINE_CONTAINER)
                return -EINVAL;

        r = read_map(m, kind);
        if (r < 0)
                return r;

        r = idmap_to_outside(machine_id_map(m, kind), id, ret);
        return r == -ENXIO ? no_such_mapping(kind) : r;
}

int machine_uid_shift(Machine *m, uint32_t *ret) {
        const IdMap *users, *groups;
        int r;

        assert(m);
        assert(ret);

        if (machine_info(m)->class == MACHINE_HOST) {
                *ret = 0;
                return 0;
        }
        if (machine_info(m)->class != MACHINE_CONTAINER)
                return -EOPNOTSUPP;

        if ((r = read_map(m, ID_USER)) < 0 || (r = read_map(m, ID_GROUP)) < 0)
                return r;

        users = machine_id_map(m, ID_USER);
        groups = machine_id_map(m, ID_GROUP);
        if (users->n_ranges != 1 || users->ranges[0].inside != 0 ||
            users->ranges[0].count < SHIFT_COUNT_MIN || !idmap_equal(users, groups))
                return -EOPNOTSUPP;

        *ret = users->ranges[0].outside;
        return 0;
}

/* The index */

static int add_span(Index *index, Span span) {
        if (index->n_spans == index->n_allocated) {
                size_t n = index->n_allocated * 2 ?: 64;
                Span *grown = reallocarray(index->spans, n, sizeof(Span));

                if (!grown)
                        return -ENOMEM;
                index->spans = grown;
                index->n_allocated = n;
        }

        index->spans[index->n_spans++] = span;
        index->knows_reach = false;
        return 0;
}

static int index_map(Index *index, Machine *m, const IdMap *map) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < map->n_ranges; i++) {
                const IdRange *range = &map->ranges[i];

                /* Who is mapped to themselves are the host's own, and no machine's. */
                if (range->inside == range->outside)
                        continue;

                r = add_span(index, (Span) {
                                .first = range->outside,
                                .last = range->outside + (range->count - 1),
                                .inside = range->inside,
                                .machine = m });
        }

        return r;
}

static void remove_spans(Index *index, const Machine *m) {
        size_t kept = 0, kept_sorted = 0;

        for (size_t i = 0; i < index->n_spans; i++) {
                if (index->spans[i].machine == m)
                        continue;
                if (i < index->n_sorted)
                        kept_sorted++;
                index->spans[kept++] = index->spans[i];
        }

        if (kept < index->n_spans)
                index->knows_reach = false;
        index->n_spans = kept;
        index->n_sorted = kept_sorted;
}

static int compare_spans(const void *a, const void *b) {
        const Span *x = a, *y = b;

        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;

        return strcmp(machine_info(x->machine)->name, machine_info(y->machine)->name);
}

static void insert_span(Index *index, size_t at) {
        Span span = index->spans[at];

        for (; at > 0 && compare_spans(&index->spans[at - 1], &span) > 0; at--)
                index->spans[at] = index->spans[at - 1];
        index->spans[at] = span;
}

static void sort(Index *index) {
        uint32_t reach = 0;

        if (index->n_spans - index->n_sorted > INSERTIONS_MAX) {
                qsort(index->spans, index->n_spans, sizeof(Span), compare_spans);
                index->n_sorted = index->n_spans;
        }
        while (index->n_sorted < index->n_spans)
                insert_span(index, index->n_sorted++);

        if (index->knows_reach)
                return;

        for (size_t i = 0; i < index->n_spans; i++)
                index->spans[i].reach = reach = MAX(reach, index->spans[i].last);
        index->knows_reach = true;
}

static const Span *find_span(Index *index, uint32_t id) {
        size_t low = 0, high = index->n_spans;

        sort(index);

        /* The first one that begins beyond it. */
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (index->spans[middle].first <= id)
                        low = middle + 1;
                else
                        high = middle;
        }

        while (low-- > 0 && index->spans[low].reach >= id)
                if (index->spans[low].last >= id)
                        return &index->spans[low];

        return NULL;
}

/* What is not known yet */

/* Returns 1 if the machine has maps by now, or will never have any. */
static int read_maps(IdMaps *i, Machine *m) {
        int r = 0;

        for (IdKind kind = 0; r >= 0 && kind < _ID_KIND_MAX; kind++)
                r = read_map(m, kind);
        if (r < 0)
                return r == -ENOMEM ? r : 1;

        for (IdKind kind = 0; kind < _ID_KIND_MAX; kind++)
                if (machine_id_map(m, kind)->n_ranges == 0)
                        return 0;

        for (IdKind kind = 0; r >= 0 && kind < _ID_KIND_MAX; kind++)
                r = index_map(&i->indices[kind], m, machine_id_map(m, kind));

        return r < 0 ? r : 1;
}

static void forget_unknown(IdMaps *i, size_t at) {
        /* The order of those that were tried does not matter, nor that of the others. */
        if (at < i->n_tried)
                i->unknown[at] = i->unknown[--i->n_tried], at = i->n_tried;

        i->unknown[at] = i->unknown[--i->n_unknown];
}

static int read_new(IdMaps *i, size_t n_max) {
        for (size_t n = 0; n < n_max && i->n_tried < i->n_unknown; n++) {
                int r = read_maps(i, i->unknown[i->n_tried]);

                if (r < 0)
                        return r;
                if (r > 0)
                        forget_unknown(i, i->n_tried);
                else
                        i->n_tried++;
        }

        return 0;
}

static int read_again(IdMaps *i) {
        for (size_t n = MIN(i->n_tried, (size_t) RETRIES_MAX); n > 0; n--) {
                size_t at = i->next_retry++ % i->n_tried;
                int r = read_maps(i, i->unknown[at]);

                if (r < 0)
                        return r;
                if (r > 0)
                        forget_unknown(i, at);
                if (i->n_tried == 0)
                        break;
        }

        return 0;
}

static int on_idle(sd_event_source *source, void *userdata) {
        IdMaps *i = userdata;

        /* If memory is short now: whoever looks for somebody tries again. */
        if (read_new(i, READS_PER_TURN) < 0 || i->n_tried == i->n_unknown)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);

        return 0;
}

int idmaps_add(IdMaps *i, Machine *m) {
        assert(i);
        assert(m);

        if (machine_info(m)->class != MACHINE_CONTAINER)
                return 0;

        if (i->n_unknown == i->n_allocated) {
                size_t n = i->n_allocated * 2 ?: 64;
                Machine **grown = reallocarray(i->unknown, n, sizeof(Machine *));

                if (!grown)
                        return -ENOMEM;
                i->unknown = grown;
                i->n_allocated = n;
        }

        i->unknown[i->n_unknown++] = m;
        return sd_event_source_set_enabled(i->idle, SD_EVENT_ON);
}

void idmaps_drop(IdMaps *i, const Machine *m) {
        assert(i);

        for (size_t n = 0; n < i->n_unknown; n++)
                if (i->unknown[n] == m) {
                        forget_unknown(i, n);
                        return;
                }

        for (IdKind kind = 0; kind < _ID_KIND_MAX; kind++)
                remove_spans(&i->indices[kind], m);
}

int idmaps_find(IdMaps *i, IdKind kind, uint32_t id, Machine **ret, uint32_t *ret_inside) {
        const Span *span;
        int r;

        assert(i);
        assert(ret);
        assert(ret_inside);

        if (id < HOST_IDS)
                return no_such_mapping(kind);

        r = read_again(i);
        if (r >= 0)
                r = read_new(i, SIZE_MAX);
        if (r < 0)
                return r;

        span = find_span(&i->indices[kind], id);
        if (!span)
                return no_such_mapping(kind);

        *ret = span->machine;
        *ret_inside = span->inside + (id - span->first);
        return 0;
}

int idmaps_new(sd_event *event, IdMaps **ret) {
        _cleanup_(idmaps_freep) IdMaps *i = NULL;
        int r;

        assert(event);
        assert(ret);

        i = calloc(1, sizeof(*i));
        if (!i)
                return -ENOMEM;

        r = sd_event_add_defer(event, &i->idle, on_idle, i);
        if (r >= 0)
                r = sd_event_source_set_priority(i->idle, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(i->idle, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(i);
        return 0;
}

IdMaps *idmaps_free(IdMaps *i) {
        if (!i)
                return NULL;

        sd_event_source_disable_unref(i->idle);
        for (IdKind kind = 0; kind < _ID_KIND_MAX; kind++)
                free(i->indices[kind].spans);
        free(i->unknown);
        free(i);
        return NULL;
}
