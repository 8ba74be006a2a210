/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/polkit.h"
#include "lib/base/errors.h"
#include "lib/kernel/process.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE POLKIT_NAME ".Authority"

/* CheckAuthorizationFlags of polkit's D-Bus interface. */
#define POLKIT_ALLOW_INTERACTION 1

typedef struct Question {
        Polkit *polkit;
        struct Question *next, *previous;
        uid_t uid;
        sd_bus_slot *call;
        AuthorityDone done;
        void *userdata;
} Question;

struct Polkit {
        sd_bus *bus;
        Question *questions;
        size_t n_questions;
};

static Question *question_free(Question *q) {
        if (!q)
                return NULL;

        if (q->previous)
                q->previous->next = q->next;
        else
                q->polkit->questions = q->next;
        if (q->next)
                q->next->previous = q->previous;
        q->polkit->n_questions--;

        sd_bus_slot_unref(q->call);
        free(q);
        return NULL;
}
DEFINE_CLEANUP(Question, question_free);

static bool is_one_too_many(const Polkit *p, uid_t uid) {
        size_t n = 0;

        for (const Question *q = p->questions; q; q = q->next)
                n += q->uid == uid;

        return p->n_questions >= POLKIT_QUESTIONS_MAX || n >= POLKIT_QUESTIONS_PER_USER;
}

static int question_new(Polkit *p, uid_t uid, AuthorityDone done, void *userdata, Question **ret) {
        Question *q;

        if (is_one_too_many(p, uid))
                return -E_LIMITS_EXCEEDED;

        q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;

        *q = (Question) {
                .polkit = p,
                .next = p->questions,
                .uid = uid,
                .done = done,
                .userdata = userdata,
        };
        if (p->questions)
                p->questions->previous = q;
        p->questions = q;
        p->n_questions++;

        *ret = q;
        return 0;
}

static int read_verdict(sd_bus_message *reply) {
        int authorized, challenge, r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
        if (r < 0)
                return -EACCES;

        return authorized ? 1 : challenge ? -E_INTERACTION_REQUIRED : -EACCES;
}

static int on_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Question *q = userdata;
        AuthorityDone done = q->done;
        void *of_done = q->userdata;

        (void) question_free(q);

        if (e)
                done(of_done, -EACCES, "Access denied: polkit gives no answer");
        else
                done(of_done, read_verdict(reply), NULL);
        return 0;
}

/* Polkit of before 0.124 ignores the pidfd, and compares the time of start. */
static int append_process(sd_bus_message *m, const Caller *caller) {
        uint64_t start_time;
        pid_t pid;
        int r;

        r = process_pid(caller->pidfd, &pid);
        if (r < 0)
                return r;

        r = process_start_time(caller->pidfd, &start_time);
        if (r < 0)
                return r;

        return sd_bus_message_append(m, "(sa{sv})", "unix-process", 4, "pid", "u", (uint32_t) pid,
                                     "start-time", "t", start_time, "uid", "i",
                                     (int32_t) caller->uid, "pidfd", "h", caller->pidfd);
}

static int append_subject(sd_bus_message *m, const Caller *caller) {
        if (caller->bus_name)
                return sd_bus_message_append(m, "(sa{sv})", "system-bus-name", 1, "name", "s",
                                             caller->bus_name);
        if (caller->pidfd >= 0)
                return append_process(m, caller);

        return -EACCES;
}

static int append_details(sd_bus_message *m, const char *const *details) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;

        for (; details[0]; details += 2) {
                r = sd_bus_message_append(m, "{ss}", details[0], details[1]);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

static int send_question(Question *q, const Caller *caller, const char *action, const char *const *details) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = q->polkit->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r < 0)
                return r;

        r = append_subject(m, caller);
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "s", action);
        if (r < 0)
                return r;

        r = append_details(m, details);
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "us", caller->interactive ? POLKIT_ALLOW_INTERACTION : 0, NULL);
        if (r < 0)
                return r;

        /* No limit of time: somebody may be typing a password. */
        return sd_bus_call_async(bus, &q->call, m, on_reply, q, UINT64_MAX);
}

static int polkit_ask(
                void *authority,
                const Caller *caller,
                const char *action,
                const char *const *details,
                AuthorityDone done,
                void *userdata) {

        _cleanup_(question_freep) Question *q = NULL;
        Polkit *p = authority;
        int r;

        if (!p->bus)
                return -EACCES;

        r = question_new(p, caller->uid, done, userdata, &q);
        if (r < 0)
                return r;

        r = send_question(q, caller, action, details);
        if (r < 0)
                return r;

        TAKE_PTR(q); /* waits on p->questions from here on */
        return 0;
}

Authority polkit_authority(Polkit *p) {
        return (Authority) { .ask = polkit_ask, .authority = p };
}

int polkit_new(sd_bus *bus, Polkit **ret) {
        Polkit *p;

        assert(ret);

        p = malloc(sizeof(*p));
        if (!p)
                return -ENOMEM;

        *p = (Polkit) { .bus = sd_bus_ref(bus) };
        *ret = p;
        return 0;
}

Polkit *polkit_free(Polkit *p) {
        if (!p)
                return NULL;

        while (p->questions)
                (void) question_free(p->questions);
        sd_bus_unref(p->bus);
        free(p);
        return NULL;
}
