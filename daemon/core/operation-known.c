/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of machines without a look into them. */

#include "daemon/core/idmap.h"
#include "daemon/core/operation.h"

static int run_get_ssh_info(Operation *o) {
        const MachineInfo *info = machine_info(o->machine);

        if (!info->ssh_address || !info->ssh_private_key_path)
                return -ENOENT;

        o->answer.ssh_address = info->ssh_address;
        o->answer.ssh_private_key_path = info->ssh_private_key_path;
        return 1;
}

const OperationKind operation_get_ssh_info = {
        .verb = "get_ssh_info",
        .failure = "Cannot tell how to reach over SSH machine",
        .run = run_get_ssh_info,
};

static int run_get_stats(Operation *o) {
        int r;

        r = machine_read_stats(o->machine, &o->answer.stats);
        return r < 0 ? r : 1;
}

/* Everybody may: ps(1) tells as much. */
const OperationKind operation_get_stats = {
        .verb = "get_stats",
        .failure = "Cannot tell what is used by machine",
        .run = run_get_stats,
};

static int run_get_uid_shift(Operation *o) {
        int r;

        r = machine_uid_shift(o->machine, &o->answer.id);
        return r < 0 ? r : 1;
}

const OperationKind operation_get_uid_shift = {
        .verb = "get_uid_shift",
        .failure = "Cannot tell the shift of the users of machine",
        .run = run_get_uid_shift,
};

/* The last number is nobody's: it stands for "leave it" in chown() and its like. */
static int check_id(const OperationRequest *q, const char **reterr_text) {
        if (q->id == UINT32_MAX) {
                *reterr_text = "Not the id of a user or group";
                return -EINVAL;
        }

        return 0;
}

static int map_to_host(Operation *o, IdKind kind) {
        int r;

        r = machine_id_to_host(o->machine, kind, o->request.id, &o->answer.id);
        return r < 0 ? r : 1;
}

static int run_map_from_user(Operation *o) {
        return map_to_host(o, ID_USER);
}

const OperationKind operation_map_from_user = {
        .verb = "map_from_user",
        .check = check_id,
        .failure = "Cannot map a user of machine",
        .run = run_map_from_user,
};

static int run_map_from_group(Operation *o) {
        return map_to_host(o, ID_GROUP);
}

const OperationKind operation_map_from_group = {
        .verb = "map_from_group",
        .check = check_id,
        .failure = "Cannot map a group of machine",
        .run = run_map_from_group,
};
