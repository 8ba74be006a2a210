/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/kernel/label.h"
#include "lib/kernel/process.h"

#define LABEL_SIZE_MAX 4096

/* The attribute that is read at the next exec(). That of AppArmor has a place of its
 * own since Linux 5.8; before, it is where SELinux' is. */
static int open_attribute(int proc_fd, LabelModule module, int flags) {
        int fd = -1;

        if (module == LABEL_APPARMOR)
                fd = openat(proc_fd, "thread-self/attr/apparmor/exec", flags | O_CLOEXEC);
        if (fd < 0)
                fd = openat(proc_fd, "thread-self/attr/exec", flags | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

bool label_is_supported(LabelModule module) {
        _cleanup_free_ char *enabled = NULL;

        if (module == LABEL_SELINUX)
                return access("/sys/fs/selinux/enforce", F_OK) >= 0;

        return file_read("/sys/module/apparmor/parameters/enabled", LABEL_SIZE_MAX, &enabled) >= 0 &&
               *enabled == 'Y';
}

static int profile_of_process(int pidfd, char **ret) {
        _cleanup_free_ char *label = NULL;
        char *end;
        int r;

        r = process_read(pidfd, "attr/apparmor/current", &label);
        if (r == -ESRCH) /* or it is there, and has no such file: before Linux 5.8 */
                r = process_read(pidfd, "attr/current", &label);
        if (r < 0)
                return r;

        end = strstr(label, " (") ?: strchrnul(label, '\n');
        *end = '\0';
        if (!streq(label, "unconfined"))
                *ret = TAKE_PTR(label);

        return 0;
}

/* To choose our own context would take a permission, and change nothing. */
static int context_of_process(int pidfd, char **ret) {
        _cleanup_free_ char *context = NULL, *ours = NULL;
        int r;

        r = process_read(pidfd, "attr/current", &context);
        if (r >= 0)
                r = file_read("/proc/thread-self/attr/current", LABEL_SIZE_MAX, &ours);
        if (r < 0)
                return r;

        context[strcspn(context, "\n")] = '\0';
        ours[strcspn(ours, "\n")] = '\0';
        if (!streq(context, ours))
                *ret = TAKE_PTR(context);

        return 0;
}

int label_of_process(int pidfd, LabelModule module, char **ret) {
        assert(pidfd >= 0);
        assert(ret);

        *ret = NULL;
        if (!label_is_supported(module))
                return 0;

        return module == LABEL_SELINUX ? context_of_process(pidfd, ret) : profile_of_process(pidfd, ret);
}

int label_check_exec(int proc_fd, LabelModule module, const char *label) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        const char *rest;
        int r;

        assert(proc_fd >= 0);
        assert(label);

        fd = open_attribute(proc_fd, module, O_RDONLY);
        if (fd < 0)
                return fd;

        r = fd_read_all(fd, LABEL_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;

        /* AppArmor adds the profile's mode, SELinux perhaps a line's end. */
        rest = startswith(text, label);
        return rest && (*rest == '\0' || *rest == '\n' || *rest == ' ') ? 0 : -EOPNOTSUPP;
}

int label_set_exec(int proc_fd, LabelModule module, const char *label) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *command = NULL;
        int r;

        assert(proc_fd >= 0);
        assert(label);

        fd = open_attribute(proc_fd, module, O_WRONLY);
        if (fd < 0)
                return fd;

        r = text_printf(&command, "%s%s", module == LABEL_APPARMOR ? "exec " : "", label);
        if (r >= 0)
                r = fd_write_all(fd, command, strlen(command));

        return r < 0 ? r : label_check_exec(proc_fd, module, label);
}
