/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "lib/base/errors.h"
#include "lib/base/text.h"
#include "lib/kernel/job.h"

/* Changed with the packets: a berthd that an upgrade left running starts the new worker. */
#define JOB_VERSION UINT32_C(0xbe120002)

typedef struct JobHeader {
        uint32_t version;
        uint32_t uid;
        uint32_t gid;
} JobHeader;

static char *append(char *p, const char *s) {
        size_t n = strlen(s) + 1;

        return (char *) memcpy(p, s, n) + n;
}

int job_pack(const char *name, char *const *args, uid_t uid, gid_t gid, char **ret, size_t *ret_size) {
        const JobHeader header = { .version = JOB_VERSION, .uid = uid, .gid = gid };
        size_t size = sizeof(header), n = 0;
        char *packet, *p;

        assert(name);
        assert(ret);
        assert(ret_size);

        size += strlen(name) + 1;
        for (char *const *i = args; i && *i; i++, n++) {
                size += strlen(*i) + 1;
                if (n >= JOB_ARGS_MAX || size > JOB_SIZE_MAX)
                        return -E2BIG;
        }

        packet = malloc(size);
        if (!packet)
                return -ENOMEM;

        p = (char *) memcpy(packet, &header, sizeof(header)) + sizeof(header);
        p = append(p, name);
        for (char *const *i = args; i && *i; i++)
                p = append(p, *i);

        *ret = packet;
        *ret_size = size;
        return 0;
}

int job_unpack(char *packet, size_t size, char ***ret_args, uid_t *ret_uid, gid_t *ret_gid) {
        JobHeader header;
        char **args;
        int n = 0;

        assert(packet);
        assert(ret_args);
        assert(ret_uid);
        assert(ret_gid);

        if (size <= sizeof(header) || packet[size - 1] != 0)
                return -EPROTO;

        memcpy(&header, packet, sizeof(header));
        if (header.version != JOB_VERSION)
                return -EPROTO;

        for (const char *p = packet + sizeof(header); p < packet + size; p += strlen(p) + 1)
                n++;

        args = calloc((size_t) n + 1, sizeof(char *));
        if (!args)
                return -ENOMEM;

        n = 0;
        for (char *p = packet + sizeof(header); p < packet + size; p += strlen(p) + 1)
                args[n++] = p;

        *ret_args = args;
        *ret_uid = header.uid;
        *ret_gid = header.gid;
        return n;
}

int answer_send(int fd, const JobAnswer *answer) {
        AnswerHeader header;
        struct iovec parts[2];

        assert(answer);

        if (answer->size > ANSWER_SIZE_MAX)
                return -EFBIG;

        header = (AnswerHeader) {
                .version = JOB_VERSION,
                .result = answer->result,
                .is_progress = answer->is_progress,
                .is_leaving = answer->is_leaving,
        };
        parts[0] = (struct iovec) { &header, sizeof(header) };
        parts[1] = (struct iovec) { (void *) answer->data, answer->size };

        return packet_send(fd, parts, answer->size > 0 ? 2 : 1, answer->fds, answer->n_fds,
                           answer->is_progress ? MSG_DONTWAIT : 0);
}

static bool header_is_valid(const AnswerHeader *header) {
        return header->version == JOB_VERSION && header->result > -_ERROR_MAX &&
               header->is_progress <= 1 && header->is_leaving <= 1;
}

int answer_receive(int fd, char *buffer, JobAnswer *ret) {
        AnswerHeader header;
        JobAnswer answer = {};
        ssize_t n;

        assert(buffer);
        assert(ret);

        n = packet_receive(fd, buffer, ANSWER_BUFFER_SIZE - 1, MSG_DONTWAIT, answer.fds, &answer.n_fds);
        if (n <= 0)
                return (int) n;

        if ((size_t) n >= sizeof(header))
                memcpy(&header, buffer, sizeof(header));
        if ((size_t) n < sizeof(header) || !header_is_valid(&header)) {
                fds_close(answer.fds, answer.n_fds);
                return -EPROTO;
        }

        buffer[n] = 0;
        answer.result = header.result;
        answer.is_progress = header.is_progress;
        answer.is_leaving = header.is_leaving;
        answer.data = buffer + sizeof(header);
        if (answer.result < 0)
                (void) text_strip_control(buffer + sizeof(header));
        answer.size = (size_t) n - sizeof(header);

        *ret = answer;
        return 1;
}
