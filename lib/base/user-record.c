/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <jansson.h>

#include "lib/base/user-record.h"
#include "lib/base/text.h"

/* Who answers for the record, and that it is of a container, are words of the format. */
#define SERVICE "org.berth"
#define DISPOSITION "container"

/* Takes @object over, also if it is NULL. */
static int dump(json_t *object, char **ret) {
        _cleanup_free_ char *text = NULL;

        if (!object)
                return -EINVAL;

        text = json_dumps(object, JSON_INDENT(4));
        json_decref(object);
        return text ? text_printf(ret, "%s\n", text) : -ENOMEM;
}

static int set_string(json_t *object, const char *key, const char *value) {
        if (!value)
                return 0;

        return json_object_set_new(object, key, json_string(value)) < 0 ? -EINVAL : 0;
}

static int set_list(json_t *object, const char *key, char *const *list) {
        json_t *array;

        if (!list)
                return 0;

        array = json_array();
        for (; *list; list++)
                if (json_array_append_new(array, json_string(*list)) < 0) {
                        json_decref(array);
                        return -EINVAL;
                }

        return json_object_set_new(object, key, array) < 0 ? -ENOMEM : 0;
}

int user_record_format(const UserRecord *record, char **ret) {
        json_t *object;
        int r;

        assert(record);
        assert(ret);

        object = json_pack("{ss sI sI ss ss}", "userName", record->name, "uid", (json_int_t) record->uid,
                           "gid", (json_int_t) record->gid, "disposition", DISPOSITION, "service", SERVICE);
        if (!object)
                return -EINVAL;

        (void) set_string(object, "realName", record->real_name);
        r = set_string(object, "homeDirectory", record->home);
        if (r >= 0)
                r = set_string(object, "shell", record->shell);
        if (r >= 0)
                r = set_list(object, "memberOf", record->groups);
        if (r < 0) {
                json_decref(object);
                return r;
        }

        return dump(object, ret);
}

int user_record_format_secret(const char *password, char **ret) {
        assert(password);
        assert(ret);

        return dump(json_pack("{s{s[s]}}", "privileged", "hashedPassword", password), ret);
}

int group_record_format(const char *name, uint32_t gid, char **ret) {
        assert(name);
        assert(ret);

        return dump(json_pack("{ss sI ss ss}", "groupName", name, "gid", (json_int_t) gid,
                              "disposition", DISPOSITION, "service", SERVICE), ret);
}
