/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <grp.h>
#include <pwd.h>
#include <shadow.h>

#include "lib/base/name.h"
#include "lib/base/text.h"
#include "runtime/host-user.h"

#define NOBODY 65534

void host_user_done(HostUser *user) {
        assert(user);

        free(user->name);
        free(user->real_name);
        free(user->home);
        free(user->shell);
        if (user->password)
                explicit_bzero(user->password, strlen(user->password));
        free(user->password);
        free(user->group);
        closep(&user->home_fd);
        *user = (HostUser) { .home_fd = -EBADF };
}

/* A password that is locked, or that nothing can be hashed to, lets nobody in. */
static int copy_password(const char *name, char **ret) {
        const struct spwd *entry = getspnam(name);
        bool usable = entry && entry->sp_pwdp && *entry->sp_pwdp == '$';

        *ret = usable ? strdup(entry->sp_pwdp) : NULL;
        return usable && !*ret ? -ENOMEM : 0;
}

/* Up to a comma it is the name; what follows is rooms and telephones. */
static char *copy_real_name(const char *gecos) {
        return strndup(gecos ?: "", strcspn(gecos ?: "", ","));
}

static int copy_group(HostUser *user) {
        const struct group *group = getgrgid(user->gid);

        user->group = strdup(group ? group->gr_name : user->name);
        return user->group ? 0 : -ENOMEM;
}

int host_user_find(const char *name, HostUser *ret) {
        _cleanup_(host_user_done) HostUser user = { .home_fd = -EBADF };
        const struct passwd *entry;
        int r;

        assert(name);
        assert(ret);

        entry = getpwnam(name);
        if (!entry || !streq(entry->pw_name, name))
                return -ESRCH;
        if (entry->pw_uid == 0 || entry->pw_uid == NOBODY || entry->pw_gid == 0)
                return -EPERM;

        user.uid = entry->pw_uid;
        user.gid = entry->pw_gid;
        user.name = strdup(name);
        user.real_name = copy_real_name(entry->pw_gecos);
        user.home = strdup(entry->pw_dir ?: "");
        user.shell = strdup(entry->pw_shell ?: "");
        if (!user.name || !user.real_name || !user.home || !user.shell)
                return -ENOMEM;

        r = copy_group(&user);
        if (r >= 0)
                r = copy_password(name, &user.password);
        if (r < 0)
                return r;

        *ret = user;
        user = (HostUser) { .home_fd = -EBADF };
        return 0;
}
