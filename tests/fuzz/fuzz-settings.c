/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/spec/settings.h"
#include "tests/fuzz/fuzz.h"

static void try(const char *text, bool trusted) {
        _cleanup_(settings_done) Settings settings = {};
        const Setting *setting;
        Spec spec;

        if (settings_parse(text, "fuzz.nspawn", trusted, &settings) < 0)
                return;

        spec_init(&spec);
        if (settings_apply(&settings, 0, &spec, &setting) < 0)
                (void) setting_name(setting);

        /* Whatever it says: the host's files and users, privileges and network are not its to give. */
        if (!trusted &&
            (spec.n_mounts > 0 || spec.keep_capabilities || spec.ambient_capabilities ||
             spec.allow_syscalls ||
             spec.private_users != USERS_OF_HOST || spec.network_namespace || spec.network_veth ||
             spec.has_oom_score_adjust || spec.n_cpus > 0 || spec.n_credentials > 0))
                abort();

        spec_done(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = malloc(size + 1);

        if (!text)
                return 0;

        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        try(text, true);
        try(text, false);
        return 0;
}
