/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <strings.h>
#include <sys/socket.h>

#include "daemon/varlink/descriptions.h"
#include "daemon/varlink/dns.h"
#include "daemon/varlink/varlink-operation.h"
#include "daemon/varlink/varlink-resolve.h"

/* What a packet of DNS asks; more than the two types of addresses make no sense. */
#define QUESTIONS_MAX 16

/* Of a name as people write it: four characters for a byte, at worst, and a NUL. */
#define NAME_SIZE 1024

/* Somebody who wants to know of changes. */
typedef struct Subscriber {
        struct Subscriber *next;
        ResolveHook *hook;
        VarlinkCall *call;
        bool is_waiting;        /* has not read what it was told last */
        bool is_behind;         /* and there is more */
} Subscriber;

struct ResolveHook {
        VarlinkContext context;
        ManagerListener listener;
        sd_event_source *timer;
        Subscriber *subscribers;
};

/* A name that is looked up. */
typedef struct Lookup {
        VarlinkCall *call;
        char *name;
        int ifindex;            /* 0: none, or several */
} Lookup;

static bool has_name(const Machine *m) {
        const MachineInfo *info = machine_info(m);

        return info->class != MACHINE_HOST && info->uid == 0 && dns_name_is_valid(info->name);
}

/* Which names are ours */

static json_t *list_names(ResolveHook *h) {
        Manager *m = h->context.manager;
        json_t *names = json_array();

        for (Machine *i = manager_next(m, NULL); i; i = manager_next(m, i))
                if (has_name(i))
                        (void) json_array_append_new(names, varlink_string(machine_info(i)->name));

        return json_pack("{s:o}", "filterDomains", names);
}

static void tell(Subscriber *s, json_t *names) {
        s->is_behind = false;
        s->is_waiting = !varlink_call_notify(s->call, json_incref(names));
}

static void on_writable(void *userdata) {
        Subscriber *s = userdata;
        json_t *names;

        s->is_waiting = false;
        if (!s->is_behind)
                return;

        names = list_names(s->hook);
        tell(s, names);
        json_decref(names);
}

static void on_gone(void *userdata) {
        Subscriber *s = userdata;

        for (Subscriber **i = &s->hook->subscribers; *i; i = &(*i)->next)
                if (*i == s) {
                        *i = s->next;
                        break;
                }

        varlink_call_drop(s->call);
        free(s);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        ResolveHook *h = userdata;
        json_t *names = list_names(h);

        for (Subscriber *s = h->subscribers; s; s = s->next)
                if (s->is_waiting)
                        s->is_behind = true;
                else
                        tell(s, names);

        json_decref(names);
        return 0;
}

/* A thousand machines that come at once are one change. */
static void on_change(void *userdata, Machine *m) {
        ResolveHook *h = userdata;
        int enabled;

        if (!has_name(m) || !h->subscribers)
                return;
        if (sd_event_source_get_enabled(h->timer, &enabled) >= 0 && enabled != SD_EVENT_OFF)
                return;

        (void) sd_event_source_set_time_relative(h->timer, RESOLVE_HOOK_DELAY_USEC);
        (void) sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static void query_filter(VarlinkServer *server, VarlinkCall *call) {
        ResolveHook *h = varlink_server_userdata(server);
        json_t *names = list_names(h);
        Subscriber *s;

        s = varlink_call_wants_more(call) ? malloc(sizeof(*s)) : NULL;
        if (!s) {
                varlink_call_reply(call, names);
                return;
        }

        *s = (Subscriber) { .next = h->subscribers, .hook = h, .call = call };
        h->subscribers = s;
        varlink_call_watch(call, (VarlinkWatch) { on_writable, on_gone, s });
        tell(s, names);
        json_decref(names);
}

/* Where they are */

static void lookup_free(Lookup *l) {
        free(l->name);
        free(l);
}

static void append_address(json_t *answer, const Lookup *l, uint16_t type, const InetRange *address) {
        size_t size = inet_size(address->family);
        _cleanup_free_ char *raw = NULL;
        json_t *bytes, *item;

        if (dns_record_encode(l->name, type, address->bytes, size, &raw) < 0)
                return;

        bytes = json_array();
        for (size_t i = 0; i < size; i++)
                (void) json_array_append_new(bytes, json_integer(address->bytes[i]));

        item = json_pack("{s:{s:{s:i, s:i, s:s}, s:o}, s:s}", "rr",
                         "key", "class", DNS_CLASS_IN, "type", (int) type, "name", l->name,
                         "address", bytes,
                         "raw", raw);
        if (l->ifindex > 0)
                (void) json_object_set_new(item, "ifindex", json_integer(l->ifindex));
        (void) json_array_append_new(answer, item);
}

static json_int_t question_int(json_t *question, const char *name) {
        return json_integer_value(json_object_get(json_object_get(question, "key"), name));
}

static void on_addresses(void *userdata, int result, _unused_ const char *text, OperationAnswer *found) {
        Lookup *l = userdata;
        json_t *answer, *questions, *question;
        size_t i;

        /* Somebody else may know: it uses the host's network, or does not let us look. */
        if (result < 0) {
                varlink_call_reply(l->call, json_object());
                lookup_free(l);
                return;
        }

        answer = json_array();
        questions = varlink_get(varlink_call_parameters(l->call), "question");
        json_array_foreach(questions, i, question) {
                uint16_t type = (uint16_t) question_int(question, "type");
                int family = type == DNS_TYPE_A ? AF_INET : AF_INET6;

                for (size_t k = 0; k < found->n_addresses; k++)
                        if (found->addresses[k].address.family == family)
                                append_address(answer, l, type, &found->addresses[k].address);
        }

        varlink_call_reply(l->call, json_pack("{s:i, s:o}", "rcode", DNS_RCODE_SUCCESS, "answer", answer));
        lookup_free(l);
}

/* Who the resolver asks for does not matter: everybody may know addresses. */
static void look_up(ResolveHook *h, VarlinkCall *call, const Machine *m) {
        OperationRequest q = varlink_empty_request();
        const MachineInfo *info = machine_info(m);
        Lookup *l;

        l = malloc(sizeof(*l));
        q.kind = &operation_get_addresses;
        q.machine = strdup(info->name);
        if (!l || !q.machine) {
                free(l);
                operation_request_done(&q);
                varlink_call_reply(call, NULL);
                return;
        }

        *l = (Lookup) {
                .call = call,
                .name = strdup(info->name),
                .ifindex = info->n_ifindices == 1 ? info->ifindices[0] : 0,
        };
        if (!l->name) {
                operation_request_done(&q);
                on_addresses(l, -ENOMEM, NULL, NULL);
                return;
        }

        operation_submit(h->context.operations, &q, on_addresses, l);
}

/* Reads the name that all questions are about. Returns false if there is no such one,
 * or what is asked for is no address. */
static bool read_questions(json_t *questions, char ret[static NAME_SIZE]) {
        json_t *question;
        size_t i;

        if (json_array_size(questions) == 0 || json_array_size(questions) > QUESTIONS_MAX)
                return false;

        json_array_foreach(questions, i, question) {
                const json_t *key = json_object_get(question, "key");
                const char *name = json_string_value(json_object_get(key, "name"));
                json_int_t type = question_int(question, "type");

                if (!name || strlen(name) >= NAME_SIZE ||
                    question_int(question, "class") != DNS_CLASS_IN ||
                    (type != DNS_TYPE_A && type != DNS_TYPE_AAAA) ||
                    (i > 0 && strcasecmp(name, ret) != 0))
                        return false;

                strcpy(ret, name);
        }

        dns_name_strip_root(ret);
        return true;
}

/* Machines may have capital letters in their names; most have not. */
static const Machine *find_machine(ResolveHook *h, const char *name) {
        char lower[NAME_SIZE];
        const Machine *m;
        size_t i = 0;

        m = manager_find(h->context.manager, name);
        if (!m) {
                for (; name[i]; i++)
                        lower[i] = (char) tolower((unsigned char) name[i]);
                lower[i] = 0;
                m = manager_find(h->context.manager, lower);
        }

        return m && has_name(m) ? m : NULL;
}

static bool is_below_machine(ResolveHook *h, const char *name) {
        for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.'))
                if (find_machine(h, dot + 1))
                        return true;

        return false;
}

static void resolve_record(VarlinkServer *server, VarlinkCall *call) {
        ResolveHook *h = varlink_server_userdata(server);
        char name[NAME_SIZE];
        const Machine *m;

        if (!read_questions(varlink_get(varlink_call_parameters(call), "question"), name)) {
                varlink_call_reply(call, json_object());
                return;
        }

        m = find_machine(h, name);
        if (m)
                look_up(h, call, m);
        else if (is_below_machine(h, name))
                varlink_call_reply(call, json_pack("{s:i}", "rcode", DNS_RCODE_NXDOMAIN));
        else
                varlink_call_reply(call, json_object());
}

int resolve_hook_new(const VarlinkContext *context, ResolveHook **ret) {
        _cleanup_(resolve_hook_freep) ResolveHook *h = NULL;
        int r;

        assert(context);
        assert(ret);

        h = malloc(sizeof(*h));
        if (!h)
                return -ENOMEM;

        *h = (ResolveHook) {
                .context = *context,
                .listener = { .machine_added = on_change, .machine_removed = on_change, .userdata = h },
        };
        manager_add_listener(context->manager, &h->listener);

        r = sd_event_add_time_relative(context->event, &h->timer, CLOCK_MONOTONIC, 0, 0, on_timer, h);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(h);
        return 0;
}

ResolveHook *resolve_hook_free(ResolveHook *h) {
        if (!h)
                return NULL;

        assert(!h->subscribers);

        manager_remove_listener(h->context.manager, &h->listener);
        sd_event_source_disable_unref(h->timer);
        free(h);
        return NULL;
}

const VarlinkInterface varlink_resolve_interface = {
        .name = "io.systemd.Resolve.Hook",
        .description = text_io_systemd_Resolve_Hook,
        .methods = (const VarlinkMethod[]) {
                { "QueryFilter", NULL, query_filter },
                { "ResolveRecord",
                  (const VarlinkField[]) {
                          { "question", VARLINK_OBJECTS, true },
                          { "flags", VARLINK_INT },
                          {} },
                  resolve_record },
                {},
        },
};
