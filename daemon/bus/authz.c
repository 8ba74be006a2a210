/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus/authz.h"
#include "daemon/bus/sender.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE POLKIT_NAME ".Authority"

/* CheckAuthorizationFlags of polkit's D-Bus interface. */
#define POLKIT_ALLOW_INTERACTION 1

typedef struct Question {
        Authz *authz;
        struct Question *next, *previous;
        sd_bus_message *msg;
        const char *action;
        sd_bus_slot *call;
        int verdict;            /* 0 while it is open */
        sd_bus_error error;
} Question;

struct Authz {
        sd_bus *bus;
        AuthzTrust trust;
        Question *questions;
        size_t n_questions;
        sd_event_source *sweep;
};

static Question *question_free(Question *q) {
        if (!q)
                return NULL;

        if (q->previous)
                q->previous->next = q->next;
        else if (q->authz->questions == q)
                q->authz->questions = q->next;
        if (q->next)
                q->next->previous = q->previous;
        q->authz->n_questions--;

        sd_bus_slot_unref(q->call);
        sd_bus_message_unref(q->msg);
        sd_bus_error_free(&q->error);
        free(q);
        return NULL;
}
DEFINE_CLEANUP(Question, question_free);

static int question_new(Authz *a, sd_bus_message *msg, const char *action, Question **ret) {
        Question *q;

        if (a->n_questions >= AUTHZ_QUESTIONS_MAX)
                return -EBUSY;

        q = malloc(sizeof(*q));
        if (!q)
                return -ENOMEM;

        *q = (Question) {
                .authz = a,
                .next = a->questions,
                .msg = sd_bus_message_ref(msg),
                .action = action,
        };
        if (a->questions)
                a->questions->previous = q;
        a->questions = q;
        a->n_questions++;

        *ret = q;
        return 0;
}

static Question *question_find(Authz *a, sd_bus_message *msg, const char *action) {
        for (Question *q = a->questions; q; q = q->next)
                if (q->msg == msg && streq(q->action, action))
                        return q;

        return NULL;
}

/* A message that waits for one more answer still needs those that it has. */
static bool is_waiting(Authz *a, sd_bus_message *msg) {
        for (Question *q = a->questions; q; q = q->next)
                if (q->msg == msg && q->verdict == 0)
                        return true;

        return false;
}

static int on_sweep(_unused_ sd_event_source *source, void *userdata) {
        Authz *a = userdata;
        Question *next;

        for (Question *q = a->questions; q; q = next) {
                next = q->next;
                if (!is_waiting(a, q->msg))
                        (void) question_free(q);
        }

        return 0;
}

/* Answers live until the loop is idle, by when their message has had its next
 * turn. To take them away there would leak those of messages whose object has
 * disappeared meanwhile, so that no handler runs. */
static int schedule_sweep(Authz *a) {
        int r;

        if (!a->sweep) {
                r = sd_event_add_defer(sd_bus_get_event(a->bus), &a->sweep, on_sweep, a);
                if (r < 0)
                        return r;

                r = sd_event_source_set_priority(a->sweep, SD_EVENT_PRIORITY_IDLE);
                if (r < 0)
                        return r;
        }

        return sd_event_source_set_enabled(a->sweep, SD_EVENT_ONESHOT);
}

static int read_verdict(sd_bus_message *reply, sd_bus_error *reterr) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        int authorized, challenge, r;

        if (e) {
                (void) sd_bus_error_setf(reterr, SD_BUS_ERROR_ACCESS_DENIED, "Polkit gave no answer: %s",
                                         e->message ? e->message : e->name);
                return -EACCES;
        }

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
        if (r >= 0 && authorized)
                return 1;

        if (r >= 0 && challenge)
                (void) sd_bus_error_set(reterr, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                        "Interactive authentication required.");
        else
                (void) sd_bus_error_set(reterr, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
        return -EACCES;
}

static int on_polkit_reply(sd_bus_message *reply, void *userdata, _unused_ sd_bus_error *reterr) {
        Question *q = userdata;
        int r;

        q->verdict = read_verdict(reply, &q->error);

        r = schedule_sweep(q->authz);
        if (r < 0)
                return r;

        r = sd_bus_message_rewind(q->msg, true);
        if (r < 0)
                return r;

        return sd_bus_enqueue_for_read(sd_bus_message_get_bus(q->msg), q->msg);
}

static int append_details(sd_bus_message *m, const char *const *details) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r < 0)
                return r;

        for (; details && details[0]; details += 2) {
                r = sd_bus_message_append(m, "{ss}", details[0], details[1]);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

static int send_question(Question *q, const char *const *details) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        const char *sender = sd_bus_message_get_sender(q->msg);
        bool interactive;
        int r;

        if (!sender)
                return -EBADMSG;

        r = sd_bus_message_new_method_call(q->authz->bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r < 0)
                return r;

        r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", sender, q->action);
        if (r < 0)
                return r;

        r = append_details(m, details);
        if (r < 0)
                return r;

        interactive = sd_bus_message_get_allow_interactive_authorization(q->msg) > 0;
        r = sd_bus_message_append(m, "us", interactive ? POLKIT_ALLOW_INTERACTION : 0, NULL);
        if (r < 0)
                return r;

        /* No limit of time: somebody may be typing a password. */
        return sd_bus_call_async(q->authz->bus, &q->call, m, on_polkit_reply, q, UINT64_MAX);
}

static int sender_is_privileged(sd_bus_message *msg) {
        uid_t uid;
        int r;

        r = sender_uid(msg, &uid);
        return r < 0 ? r : uid == 0 || uid == getuid();
}

int authz_check(
                Authz *a,
                sd_bus_message *msg,
                const char *action,
                const char *const *details,
                sd_bus_error *reterr) {

        _cleanup_(question_freep) Question *q = NULL;
        Question *old;
        int r;

        assert(a);
        assert(msg);
        assert(action);

        old = question_find(a, msg, action);
        if (old) {
                if (old->verdict < 0)
                        (void) sd_bus_error_copy(reterr, &old->error);
                return old->verdict;
        }

        r = a->trust == AUTHZ_TRUST_ROOT ? sender_is_privileged(msg) : 0;
        if (r != 0)
                return r;

        if (!a->bus) {
                (void) sd_bus_error_set(reterr, SD_BUS_ERROR_ACCESS_DENIED, "Access denied");
                return -EACCES;
        }

        r = question_new(a, msg, action, &q);
        if (r < 0)
                return r;

        r = send_question(q, details);
        if (r < 0)
                return r;

        TAKE_PTR(q); /* waits on a->questions from here on */
        return 0;
}

int authz_new(sd_bus *bus, AuthzTrust trust, Authz **ret) {
        Authz *a;

        assert(ret);

        a = malloc(sizeof(*a));
        if (!a)
                return -ENOMEM;

        *a = (Authz) { .bus = sd_bus_ref(bus), .trust = trust };
        *ret = a;
        return 0;
}

Authz *authz_free(Authz *a) {
        if (!a)
                return NULL;

        while (a->questions)
                (void) question_free(a->questions);
        sd_event_source_disable_unref(a->sweep);
        sd_bus_unref(a->bus);
        free(a);
        return NULL;
}
