/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "daemon/core/crowd.h"
#include "daemon/varlink/varlink-server.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/kernel/socket.h"

typedef struct Client {
        struct Client *next, *previous;
        VarlinkServer *server;
        VarlinkConnection *connection;
} Client;

struct VarlinkServer {
        sd_event *event;
        const VarlinkInterface *const *interfaces;
        void *userdata;
        int fd;
        sd_event_source *source;
        char *path;                     /* of a socket that we made, or NULL */
        ino_t inode;                    /* of that */
        Client *clients;
        size_t n_clients;
};

static void client_free(Client *client) {
        VarlinkServer *s = client->server;

        if (client->previous)
                client->previous->next = client->next;
        else if (s->clients == client)
                s->clients = client->next;
        if (client->next)
                client->next->previous = client->previous;
        s->n_clients--;

        (void) varlink_connection_free(client->connection);
        free(client);
}

static const VarlinkInterface *find_interface(const VarlinkServer *s, const char *name, size_t size) {
        for (const VarlinkInterface *const *i = s->interfaces; *i; i++)
                if (strlen((*i)->name) == size && memcmp((*i)->name, name, size) == 0)
                        return *i;

        return NULL;
}

static const VarlinkMethod *find_method(const VarlinkInterface *interface, const char *name) {
        for (const VarlinkMethod *m = interface->methods; m->name; m++)
                if (streq(m->name, name))
                        return m;

        return NULL;
}

void varlink_call_fail_parameter(VarlinkCall *call, const char *parameter) {
        varlink_call_fail(call, VARLINK_INVALID_PARAMETER,
                          json_pack("{s:o}", "parameter", varlink_string(parameter)));
}

static void fail_method(VarlinkCall *call, const char *error) {
        varlink_call_fail(call, error,
                          json_pack("{s:o}", "method", varlink_string(varlink_call_method(call))));
}

static void run_method(VarlinkServer *s, VarlinkCall *call, const VarlinkMethod *method) {
        const char *wrong;

        wrong = varlink_fields_check(method->fields, varlink_call_parameters(call));
        if (wrong)
                varlink_call_fail_parameter(call, wrong);
        else if (method->needs_more && !varlink_call_wants_more(call))
                varlink_call_fail(call, VARLINK_EXPECTED_MORE, NULL);
        else
                method->call(s, call);
}

static void on_called(void *userdata, VarlinkCall *call) {
        Client *client = userdata;
        const char *name = varlink_call_method(call), *dot = strrchr(name, '.');
        const VarlinkInterface *interface;
        const VarlinkMethod *method;
        size_t size = dot ? (size_t) (dot - name) : strlen(name);

        interface = find_interface(client->server, name, size);
        if (!interface) {
                varlink_call_fail(call, VARLINK_INTERFACE_NOT_FOUND,
                                  json_pack("{s:s%}", "interface", name, size));
                return;
        }

        method = find_method(interface, dot + 1);
        if (!method)
                fail_method(call, VARLINK_METHOD_NOT_FOUND);
        else if (varlink_call_wants_upgrade(call))
                fail_method(call, VARLINK_METHOD_NOT_IMPLEMENTED);
        else
                run_method(client->server, call, method);
}

static void on_ended(void *userdata, _unused_ VarlinkConnection *c) {
        client_free(userdata);
}

static bool is_one_too_many(const VarlinkServer *s, uid_t uid) {
        Crowd crowd = { .uid = uid };

        for (const Client *c = s->clients; c; c = c->next)
                crowd_count(&crowd, varlink_connection_peer(c->connection)->uid);

        return crowd_is_full(&crowd);
}

int varlink_server_serve(VarlinkServer *s, int fd) {
        _cleanup_close_ int owned_fd = fd;
        Client *client;
        int r;

        assert(s);

        client = malloc(sizeof(*client));
        if (!client)
                return -ENOMEM;

        *client = (Client) { .server = s };
        r = varlink_connection_new(s->event, fd, (VarlinkListener) {
                        .called = on_called,
                        .ended = on_ended,
                        .userdata = client }, &client->connection);
        if (r < 0) {
                free(client);
                return r;
        }
        TAKE_FD(owned_fd);

        if (is_one_too_many(s, varlink_connection_peer(client->connection)->uid)) {
                (void) varlink_connection_free(client->connection);
                free(client);
                return -EBUSY;
        }

        client->next = s->clients;
        if (s->clients)
                s->clients->previous = client;
        s->clients = client;
        s->n_clients++;
        return 0;
}

static int on_connection(
                _unused_ sd_event_source *source,
                int fd,
                _unused_ uint32_t revents,
                void *userdata) {

        int r;

        r = socket_accept(fd);
        if (r == -EAGAIN)
                return 0;
        if (r >= 0)
                r = varlink_server_serve(userdata, r);

        /* Of a crowd, the log shall not tell: there, everybody could fill it. */
        if (r < 0)
                (void) log_full(r == -EBUSY ? LOG_DEBUG : LOG_WARNING, r, "Cannot serve a Varlink client");

        return 0;
}

int varlink_server_listen(VarlinkServer *s, int fd) {
        int r;

        assert(s);
        assert(!s->source);

        /* Who wanted to connect may have thought better of it. */
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        r = sd_event_add_io(s->event, &s->source, fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return r;

        s->fd = fd;
        return 0;
}

static int make_directory_of(const char *path) {
        _cleanup_free_ char *directory = strndup(path, strrchr(path, '/') - path);

        return directory ? directory_make(directory, 0755) : -ENOMEM;
}

int varlink_server_bind(VarlinkServer *s, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        assert(s);
        assert(path && path[0] == '/');

        r = make_directory_of(path);
        if (r < 0)
                return r;

        fd = socket_listen(path, 0666);
        if (fd < 0)
                return fd;

        s->path = strdup(path);
        if (!s->path || stat(path, &st) < 0)
                return -errno;
        s->inode = st.st_ino;

        r = varlink_server_listen(s, fd);
        if (r < 0)
                return r;

        TAKE_FD(fd);
        return 0;
}

/* Unless it is another's by now, as after the daemon's successor has begun. */
static void remove_socket(VarlinkServer *s) {
        struct stat st;

        if (s->path && stat(s->path, &st) >= 0 && st.st_ino == s->inode)
                (void) unlink(s->path);
}

int varlink_server_new(
                sd_event *event,
                const VarlinkInterface *const *interfaces,
                void *userdata,
                VarlinkServer **ret) {

        VarlinkServer *s;

        assert(event);
        assert(interfaces);
        assert(ret);

        s = malloc(sizeof(*s));
        if (!s)
                return -ENOMEM;

        *s = (VarlinkServer) {
                .event = sd_event_ref(event),
                .interfaces = interfaces,
                .userdata = userdata,
                .fd = -EBADF,
        };
        *ret = s;
        return 0;
}

VarlinkServer *varlink_server_free(VarlinkServer *s) {
        if (!s)
                return NULL;

        sd_event_source_disable_unref(s->source);
        while (s->clients)
                client_free(s->clients);

        remove_socket(s);
        closep(&s->fd);
        free(s->path);
        sd_event_unref(s->event);
        free(s);
        return NULL;
}

void *varlink_server_userdata(const VarlinkServer *s) {
        return s->userdata;
}

const VarlinkInterface *const *varlink_server_interfaces(const VarlinkServer *s) {
        return s->interfaces;
}

size_t varlink_server_n_connections(const VarlinkServer *s) {
        return s->n_clients;
}
