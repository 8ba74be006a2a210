/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/varlink/varlink-connection.h"
#include "daemon/varlink/varlink-output.h"

/* Read at a time; most messages are shorter. */
#define READ_SIZE 4096

struct VarlinkConnection {
        sd_event_source *io;            /* NULL once the client has hung up */
        sd_event_source *turn;          /* on when there may be something to do without it */
        VarlinkListener listener;
        int fd;
        Peer peer;
        char *input;
        size_t n_input, n_scanned, n_allocated;
        VarlinkOutput output;
        VarlinkCall *call;              /* the one that is being answered */
        bool has_sent_all;              /* no more input comes */
        bool is_deaf;                   /* no more output arrives */
        bool is_broken;                 /* to be ended, come what may */
};

struct VarlinkCall {
        VarlinkConnection *connection;  /* NULL: the client has gone */
        VarlinkMessage message;
        VarlinkWatch watch;
        bool is_waiting;                /* for VarlinkWatch.writable() */
};

static void call_free(VarlinkCall *call) {
        if (call->connection)
                call->connection->call = NULL;
        varlink_message_done(&call->message);
        free(call);
}

static void wake(VarlinkConnection *c) {
        if (sd_event_source_set_enabled(c->turn, SD_EVENT_ONESHOT) < 0)
                c->is_broken = true;
}

static void stop_output(VarlinkConnection *c) {
        c->is_deaf = true;
        varlink_output_done(&c->output);
}

static void flush(VarlinkConnection *c) {
        if (varlink_output_send(&c->output, c->fd) < 0)
                stop_output(c);
}

/* Takes over @message and @fd. */
static void send_message(VarlinkConnection *c, json_t *message, int fd) {
        _cleanup_(json_decrefp) json_t *m = message;
        _cleanup_close_ int owned_fd = fd;
        _cleanup_free_ char *text = NULL;

        if (c->is_deaf)
                return;

        text = m ? json_dumps(m, JSON_COMPACT) : NULL;
        if (!text || varlink_output_add(&c->output, text, strlen(text) + 1, owned_fd) < 0) {
                c->is_broken = true;
                wake(c);
                return;
        }

        TAKE_PTR(text);
        TAKE_FD(owned_fd);
        flush(c);
}

/* Whether another call can be taken. */
static bool is_ready(const VarlinkConnection *c) {
        return !c->is_broken && !c->call && c->output.size < VARLINK_OUTPUT_LOW;
}

static int grow_input(VarlinkConnection *c) {
        char *grown;

        if (c->n_allocated - c->n_input >= READ_SIZE)
                return 0;

        grown = realloc(c->input, MAX(c->n_allocated * 2, (size_t) READ_SIZE * 2));
        if (!grown)
                return -ENOMEM;

        c->input = grown;
        c->n_allocated = MAX(c->n_allocated * 2, (size_t) READ_SIZE * 2);
        return 0;
}

/* Descriptors that come along are closed by the kernel, as there is no room for
 * them: no method takes any. Returns whether there was something to read. */
static int read_input(VarlinkConnection *c) {
        ssize_t n;
        int r;

        r = grow_input(c);
        if (r < 0)
                return r;

        do
                n = recv(c->fd, c->input + c->n_input, READ_SIZE, MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0 && errno != EAGAIN)
                return -errno;

        c->n_input += MAX(n, 0);
        c->has_sent_all = n == 0 || (n < 0 && !c->io); /* who has hung up sends no more */
        return n > 0;
}

/* Reads until there is a whole message. Returns whether there is one; its length is
 * that without the NUL. */
static int find_message(VarlinkConnection *c, size_t *ret) {
        for (;;) {
                const char *end = NULL;
                int r;

                if (c->n_input > c->n_scanned)
                        end = memchr(c->input + c->n_scanned, 0, c->n_input - c->n_scanned);
                if (end) {
                        *ret = end - c->input;
                        return 1;
                }

                c->n_scanned = c->n_input;
                if (c->n_input > VARLINK_MESSAGE_MAX)
                        return -EMSGSIZE;
                if (c->has_sent_all)
                        return 0;

                r = read_input(c);
                if (r <= 0)
                        return r;
        }
}

static void drop_input(VarlinkConnection *c, size_t n) {
        c->n_input -= n;
        c->n_scanned = 0;
        if (c->n_input > 0) {
                memmove(c->input, c->input + n, c->n_input);
                return;
        }

        /* One large message shall not cost us its size for as long as the client stays. */
        free(TAKE_PTR(c->input));
        c->n_allocated = 0;
}

/* Returns whether there was a call to take. */
static int take_call(VarlinkConnection *c) {
        VarlinkCall *call;
        size_t size;
        int r;

        r = find_message(c, &size);
        if (r <= 0)
                return r;

        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;

        r = varlink_message_parse(c->input, size, &call->message);
        if (r < 0) {
                free(call);
                return r;
        }

        drop_input(c, size + 1);
        call->connection = c;
        c->call = call;
        c->listener.called(c->listener.userdata, call);
        return 1;
}

/* The client is at no loss: what it has sent is done, what was answered has arrived. */
static bool is_finished(const VarlinkConnection *c) {
        if (c->is_broken)
                return true;

        return c->has_sent_all && !c->call && c->output.size == 0 && c->n_scanned == c->n_input;
}

static void choose_events(VarlinkConnection *c) {
        uint32_t events = 0;

        if (!c->io)
                return;

        if (is_ready(c) && !c->has_sent_all)
                events |= EPOLLIN;
        if (c->output.size > 0)
                events |= EPOLLOUT;

        if (sd_event_source_set_io_events(c->io, events) < 0)
                c->is_broken = true;
}

/* The connection may be gone afterwards. */
static void take_turn(VarlinkConnection *c) {
        unsigned n;

        for (n = 0; n < VARLINK_CALLS_PER_TURN && is_ready(c); n++) {
                int r = take_call(c);

                if (r < 0)
                        c->is_broken = true;
                if (r <= 0)
                        break;
        }

        if (n == VARLINK_CALLS_PER_TURN)
                wake(c);
        choose_events(c);
        if (is_finished(c))
                c->listener.ended(c->listener.userdata, c);
}

static int on_turn(_unused_ sd_event_source *source, void *userdata) {
        take_turn(userdata);
        return 0;
}

static void tell_writable(VarlinkConnection *c) {
        VarlinkCall *call = c->call;

        if (!call || !call->is_waiting || c->output.size >= VARLINK_OUTPUT_LOW)
                return;

        call->is_waiting = false;
        if (call->watch.writable)
                call->watch.writable(call->watch.userdata);
}

/* Nobody hears us any more. What the socket still holds is read, and carried out, in
 * turns of our own: its events would not cease. */
static void hang_up(VarlinkConnection *c) {
        VarlinkCall *call = c->call;

        c->io = sd_event_source_disable_unref(c->io);
        stop_output(c);
        wake(c);

        if (call && call->watch.gone)
                call->watch.gone(call->watch.userdata);
}

static int on_io(_unused_ sd_event_source *source, _unused_ int fd, uint32_t revents, void *userdata) {
        VarlinkConnection *c = userdata;

        if (revents & (EPOLLHUP | EPOLLERR)) {
                hang_up(c);
                return 0;
        }

        if (revents & EPOLLOUT) {
                flush(c);
                tell_writable(c);
        }

        take_turn(c);
        return 0;
}

int varlink_connection_new(sd_event *event, int fd, VarlinkListener listener, VarlinkConnection **ret) {
        _cleanup_(varlink_connection_freep) VarlinkConnection *c = NULL;
        int r;

        assert(event);
        assert(listener.called && listener.ended);
        assert(ret);

        c = malloc(sizeof(*c));
        if (!c)
                return -ENOMEM;

        *c = (VarlinkConnection) { .listener = listener, .fd = -EBADF, .peer.pidfd = -EBADF };

        r = peer_read(fd, &c->peer);
        if (r < 0)
                return r;

        r = sd_event_add_io(event, &c->io, fd, EPOLLIN, on_io, c);
        if (r < 0)
                return r;

        r = sd_event_add_defer(event, &c->turn, on_turn, c);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(c->turn, SD_EVENT_OFF);
        if (r < 0)
                return r;

        c->fd = fd;
        *ret = TAKE_PTR(c);
        return 0;
}

VarlinkConnection *varlink_connection_free(VarlinkConnection *c) {
        VarlinkCall *call;

        if (!c)
                return NULL;

        call = TAKE_PTR(c->call);
        if (call) {
                call->connection = NULL;
                if (call->watch.gone)
                        call->watch.gone(call->watch.userdata);
        }

        sd_event_source_disable_unref(c->turn);
        sd_event_source_disable_unref(c->io);
        varlink_output_done(&c->output);
        peer_done(&c->peer);
        closep(&c->fd);
        free(c->input);
        free(c);
        return NULL;
}

const Peer *varlink_connection_peer(const VarlinkConnection *c) {
        return &c->peer;
}

const char *varlink_call_method(const VarlinkCall *call) {
        return call->message.method;
}

json_t *varlink_call_parameters(VarlinkCall *call) {
        return call->message.parameters;
}

bool varlink_call_wants_more(const VarlinkCall *call) {
        return call->message.more;
}

bool varlink_call_wants_upgrade(const VarlinkCall *call) {
        return call->message.upgrade;
}

const Peer *varlink_call_peer(const VarlinkCall *call) {
        assert(call->connection);

        return &call->connection->peer;
}

void varlink_call_watch(VarlinkCall *call, VarlinkWatch watch) {
        call->watch = watch;
}

bool varlink_call_notify(VarlinkCall *call, json_t *parameters) {
        VarlinkConnection *c = call->connection;

        assert(call->message.more);

        if (!c) {
                json_decref(parameters);
                return true;
        }

        send_message(c, json_pack("{s:o, s:b}", "parameters", parameters, "continues", 1), -EBADF);
        choose_events(c);

        call->is_waiting = c->output.size >= VARLINK_OUTPUT_LOW;
        return !call->is_waiting;
}

/* Takes over @message and @fd. */
static void end_call(VarlinkCall *call, json_t *message, int fd) {
        VarlinkConnection *c = call->connection;
        bool is_heard = c && !call->message.oneway;

        call_free(call);

        if (is_heard)
                send_message(c, message, fd);
        else {
                json_decref(message);
                closep(&fd);
        }

        if (c)
                wake(c);
}

void varlink_call_reply_fd(VarlinkCall *call, json_t *parameters, int fd) {
        end_call(call, json_pack("{s:o}", "parameters", parameters), fd);
}

void varlink_call_reply(VarlinkCall *call, json_t *parameters) {
        varlink_call_reply_fd(call, parameters, -EBADF);
}

void varlink_call_fail(VarlinkCall *call, const char *error, json_t *parameters) {
        if (!parameters)
                parameters = json_object();

        end_call(call, json_pack("{s:s, s:o}", "error", error, "parameters", parameters), -EBADF);
}

void varlink_call_drop(VarlinkCall *call) {
        VarlinkConnection *c = call->connection;

        call_free(call);
        if (c)
                wake(c);
}
