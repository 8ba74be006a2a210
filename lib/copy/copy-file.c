/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/fs.h>
#include <sys/ioctl.h>

#include "lib/copy/copy-file.h"

/* Enough for a disk to be busy, little enough for a slow one to show progress. */
#define CHUNK_SIZE ((uint64_t) 1 << 20)
#define BUFFER_SIZE ((size_t) 256 << 10)

static void advance(CopyProgress *progress, uint64_t n) {
        progress->bytes += n;
        if (progress->on_progress)
                progress->on_progress(progress->userdata, progress->bytes);
}

static int write_at(int fd, const char *data, size_t size, uint64_t offset) {
        ssize_t n;

        for (; size > 0; data += n, size -= (size_t) n, offset += (uint64_t) n) {
                n = pwrite(fd, data, size, (off_t) offset);
                if (n < 0)
                        return -errno;
        }

        return 0;
}

/* From *offset to @end or the end of the source, whichever comes first. */
static int read_and_write(
                int source_fd,
                int target_fd,
                uint64_t *offset,
                uint64_t end,
                CopyProgress *progress) {

        _cleanup_free_ char *buffer = NULL;
        ssize_t n;
        int r;

        buffer = malloc(BUFFER_SIZE);
        if (!buffer)
                return -ENOMEM;

        while (*offset < end) {
                n = pread(source_fd, buffer, MIN(end - *offset, (uint64_t) BUFFER_SIZE), (off_t) *offset);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;

                r = write_at(target_fd, buffer, (size_t) n, *offset);
                if (r < 0)
                        return r;

                *offset += (uint64_t) n;
                advance(progress, (uint64_t) n);
        }

        return 0;
}

/* The same within the kernel, as far as it is able to. */
static int copy_in_kernel(
                int source_fd,
                int target_fd,
                uint64_t *offset,
                uint64_t end,
                CopyProgress *progress) {

        off_t in = (off_t) *offset, out = (off_t) *offset;
        ssize_t n;

        while (*offset < end) {
                n = copy_file_range(source_fd, &in, target_fd, &out, MIN(end - *offset, CHUNK_SIZE), 0);
                if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
                        return -errno;
                if (n <= 0) /* reading tells whether this is the end, an error, or not its kind of file */
                        return 0;

                *offset += (uint64_t) n;
                advance(progress, (uint64_t) n);
        }

        return 0;
}

static int copy_range(int source_fd, int target_fd, uint64_t *offset, uint64_t end, CopyProgress *progress) {
        int r;

        r = copy_in_kernel(source_fd, target_fd, offset, end, progress);
        if (r < 0)
                return r;

        return read_and_write(source_fd, target_fd, offset, end, progress);
}

/* The next bytes that are no hole, at or behind @offset. A file system of a guest's
 * own may answer anything: what makes no sense is taken for "all of it". */
static void find_data(int fd, uint64_t offset, uint64_t size, uint64_t *ret_begin, uint64_t *ret_end) {
        off_t begin, end;

        *ret_begin = offset;
        *ret_end = size;

        begin = lseek(fd, (off_t) offset, SEEK_DATA);
        if (begin < 0) {
                if (errno == ENXIO)
                        *ret_begin = size;
                return;
        }
        if ((uint64_t) begin < offset)
                return;
        *ret_begin = MIN((uint64_t) begin, size);

        end = lseek(fd, begin, SEEK_HOLE);
        if (end > begin)
                *ret_end = MIN((uint64_t) end, size);
}

static int copy_data(int source_fd, int target_fd, uint64_t size, CopyProgress *progress) {
        uint64_t offset = 0, begin, end;
        int r;

        /* With its size first, so that a hole at its end is one. */
        if (ftruncate(target_fd, (off_t) size) < 0)
                return -errno;

        while (offset < size) {
                find_data(source_fd, offset, size, &begin, &end);

                offset = begin;
                r = copy_range(source_fd, target_fd, &offset, end, progress);
                if (r < 0)
                        return r;

                if (offset < end) /* cut off meanwhile */
                        return ftruncate(target_fd, (off_t) offset) < 0 ? -errno : 0;
        }

        return 0;
}

static int copy_unsized(int source_fd, int target_fd, CopyProgress *progress) {
        uint64_t offset = 0;
        int r;

        r = read_and_write(source_fd, target_fd, &offset, COPY_UNSIZED_MAX + 1, progress);
        if (r < 0)
                return r;

        return offset > COPY_UNSIZED_MAX ? -EFBIG : 0;
}

int copy_file(int source_fd, int target_fd, uint64_t size, CopyProgress *progress) {
        assert(source_fd >= 0);
        assert(target_fd >= 0);
        assert(progress);

        if (size == 0)
                return copy_unsized(source_fd, target_fd, progress);

        if (ioctl(target_fd, FICLONE, source_fd) < 0)
                return copy_data(source_fd, target_fd, size, progress);

        advance(progress, size);
        return 0;
}
