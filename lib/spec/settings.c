/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/spec/image.h"
#include "lib/spec/options.h"
#include "lib/spec/settings-keys.h"
#include "lib/spec/settings.h"

#define BLANKS " \t\r"

/* A file of an honest size says no more than this. */
#define WARNINGS_MAX 32

static_assert(_GROUP_MAX <= 64, "groups are bits");

static SettingsGroups bit(SettingsGroup group) {
        return UINT64_C(1) << group;
}

void settings_done(Settings *settings) {
        for (size_t i = 0; i < settings->n; i++)
                free(settings->list[i].value);
        free(settings->list);
        free(settings->path);
        (void) strv_free(settings->warnings);
        *settings = (Settings) {};
}

static int warn(Settings *s, unsigned line, const char *what, const char *name) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (strv_length(s->warnings) >= WARNINGS_MAX)
                return 0;

        r = text_printf(&text, "%s:%u: %s is ignored: %s", s->path, line, name, what);
        if (r < 0)
                return r;

        return strv_push(&s->warnings, text_strip_control(text));
}

static const SettingsKey *find_key(const char *section, const char *name) {
        for (size_t i = 0; i < n_settings_keys; i++)
                if (streq(settings_key_table[i].section, section) && streq(settings_key_table[i].name, name))
                        return &settings_key_table[i];

        return NULL;
}

/* An empty value takes back what the key has said so far. */
static void forget(Settings *s, const SettingsKey *key) {
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                if (s->list[i].key == key)
                        free(s->list[i].value);
                else
                        s->list[n++] = s->list[i];

        s->n = n;
}

static int add(Settings *s, const SettingsKey *key, const char *value, unsigned line) {
        Setting *list;
        char *copy;

        copy = strdup(value);
        if (!copy)
                return -ENOMEM;

        list = reallocarray(s->list, s->n + 1, sizeof(*list));
        if (!list) {
                free(copy);
                return -ENOMEM;
        }

        s->list = list;
        s->list[s->n++] = (Setting) { .key = key, .value = copy, .line = line };
        return 0;
}

static bool is_trusted(const Settings *s, const SettingsKey *key, const char *value) {
        if (s->trusted || key->trust == TRUST_ANYBODY)
                return true;

        return key->trust == TRUST_TO_ALLOW && *value == '~';
}

static char *strip(char *s) {
        s += strspn(s, BLANKS);
        for (size_t n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]); n--)
                s[n - 1] = '\0';

        return s;
}

static int read_assignment(Settings *s, const char *section, char *line, unsigned number) {
        char *equals = strchr(line, '='), *name, *value;
        const SettingsKey *key;

        if (!equals)
                return warn(s, number, "it is no assignment", "a line");

        *equals = '\0';
        name = strip(line);
        value = strip(equals + 1);
        key = find_key(section, name);
        if (!key)
                return warn(s, number, "there is no such key here", name);
        if (!*value) {
                forget(s, key);
                return 0;
        }
        if (!is_trusted(s, key, value))
                return warn(s, number, "only files in /etc and /run may say so", name);

        return add(s, key, value, number);
}

/* Cuts off the next line, in place; those that end in a backslash go on. */
static char *next_line(char **text, unsigned *number) {
        char *line = *text, *end = line;

        if (!*line)
                return NULL;

        for (;; end++) {
                end += strcspn(end, "\n");
                ++*number;
                if (!*end || end == line || end[-1] != '\\')
                        break;

                end[-1] = ' ';
                *end = ' ';
        }

        *text = *end ? end + 1 : end;
        *end = '\0';
        return line;
}

int settings_parse(const char *text, const char *path, bool trusted, Settings *ret) {
        _cleanup_(settings_done) Settings s = { .trusted = trusted };
        _cleanup_free_ char *copy = NULL;
        const char *section = "";
        unsigned number = 0;
        char *rest, *line;
        int r = 0;

        assert(text);
        assert(ret);

        s.path = strdup(path);
        rest = copy = strdup(text);
        if (!s.path || !copy)
                return -ENOMEM;

        while (r >= 0 && (line = next_line(&rest, &number))) {
                line = strip(line);
                if (!*line || *line == '#' || *line == ';')
                        continue;

                if (*line == '[' && endswith(line, "]")) {
                        line[strlen(line) - 1] = '\0';
                        section = line + 1;
                        continue;
                }

                r = read_assignment(&s, section, line, number);
        }
        if (r < 0)
                return r;

        *ret = s;
        s = (Settings) {};
        return 0;
}

SettingsGroups settings_groups(const Settings *settings) {
        SettingsGroups groups = 0;

        assert(settings);

        for (size_t i = 0; i < settings->n; i++)
                groups |= bit(settings->list[i].key->group);

        return groups;
}

SettingsGroups settings_group_of_option(const char *name, char letter) {
        /* These have no name, or none that a key goes by. */
        if (letter == 'j')
                return bit(GROUP_JOURNAL);
        if (letter == 'U')
                return bit(GROUP_USERS);
        if (streq(name, "rlimit"))
                return bit(GROUP_RLIMIT);

        for (size_t i = 0; i < n_settings_keys; i++)
                if (settings_key_table[i].option && streq(settings_key_table[i].option, name))
                        return bit(settings_key_table[i].group);

        return 0;
}

SettingsGroups settings_group_of_command(void) {
        return bit(GROUP_START);
}

const char *setting_name(const Setting *setting) {
        assert(setting);

        return setting->key->name;
}

static int set_option(Spec *spec, const char *option, const char *value) {
        const Option *o = option_find(option);

        if (!o)
                return -ENOSYS;

        return option_set(o, spec, o->value == OPTION_NO_VALUE ? NULL : value);
}

/* The next word of a line in which quotes and backslashes keep blanks; 0 at its end. */
static int next_word(const char **s, char *word) {
        const char *p = *s + strspn(*s, BLANKS);
        char quote = '\0';
        size_t n = 0;

        if (!*p)
                return 0;

        for (; *p && (quote || !strchr(BLANKS, *p)); p++) {
                if (*p == quote)
                        quote = '\0';
                else if (!quote && (*p == '"' || *p == '\''))
                        quote = *p;
                else if (*p == '\\' && p[1] && quote != '\'')
                        word[n++] = *++p;
                else
                        word[n++] = *p;
        }
        if (quote)
                return -EINVAL;

        word[n] = '\0';
        *s = p;
        return 1;
}

static int split_words(const char *s, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_free_ char *word = malloc(strlen(s) + 1);
        int r;

        if (!word)
                return -ENOMEM;

        while ((r = next_word(&s, word)) > 0) {
                r = strv_push(&words, word);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(words);
        return 0;
}

static int set_words(Spec *spec, const SettingsKey *key, char *const *words) {
        int r = 0;

        for (; r >= 0 && words && *words; words++)
                if (key->form == FORM_COMMAND)
                        r = strv_push(&spec->command, *words);
                else if (key->form == FORM_ASSIGNMENTS && !strchr(*words, '='))
                        r = -EINVAL;
                else
                        r = set_option(spec, key->option, *words);

        return r;
}

static int set_rlimit_key(Spec *spec, const Setting *setting) {
        _cleanup_free_ char *value = NULL;
        int r;

        r = text_printf(&value, "%s=%s", setting->key->option, setting->value);
        return r < 0 ? r : set_option(spec, "rlimit", value);
}

static int apply_one(Spec *spec, const Setting *setting) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_free_ char *list = NULL;
        const SettingsKey *key = setting->key;
        int r;

        switch (key->form) {
        case FORM_VALUE:
                return set_option(spec, key->option, setting->value);

        case FORM_FLAG:
                r = parse_boolean(setting->value);
                return r <= 0 ? r : set_option(spec, key->option, NULL);

        case FORM_RLIMIT:
                return set_rlimit_key(spec, setting);

        case FORM_LIST:
                r = strv_split(setting->value, ", \t", &words);
                if (r >= 0)
                        r = strv_join(words, ",", &list);
                return r < 0 ? r : set_option(spec, key->option, list);

        default:
                r = split_words(setting->value, &words);
                return r < 0 ? r : set_words(spec, key, words);
        }
}

int settings_apply(
                const Settings *settings,
                SettingsGroups skip,
                Spec *spec,
                const Setting **reterr_setting) {

        int r;

        assert(settings);
        assert(spec);
        assert(reterr_setting);

        for (size_t i = 0; i < settings->n; i++) {
                const Setting *setting = &settings->list[i];

                if (bit(setting->key->group) & skip)
                        continue;

                r = apply_one(spec, setting);
                if (r < 0) {
                        *reterr_setting = setting;
                        return r == -ENOMEM || r == -ENOSYS ? r : -EINVAL;
                }
        }

        return 0;
}

static int read_file(const char *path, bool trusted, char **ret) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        /* What came with an image may be anything, or lead anywhere. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (trusted ? 0 : O_NOFOLLOW));
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;

        return fd_read_all(fd, SETTINGS_SIZE_MAX, ret, NULL);
}

/* Returns 1 if it is there. */
static int try_file(const char *directory, size_t size, const char *machine, bool trusted, Settings *ret) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        int r;

        r = text_printf(&path, "%.*s/%s.nspawn", (int) size, directory, machine);
        if (r < 0)
                return r;

        r = read_file(path, trusted, &text);
        if (r < 0)
                return r == -ENOENT || r == -ENOTDIR ? 0 : r;

        r = settings_parse(text, path, trusted, ret);
        return r < 0 ? r : 1;
}

int settings_find(const char *machine, const char *tree, bool trust, Settings *ret) {
        static const char *const directories[] = { "/etc/systemd/nspawn", "/run/systemd/nspawn" };
        _cleanup_free_ char *found = NULL;
        int r;

        assert(machine);
        assert(ret);

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                r = try_file(directories[i], strlen(directories[i]), machine, true, ret);
                if (r != 0)
                        return r;
        }

        if (!tree) {
                if (image_find(machine, &found) < 0)
                        return 0;
                tree = found;
        }

        /* Beside the host's own tree there is nothing. */
        if (streq(tree, "/"))
                return 0;

        return try_file(tree, (size_t) (strrchr(tree, '/') - tree), machine, trust, ret);
}
