/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <jansson.h>

#include "lib/base/user-record.h"
#include "tests/test.h"

#define NO_UTF8 "J\xf6rg"

static json_t *read_back(const char *text) {
        json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        CHECK(object);
        return object;
}

TEST(a_user_has_what_was_said_of_it_and_no_more) {
        static char *const groups[] = { (char *) "sudo", (char *) "wheel", NULL };
        const UserRecord few = { .name = "alice", .uid = 60514, .gid = UINT32_MAX - 1 };
        const UserRecord all = {
                .name = "alice", .real_name = "\"Alice\"", .home = "/h", .shell = "/s", .groups = groups,
        };
        _cleanup_free_ char *text = NULL, *other = NULL;
        json_t *object;

        CHECK_OK(user_record_format(&few, &text));
        object = read_back(text);
        CHECK(json_object_size(object) == 5);
        CHECK_STREQ(json_string_value(json_object_get(object, "userName")), "alice");
        CHECK_STREQ(json_string_value(json_object_get(object, "disposition")), "container");
        CHECK(json_integer_value(json_object_get(object, "uid")) == 60514);
        CHECK(json_integer_value(json_object_get(object, "gid")) == UINT32_MAX - 1);
        json_decref(object);

        CHECK_OK(user_record_format(&all, &other));
        object = read_back(other);
        CHECK(json_object_size(object) == 9);
        CHECK_STREQ(json_string_value(json_object_get(object, "realName")), "\"Alice\"");
        CHECK(json_array_size(json_object_get(object, "memberOf")) == 2);
        json_decref(object);
}

TEST(a_real_name_may_be_garbage_and_nothing_else) {
        static char *const groups[] = { (char *) NO_UTF8, NULL };
        const UserRecord wrong[] = {
                { .name = NO_UTF8 },
                { .name = "a", .home = NO_UTF8 },
                { .name = "a", .shell = NO_UTF8 },
                { .name = "a", .groups = groups },
        };
        const UserRecord good = { .name = "a", .real_name = NO_UTF8 };
        _cleanup_free_ char *text = NULL;
        json_t *object;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                CHECK_ERR(user_record_format(&wrong[i], &text), EINVAL);
        CHECK_ERR(user_record_format_secret(NO_UTF8, &text), EINVAL);
        CHECK_ERR(group_record_format(NO_UTF8, 1, &text), EINVAL);
        CHECK(!text);

        CHECK_OK(user_record_format(&good, &text));
        object = read_back(text);
        CHECK(!json_object_get(object, "realName"));
        json_decref(object);
}

TEST(a_password_is_in_a_record_of_its_own) {
        _cleanup_free_ char *text = NULL;
        json_t *object, *list;

        CHECK_OK(user_record_format_secret("$y$x", &text));
        object = read_back(text);
        list = json_object_get(json_object_get(object, "privileged"), "hashedPassword");
        CHECK(json_array_size(list) == 1);
        CHECK_STREQ(json_string_value(json_array_get(list, 0)), "$y$x");
        json_decref(object);
}

TEST_MAIN()
