/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/text.h"
#include "lib/spec/capability.h"
#include "runtime/run.h"

void run_init(Run *run, const Spec *spec) {
        bool on_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

        assert(run);
        assert(spec);

        *run = (Run) {
                .spec = spec,
                .pipe = spec->console == CONSOLE_PIPE || (spec->console == CONSOLE_AUTOPIPE && !on_terminal),
                .notify_ready = spec->notify_ready == NOTIFY_READY_YES,
                .program_fd = -EBADF,
                .root_fd = -EBADF,
                .stub_fd = -EBADF,
                .place_fd = -EBADF,
                .export_fd = -EBADF,
                .writer_fd = -EBADF,
                .journal_fd = -EBADF,
                .journal_remote = JOURNAL_REMOTE_NONE,
                .image_fd = -EBADF,
                .usr_fd = -EBADF,
                .netns_fd = -EBADF,
                .cgroup_fd = -EBADF,
                .leader_pidfd = -EBADF,
                .sync_fd = -EBADF,
                .dev_fd = -EBADF,
                .proc_fd = -EBADF,
                .sys_fd = -EBADF,
                .run_fd = -EBADF,
                .run_host_fd = -EBADF,
        };

        for (size_t i = 0; i < _GUEST_FD_MAX; i++)
                run->guest_fds[i] = -EBADF;
}

void run_done(Run *run) {
        assert(run);

        closep(&run->program_fd);
        closep(&run->root_fd);
        free(run->root_path);
        free(run->init);
        user_done(&run->user);
        (void) strv_free(run->host_environment);
        free(run->host_os_release);
        free(run->cgroup);
        closep(&run->cgroup_fd);
        syscall_program_done(&run->filter);
        free(run->kept_filter);
        for (size_t i = 0; i < run->n_source_fds; i++)
                closep(&run->source_fds[i]);
        free(run->source_fds);
        for (size_t i = 0; run->credentials && i < run->spec->n_credentials; i++)
                free(run->credentials[i].data);
        free(run->credentials);
        for (size_t i = 0; i < run->n_bind_users; i++)
                host_user_done(&run->bind_users[i]);
        free(run->bind_users);
        closep(&run->stub_fd);
        closep(&run->place_fd);
        closep(&run->export_fd);
        closep(&run->writer_fd);
        closep(&run->journal_fd);
        closep(&run->image_fd);
        closep(&run->usr_fd);
        closep(&run->netns_fd);
        (void) strv_free(run->temporaries);
        (void) strv_free(run->ttys);
        free(run->changes);
        closep(&run->leader_pidfd);
        closep(&run->dev_fd);
        closep(&run->proc_fd);
        closep(&run->sys_fd);
        closep(&run->run_fd);
        closep(&run->run_host_fd);

        for (size_t i = 0; i < _GUEST_FD_MAX; i++)
                closep(&run->guest_fds[i]);
}

size_t run_count_guest_fds(const Run *run) {
        assert(run);

        return GUEST_TTYS + run->spec->n_ttys;
}

bool run_is_registered(const Run *run) {
        assert(run);

        return run->spec->registration != REGISTER_NO && !run->unregistered;
}

const char *run_register_method(const Run *run) {
        const Spec *spec;
        bool wired;

        assert(run);

        spec = run->spec;
        wired = (spec->private_network && !spec->network_veth) || spec->network_namespace;

        if (spec->keep_unit)
                return wired ? "RegisterMachineWithNetwork" : "RegisterMachine";

        return wired ? "CreateMachineWithNetwork" : "CreateMachine";
}

bool run_has_users(const Run *run) {
        assert(run);

        return run->spec->private_users != USERS_OF_HOST && !run->without_users;
}

void run_set_object(Run *run, const char *format, ...) {
        va_list ap;

        assert(run);

        va_start(ap, format);
        (void) vsnprintf(run->object, sizeof(run->object), format, ap);
        va_end(ap);

        run->object_at = run->steps ? run->steps->next : 0;
}

uint64_t run_bounding(const Run *run) {
        uint64_t audit = CAPABILITY_BIT(CAP_AUDIT_WRITE);

        assert(run);

        if (syscall_filter_is_supported() || run_has_users(run))
                return spec_capabilities(run->spec);

        return spec_capabilities(run->spec) | (audit & ~run->spec->drop_capabilities);
}

uint64_t run_capabilities(const Run *run) {
        assert(run);

        return run->user.uid == 0 ? run_bounding(run) : run->spec->ambient_capabilities;
}
