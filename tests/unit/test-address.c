/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/outside/address.h"
#include "lib/base/file.h"
#include "tests/test.h"

/* A tree as systemd finds it, below a temporary directory. */
static void put(const char *root, const char *folder, const char *text) {
        char path[256];

        snprintf(path, sizeof(path), "%s/%s/systemd/network", root, folder);
        CHECK_OK(directory_make(path, 0755));
        strcat(path, "/80-container-ve.network");
        if (text)
                CHECK_OK(file_replace(AT_FDCWD, path, 0644, text));
        else
                CHECK_OK(symlink("/dev/null", path));
}

static void remove_tree(int fd) {
        static const char *const files[] = {
                "etc/systemd/network/80-container-ve.network", "run/systemd/network/80-container-ve.network",
                "usr/lib/systemd/network/80-container-ve.network",
        };
        static const char *const folders[] = {
                "etc/systemd/network", "etc/systemd", "etc", "run/systemd/network", "run/systemd", "run",
                "usr/lib/systemd/network", "usr/lib/systemd", "usr/lib", "usr",
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                CHECK_OK(unlinkat(fd, files[i], 0));
        for (size_t i = 0; i < ELEMENTSOF(folders); i++)
                CHECK_OK(unlinkat(fd, folders[i], AT_REMOVEDIR));
}

TEST(networkd_cares_unless_its_file_is_masked) {
        char root[] = "/tmp/berth-test-XXXXXX";
        _cleanup_close_ int fd = -EBADF;

        CHECK(mkdtemp(root));
        fd = open(root, O_PATH|O_DIRECTORY|O_CLOEXEC);
        CHECK_OK(fd);

        CHECK(address_networkd_cares(fd) == 0);
        put(root, "usr/lib", "[Match]\n");
        CHECK(address_networkd_cares(fd) == 1);
        put(root, "run", "");
        CHECK(address_networkd_cares(fd) == 0);
        put(root, "etc", NULL);
        CHECK(address_networkd_cares(fd) == 0);
        CHECK_OK(unlinkat(fd, "etc/systemd/network/80-container-ve.network", 0));
        put(root, "etc", "[Match]\n");
        CHECK(address_networkd_cares(fd) == 1);

        remove_tree(fd);
        CHECK_OK(rmdir(root));
}

TEST_MAIN()
