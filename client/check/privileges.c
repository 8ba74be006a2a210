/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must not be done to a guest, what it is without privileges, and how it knows where it
 * is: items 40 to 51. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "client/check/item.h"
#include "lib/base/beneath.h"
#include "lib/base/text.h"
#include "lib/kernel/process.h"
#include "lib/spec/capability.h"

/* A guest can make more of them than anybody wants to look at. */
#define DEVICE_ENTRIES_MAX 16384

static bool get_bounding_set(const Subject *s, Answer *a, uint64_t *ret) {
        int r;

        r = subject_mask(s, "CapBnd", ret);
        if (r < 0)
                answer_error(a, "status", r);
        return r >= 0;
}

static void look_capability(const Subject *s, unsigned capability, Answer *a) {
        uint64_t bounding;

        if (!get_bounding_set(s, a, &bounding))
                return;

        answer_if(a, bounding & CAPABILITY_BIT(capability), "CapBnd %016llx has %s %s",
                  (unsigned long long) bounding, bounding & CAPABILITY_BIT(capability) ? "got" : "not got",
                  capability_name(capability));
}

static void look_mknod(const Subject *s, Answer *a) {
        look_capability(s, CAP_MKNOD, a);
}

static void look_admin(const Subject *s, Answer *a) {
        look_capability(s, CAP_SYS_ADMIN, a);
}

static void look_kmsg(const Subject *s, Answer *a) {
        struct stat kmsg, console;
        int r;

        r = subject_stat(s, "/dev/kmsg", true, &kmsg);
        if (r == -ENOENT)
                return answer_pass(a, "there is no /dev/kmsg");
        if (r < 0)
                return answer_error(a, "/dev/kmsg", r);

        r = subject_stat(s, "/dev/console", true, &console);
        answer_if(a, r < 0 || !S_ISCHR(kmsg.st_mode) || kmsg.st_rdev != console.st_rdev,
                  "/dev/kmsg is device %u:%u", major(kmsg.st_rdev), minor(kmsg.st_rdev));
}

/* Calls @each for what is in a directory, until it returns other than 0. */
static int each_entry(
                const Subject *s,
                const char *path,
                int (*each)(int directory_fd, const char *name, void *userdata),
                void *userdata) {

        struct dirent *entry;
        DIR *directory;
        int fd, r = 0;

        fd = beneath_open(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;

        directory = fdopendir(fd);
        if (!directory) {
                (void) close(fd);
                return -errno;
        }

        for (size_t n = 0; r == 0 && (entry = readdir(directory)); n++)
                r = n < DEVICE_ENTRIES_MAX ? each(fd, entry->d_name, userdata) : -EFBIG;

        (void) closedir(directory);
        return r;
}

static int find_virtual(_unused_ int directory_fd, const char *name, void *userdata) {
        const char *number = startswith(name, "tty");
        unsigned n;

        if (!startswith(name, "vcs") && (!number || parse_unsigned(number, UINT_MAX, &n) < 0))
                return 0;

        (void) snprintf(userdata, EVIDENCE_MAX, "%s", name);
        return 1;
}

static void look_virtual(const Subject *s, Answer *a) {
        char name[EVIDENCE_MAX];
        int r;

        r = each_entry(s, "/dev", find_virtual, name);
        if (r < 0)
                return answer_error(a, "/dev", r);
        if (r > 0)
                return answer_fail(a, "there is /dev/%s", name);

        answer_pass(a, "no /dev/tty[0-9]*, no /dev/vcs*");
}

static int find_disk(int directory_fd, const char *name, void *userdata) {
        struct stat st;

        if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISBLK(st.st_mode))
                return 0;

        (void) snprintf(userdata, EVIDENCE_MAX, "%s", name);
        return 1;
}

static void look_disks(const Subject *s, Answer *a) {
        char name[EVIDENCE_MAX];
        int r;

        r = each_entry(s, "/dev", find_disk, name);
        if (r == 0)
                r = each_entry(s, "/dev/mapper", find_disk, name);
        if (r < 0 && r != -ENOENT)
                return answer_error(a, "/dev", r);
        if (r > 0)
                return answer_fail(a, "there is block device %s", name);

        answer_pass(a, "no block devices");
}

static bool is_network_part(const char *point) {
        return strstr(point, "/net") != NULL;
}

/* All of it that is sysfs, or what stands for it. */
static void look_sys(const Subject *s, Answer *a) {
        _cleanup_(mounts_done) Mounts mounts = {};
        unsigned n = 0;
        int r;

        r = subject_mounts(s, &mounts);
        if (r < 0)
                return answer_error(a, "mountinfo", r);

        for (size_t i = 0; i < mounts.n; i++) {
                const Mount *m = &mounts.list[i];

                if (!streq(m->point, "/sys") && !(startswith(m->point, "/sys/") && streq(m->type, "sysfs")))
                        continue;
                if (!mount_is_read_only(m) && !is_network_part(m->point))
                        return answer_fail(a, "%s is writable", m->point);
                n++;
        }

        answer_if(a, n > 0, "%u mounts of /sys, none of them writable", n);
}

static const Item *find_item(const Item *items, unsigned number) {
        while (items->number != number)
                items++;

        return items;
}

static void look_subtree(const Subject *s, Answer *a) {
        find_item(execution_items, 10)->look(s, a);
}

static void look_audit(const Subject *s, Answer *a) {
        static const unsigned capabilities[] = { CAP_AUDIT_CONTROL, CAP_AUDIT_READ, CAP_AUDIT_WRITE };
        uint64_t bounding;
        bool found = false;

        if (!get_bounding_set(s, a, &bounding))
                return;

        answer_pass(a, "CapBnd %016llx has no capability of these", (unsigned long long) bounding);
        for (size_t i = 0; i < ELEMENTSOF(capabilities); i++) {
                if (!(bounding & CAPABILITY_BIT(capabilities[i])))
                        continue;
                if (!found)
                        answer_fail(a, "CapBnd %016llx has", (unsigned long long) bounding);

                found = true;
                answer_add(a, " %s", capability_name(capabilities[i]));
        }
}

static void look_users(const Subject *s, Answer *a) {
        if (subject_has_own(s, "user"))
                answer_pass(a, "it has a user namespace, and limits of its own");
        else
                answer_not_applicable(a, "no user namespace: its limits are those of the host's users too");
}

static void look_unprivileged(const Subject *s, Answer *a) {
        uint64_t bounding, both = CAPABILITY_BIT(CAP_SYS_ADMIN) | CAPABILITY_BIT(CAP_MKNOD);

        if (!get_bounding_set(s, a, &bounding))
                return;

        if ((bounding & both) == both)
                answer_not_applicable(a, "it has both capabilities");
        else
                answer_if(a, process_is_alive(s->leader), "it runs without");
}

static void look_inside(const Subject *s, Answer *a) {
        if (!subject_has_own(s, "user"))
                return answer_not_applicable(a, "no user namespace");

        look_admin(s, a);
}

static void look_detection(const Subject *s, Answer *a) {
        _cleanup_free_ char *value = NULL, *text = NULL;
        struct stat st;
        int r;

        r = subject_variable(s, "container", &value);
        if (r < 0)
                return answer_error(a, "environment", r);
        if (isempty(value))
                return answer_fail(a, "not in the environment of PID 1");
        if (subject_stat(s, "/run/systemd/system", true, &st) < 0)
                return answer_pass(a, "container=%s, and no systemd to tell on", value);

        r = subject_read(s, "/run/systemd/container", &text);
        if (r < 0)
                return answer_error(a, "/run/systemd/container", r);

        text[strcspn(text, "\n")] = '\0';
        answer_if(a, streq(text, value), "container=%s, /run/systemd/container says %s", value, text);
}

const Item privilege_items[] = {
        { 40, "CAP_MKNOD is kept", "status of PID 1", look_mknod },
        { 41, "CAP_SYS_ADMIN is kept", "status of PID 1", look_admin },
        { 42, "/dev/kmsg is not the console", "fstat()", look_kmsg },
        { 43, "no virtual consoles in /dev", "directory entries", look_virtual },
        { 44, "no block devices in /dev", "directory entries, fstat()", look_disks },
        { 45, "no sub-tree of the control groups only", "as item 10", look_subtree },
        { 46, "nothing of /sys is writable", "mountinfo", look_sys },
        { 47, "no capabilities of auditing", "status of PID 1", look_audit },
        { 48, "limits of users are its own", "user namespace", look_users },
        { 49, "runs without CAP_SYS_ADMIN, CAP_MKNOD", "status of PID 1", look_unprivileged },
        { 50, "CAP_SYS_ADMIN in its user namespace", "status of PID 1", look_inside },
        { 51, "container= can be seen", "environ, /run/systemd/container", look_detection },
        {}
};
