/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/personality.h>
#include <sys/resource.h>

#include "lib/base/text.h"
#include "lib/spec/setters.h"

#define OOM_SCORE_MAX 1000

static const char *const rlimit_names[SPEC_RLIMITS_MAX] = {
        [RLIMIT_AS] = "AS",
        [RLIMIT_CORE] = "CORE",
        [RLIMIT_CPU] = "CPU",
        [RLIMIT_DATA] = "DATA",
        [RLIMIT_FSIZE] = "FSIZE",
        [RLIMIT_LOCKS] = "LOCKS",
        [RLIMIT_MEMLOCK] = "MEMLOCK",
        [RLIMIT_MSGQUEUE] = "MSGQUEUE",
        [RLIMIT_NICE] = "NICE",
        [RLIMIT_NOFILE] = "NOFILE",
        [RLIMIT_NPROC] = "NPROC",
        [RLIMIT_RSS] = "RSS",
        [RLIMIT_RTPRIO] = "RTPRIO",
        [RLIMIT_RTTIME] = "RTTIME",
        [RLIMIT_SIGPENDING] = "SIGPENDING",
        [RLIMIT_STACK] = "STACK",
};

static int find_rlimit(const char *name, size_t size) {
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++)
                if (strlen(rlimit_names[i]) == size && strncasecmp(rlimit_names[i], name, size) == 0)
                        return i;

        return -EINVAL;
}

static int parse_amount(int resource, const char *value, uint64_t *ret) {
        int r;

        if (streq(value, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }

        switch (resource) {
        case RLIMIT_AS:
        case RLIMIT_CORE:
        case RLIMIT_DATA:
        case RLIMIT_FSIZE:
        case RLIMIT_MEMLOCK:
        case RLIMIT_MSGQUEUE:
        case RLIMIT_RSS:
        case RLIMIT_STACK:
                r = parse_size(value, ret);
                break;

        default:
                r = parse_u64(value, UINT64_MAX - 1, ret);
        }

        return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
}

/* NAME=SOFT[:HARD] */
int set_rlimit(Spec *spec, const char *value) {
        const char *name = startswith(value, "RLIMIT_") ?: value, *equals = strchr(name, '=');
        _cleanup_free_ char *soft = NULL;
        SpecRlimit limit = { .set = true };
        char *colon;
        int resource, r;

        if (!equals)
                return -EINVAL;

        resource = find_rlimit(name, (size_t) (equals - name));
        if (resource < 0)
                return resource;

        soft = strdup(equals + 1);
        if (!soft)
                return -ENOMEM;

        colon = strchr(soft, ':');
        if (colon)
                *colon++ = '\0';

        r = parse_amount(resource, soft, &limit.soft);
        if (r >= 0)
                r = parse_amount(resource, colon ?: soft, &limit.hard);
        if (r < 0)
                return r;
        if (limit.soft > limit.hard)
                return -EINVAL;

        spec->rlimits[resource] = limit;
        return 0;
}

void list_rlimits(FILE *f) {
        for (int i = 0; i < SPEC_RLIMITS_MAX; i++)
                (void) fprintf(f, "%s\n", rlimit_names[i]);
}

const char *spec_rlimit_name(int resource) {
        return resource >= 0 && resource < SPEC_RLIMITS_MAX ? rlimit_names[resource] : NULL;
}

int set_oom_score_adjust(Spec *spec, const char *value) {
        bool negative = *value == '-';
        unsigned n;
        int r;

        r = parse_unsigned(value + negative, OOM_SCORE_MAX, &n);
        if (r < 0)
                return -EINVAL;

        spec->oom_score_adjust = negative ? -(int) n : (int) n;
        spec->has_oom_score_adjust = true;
        return 0;
}

static int add_cpus(uint8_t cpus[static SPEC_CPUS_MAX / 8], char *word) {
        char *dash = strchr(word, '-');
        unsigned first, last;

        if (dash)
                *dash++ = '\0';
        if (parse_unsigned(word, SPEC_CPUS_MAX - 1, &first) < 0 ||
            parse_unsigned(dash ?: word, SPEC_CPUS_MAX - 1, &last) < 0 || first > last)
                return -EINVAL;

        for (unsigned i = first; i <= last; i++)
                cpus[i / 8] |= (uint8_t) (1U << i % 8);

        return 0;
}

/* Numbers and ranges of them, with commas or spaces between; more than one option adds up. */
int set_cpu_affinity(Spec *spec, const char *value) {
        _cleanup_(strv_freep) char **words = NULL;
        uint8_t cpus[sizeof(spec->cpus)];
        int r;

        r = strv_split(value, ", ", &words);
        if (r < 0)
                return r;
        if (strv_length(words) == 0)
                return -EINVAL;

        memcpy(cpus, spec->cpus, sizeof(cpus));
        for (char **w = words; *w; w++) {
                r = add_cpus(cpus, *w);
                if (r < 0)
                        return r;
        }

        memcpy(spec->cpus, cpus, sizeof(cpus));
        spec->n_cpus = sizeof(cpus);
        return 0;
}

/* Architectures that this one's kernel runs programs of. */
static const struct {
        const char *name;
        unsigned long personality;
} personality_table[] = {
#if defined(__x86_64__)
        { "x86-64", PER_LINUX },
        { "x86", PER_LINUX32 },
#elif defined(__i386__)
        { "x86", PER_LINUX },
#elif defined(__aarch64__)
        { "arm64", PER_LINUX },
        { "arm", PER_LINUX32 },
#elif defined(__s390x__)
        { "s390x", PER_LINUX },
        { "s390", PER_LINUX32 },
#elif defined(__powerpc64__)
        { "ppc64-le", PER_LINUX },
        { "ppc64", PER_LINUX },
        { "ppc-le", PER_LINUX32 },
        { "ppc", PER_LINUX32 },
#endif
        { "native", PER_LINUX },
};

int set_personality(Spec *spec, const char *value) {
        for (size_t i = 0; i < ELEMENTSOF(personality_table); i++)
                if (streq(personality_table[i].name, value)) {
                        spec->personality = personality_table[i].personality;
                        spec->has_personality = true;
                        return 0;
                }

        return -EINVAL;
}

void list_personalities(FILE *f) {
        for (size_t i = 0; i < ELEMENTSOF(personality_table); i++)
                (void) fprintf(f, "%s\n", personality_table[i].name);
}
