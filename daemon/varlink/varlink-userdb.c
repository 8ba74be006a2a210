/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/xattr.h>

#include "daemon/core/idmap.h"
#include "daemon/varlink/descriptions.h"
#include "daemon/varlink/varlink-context.h"
#include "daemon/varlink/varlink-userdb.h"
#include "lib/base/name.h"
#include "lib/base/text.h"

#define ERROR_PREFIX_USERDB "io.systemd.UserDatabase."

/* The group that belongs to nobody: what a container's user is in on the host. */
#define NOBODY_GID 65534

/* A user or group that is asked for. */
typedef struct Record {
        Machine *machine;
        uint32_t host, inside;
} Record;

typedef struct Kind {
        IdKind kind;
        const char *prefix;                     /* of names */
        const char *id_parameter, *name_parameter;
        json_t *(*describe)(const Record *r, const char *name);
} Kind;

int userdb_name_parse(const char *name, const char *prefix, char **ret_machine, uint32_t *ret_id) {
        _cleanup_free_ char *machine = NULL;
        const char *rest, *dash;
        unsigned id;
        int r;

        assert(ret_machine);
        assert(ret_id);

        if (strlen(name) >= USERDB_NAME_SIZE)
                return -EINVAL;

        rest = startswith(name, prefix);
        dash = rest ? strrchr(rest, '-') : NULL;
        if (!dash || (dash[1] == '0' && dash[2]))
                return -EINVAL;

        r = parse_unsigned(dash + 1, UINT32_MAX - 1, &id);
        if (r < 0)
                return -EINVAL;

        machine = strndup(rest, dash - rest);
        if (!machine)
                return -ENOMEM;
        if (!machine_name_is_valid(machine))
                return -EINVAL;

        *ret_machine = TAKE_PTR(machine);
        *ret_id = id;
        return 0;
}

/* Which both must tell: of machines whose users are the host's own, nobody has a name. */
static bool find_by_name(Manager *m, const Kind *kind, const char *name, Record *ret) {
        _cleanup_free_ char *machine = NULL;
        Record r;

        if (userdb_name_parse(name, kind->prefix, &machine, &r.inside) < 0)
                return false;

        r.machine = manager_find(m, machine);
        if (!r.machine || machine_id_to_host(r.machine, kind->kind, r.inside, &r.host) < 0 ||
            r.host < HOST_IDS)
                return false;

        *ret = r;
        return true;
}

static bool find_by_id(Manager *m, const Kind *kind, uint32_t id, Record *ret) {
        *ret = (Record) { .host = id };
        return manager_find_by_id(m, kind->kind, id, &ret->machine, &ret->inside) >= 0;
}

static bool write_name(const Kind *kind, const Record *r, char ret[static USERDB_NAME_SIZE]) {
        int n = snprintf(ret, USERDB_NAME_SIZE, "%s%s-%u", kind->prefix, machine_info(r->machine)->name,
                         r->inside);

        return n < USERDB_NAME_SIZE;
}

static void fail(VarlinkCall *call, const char *error) {
        varlink_call_fail(call, error, NULL);
}

/* Returns whether the call is for us at all; if not, it has been answered. */
static bool check_service(VarlinkCall *call) {
        if (streq(varlink_get_string(varlink_call_parameters(call), "service"), USERDB_SERVICE))
                return true;

        fail(call, ERROR_PREFIX_USERDB "BadService");
        return false;
}

/* Returns NULL, or the error. */
static const char *find_record(VarlinkServer *s, json_t *parameters, const Kind *kind, Record *ret) {
        const char *name = varlink_get_string(parameters, kind->name_parameter);
        Manager *m = varlink_context(s)->manager;
        json_int_t id;
        bool by_id = varlink_get_int(parameters, kind->id_parameter, &id);
        Record r = {};

        if (!name && !by_id)
                return ERROR_PREFIX_USERDB "EnumerationNotSupported";
        if (name ? !find_by_name(m, kind, name, &r) : !find_by_id(m, kind, (uint32_t) id, &r))
                return ERROR_PREFIX_USERDB "NoRecordFound";
        if (by_id && r.host != id)
                return ERROR_PREFIX_USERDB "ConflictingRecordFound";

        *ret = r;
        return NULL;
}

static void get_record(VarlinkServer *s, VarlinkCall *call, const Kind *kind) {
        char name[USERDB_NAME_SIZE];
        const char *error;
        Record r;

        if (!check_service(call))
                return;

        error = find_record(s, varlink_call_parameters(call), kind, &r);
        if (!error && !write_name(kind, &r, name))
                error = ERROR_PREFIX_USERDB "NoRecordFound";

        if (error)
                fail(call, error);
        else
                varlink_call_reply(call, json_pack("{s:o, s:b}", "record", kind->describe(&r, name),
                                                   "incomplete", 0));
}

static json_t *describe_user(const Record *r, const char *name) {
        char text[128];

        (void) snprintf(text, sizeof(text), "UID %u of Container %s", r->inside,
                        machine_info(r->machine)->name);
        return json_pack("{s:s, s:I, s:i, s:s, s:s, s:s, s:b, s:s, s:s}",
                         "userName", name,
                         "uid", (json_int_t) r->host,
                         "gid", NOBODY_GID,
                         "realName", text,
                         "homeDirectory", "/",
                         "shell", "/usr/sbin/nologin",
                         "locked", 1,
                         "service", USERDB_SERVICE,
                         "disposition", "container");
}

static json_t *describe_group(const Record *r, const char *name) {
        char text[128];

        (void) snprintf(text, sizeof(text), "GID %u of Container %s", r->inside,
                        machine_info(r->machine)->name);
        return json_pack("{s:s, s:I, s:s, s:s, s:s}",
                         "groupName", name,
                         "gid", (json_int_t) r->host,
                         "description", text,
                         "service", USERDB_SERVICE,
                         "disposition", "container");
}

static const Kind user_kind = { ID_USER, "vu-", "uid", "userName", describe_user };
static const Kind group_kind = { ID_GROUP, "vg-", "gid", "groupName", describe_group };

static void get_user_record(VarlinkServer *s, VarlinkCall *call) {
        get_record(s, call, &user_kind);
}

static void get_group_record(VarlinkServer *s, VarlinkCall *call) {
        get_record(s, call, &group_kind);
}

static void get_memberships(_unused_ VarlinkServer *s, VarlinkCall *call) {
        if (check_service(call))
                fail(call, ERROR_PREFIX_USERDB "NoRecordFound");
}

void userdb_mark(const char *path) {
        static const char *const table[][2] = {
                { "user.userdb.uid", "65536-4294967294" },
                { "user.userdb.gid", "65536-4294967294" },
                { "user.userdb.username", "vu-*" },
                { "user.userdb.groupname", "vg-*" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                (void) setxattr(path, table[i][0], table[i][1], strlen(table[i][1]), 0);
}

/* Newer clients say more of what they look for, and hold what they get to that themselves. */
#define FILTER_FIELDS                                   \
        { "fuzzyNames", VARLINK_STRINGS },              \
        { "dispositionMask", VARLINK_STRINGS }

const VarlinkInterface varlink_userdb_interface = {
        .name = "io.systemd.UserDatabase",
        .description = text_io_systemd_UserDatabase,
        .methods = (const VarlinkMethod[]) {
                { "GetUserRecord",
                  (const VarlinkField[]) {
                          { "uid", VARLINK_UINT32 },
                          { "userName", VARLINK_STRING },
                          { "service", VARLINK_STRING, true },
                          { "uidMin", VARLINK_UINT32 },
                          { "uidMax", VARLINK_UINT32 },
                          FILTER_FIELDS,
                          {} },
                  get_user_record },
                { "GetGroupRecord",
                  (const VarlinkField[]) {
                          { "gid", VARLINK_UINT32 },
                          { "groupName", VARLINK_STRING },
                          { "service", VARLINK_STRING, true },
                          { "gidMin", VARLINK_UINT32 },
                          { "gidMax", VARLINK_UINT32 },
                          FILTER_FIELDS,
                          {} },
                  get_group_record },
                { "GetMemberships",
                  (const VarlinkField[]) {
                          { "userName", VARLINK_STRING },
                          { "groupName", VARLINK_STRING },
                          { "service", VARLINK_STRING, true },
                          {} },
                  get_memberships },
                {},
        },
};
