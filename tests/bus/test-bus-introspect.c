/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What our objects say of themselves is what dbus/ says of them. */

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bus/exec.h"
#include "lib/base/text.h"
#include "lib/bus/connect.h"
#include "tests/bus/fixture.h"
#include "tests/test.h"

static void introspect(Fixture *f, const char *path, const char *name, char **ret_file) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *xml;
        FILE *file;

        reply = fixture_call(f, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK_OK(sd_bus_message_read(reply, "s", &xml));

        CHECK_OK(text_printf(ret_file, "%s/%s.xml", f->directory, name));
        file = fopen(*ret_file, "we");
        CHECK(file);
        CHECK(fputs(xml, file) >= 0);
        CHECK(fclose(file) == 0);
}

static void compare(const char *contract, const char *file) {
        _cleanup_free_ char *program = NULL, *wanted = NULL;
        int status;
        pid_t pid;

        CHECK_OK(text_printf(&program, "%s/tools/check-api", getenv("SOURCE_ROOT")));
        CHECK_OK(text_printf(&wanted, "%s/dbus/%s.xml", getenv("SOURCE_ROOT"), contract));

        pid = fork();
        CHECK_OK(pid);
        if (pid == 0) {
                (void) execl(program, program, "--introspect", wanted, file, NULL);
                _exit(127);
        }

        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(objects_have_what_their_contract_has) {
        _cleanup_free_ char *manager = NULL, *machine = NULL, *process = NULL;
        _cleanup_(fixture_done) Fixture f;
        Program *program;

        fixture_init(&f);
        fixture_create(&f);
        introspect(&f, MACHINE1_PATH, "manager", &manager);
        introspect(&f, MACHINE_PATH_PREFIX "/web", "machine", &machine);
        CHECK_OK(program_new(operations_programs(f.operations), NULL, &program));
        program_started(program);
        introspect(&f, PROCESS_PATH_PREFIX "/1", "process", &process);

        compare("org.berth.Manager1", manager);
        compare("org.berth.Machine1", machine);
        compare("org.berth.Process1", process);
        compare("org.freedesktop.machine1.Manager", manager);
        compare("org.freedesktop.machine1.Machine", machine);
}

TEST_MAIN()
