/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/base/text.h"
#include "lib/spec/settings.h"
#include "tests/test.h"

static int apply(const char *text, bool trusted, SettingsGroups skip, Spec *spec, size_t *ret_warnings) {
        _cleanup_(settings_done) Settings s = {};
        const Setting *setting;

        spec_init(spec);
        CHECK_OK(settings_parse(text, "x.nspawn", trusted, &s));
        *ret_warnings = strv_length(s.warnings);
        return settings_apply(&s, skip, spec, &setting);
}

TEST(lines_go_on_behind_a_backslash) {
        _cleanup_(spec_done) Spec spec;
        size_t n;

        CHECK_OK(apply("[Exec]\nParameters=a \\\n  'b c' \\\nd\\ e\n", false, 0, &spec, &n));
        CHECK(n == 0 && strv_length(spec.command) == 3);
        CHECK_STREQ(spec.command[1], "b c");
        CHECK_STREQ(spec.command[2], "d e");
}

TEST(an_empty_value_takes_back) {
        _cleanup_(spec_done) Spec spec;
        size_t n;

        CHECK_OK(apply("[Exec]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n", false, 0, &spec, &n));
        CHECK(strv_length(spec.environment) == 1);
        CHECK_STREQ(spec.environment[0], "B=2");
}

TEST(keys_belong_to_their_sections) {
        _cleanup_(spec_done) Spec spec;
        size_t n;

        CHECK_OK(apply("ReadOnly=yes\n[Exec]\nReadOnly=yes\n[files]\nReadOnly=yes\n", true, 0, &spec, &n));
        CHECK(n == 3 && !spec.read_only);
        spec_done(&spec);
        CHECK_OK(apply("[Files]\n ReadOnly = yes \r\n", true, 0, &spec, &n));
        CHECK(n == 0 && spec.read_only);
}

TEST(who_is_not_trusted_may_forbid_but_not_allow) {
        _cleanup_(spec_done) Spec spec;
        size_t n;

        CHECK_OK(apply("[Exec]\nSystemCallFilter=bpf\nSystemCallFilter=~mount\n", false, 0, &spec, &n));
        CHECK(n == 1 && !spec.allow_syscalls && strv_length(spec.deny_syscalls) == 1);
        spec_done(&spec);
        CHECK_OK(apply("[Exec]\nSystemCallFilter=bpf\n", true, 0, &spec, &n));
        CHECK(n == 0 && strv_length(spec.allow_syscalls) == 1);
}

TEST(of_a_group_either_side_counts) {
        static const char text[] = "[Files]\nTemporaryFileSystem=/a\n[Exec]\nHostname=b\n";
        SettingsGroups mounts = settings_group_of_option("overlay", 0);
        _cleanup_(spec_done) Spec spec;
        size_t n;

        CHECK(mounts != 0 && mounts == settings_group_of_option("bind", 0));
        CHECK(settings_group_of_option("slice", 'S') == 0);
        CHECK(settings_group_of_option("boot", 'b') == settings_group_of_command());

        CHECK_OK(apply(text, true, mounts, &spec, &n));
        CHECK(spec.n_mounts == 0);
        CHECK_STREQ(spec.hostname, "b");
}

TEST(what_is_wrong_is_found) {
        _cleanup_(spec_done) Spec one, two, three;
        size_t n;

        CHECK_ERR(apply("[Exec]\nKillSignal=x\n", true, 0, &one, &n), EINVAL);
        CHECK_ERR(apply("[Network]\nBridge=br0\n", true, 0, &two, &n), ENOSYS);
        CHECK_ERR(apply("[Exec]\nParameters='a\n", true, 0, &three, &n), EINVAL);
}

TEST(warnings_are_bounded) {
        char text[4096] = "";
        _cleanup_(spec_done) Spec spec;
        size_t n;

        for (size_t i = 0; i < sizeof(text) - 1; i += 2)
                memcpy(text + i, "x\n", 2);
        text[sizeof(text) - 1] = '\0';
        CHECK_OK(apply(text, true, 0, &spec, &n));
        CHECK(n > 0 && n < 100);
}

TEST_MAIN()
