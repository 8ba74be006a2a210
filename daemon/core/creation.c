/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <time.h>

#include "daemon/core/creation.h"
#include "lib/base/name.h"
#include "lib/base/text.h"
#include "lib/kernel/cgroup.h"

/* PATH_MAX of Linux, with its NUL. */
#define PATH_LENGTH_MAX 4095

/* More than any name of a manager is long. */
#define SERVICE_LENGTH_MAX 256

/* A host name, or "vsock/CID", or the path of a socket. */
#define ADDRESS_LENGTH_MAX PATH_LENGTH_MAX

/* Where nspawn's template (DelegateSubgroup=) and nspawn and berth-run themselves keep
 * the manager of a machine that is in the same unit. */
#define SUPERVISOR_GROUP "supervisor"

/* VMADDR_CID_HYPERVISOR, _LOCAL and _HOST are below. */
#define VSOCK_CID_MIN 3

void create_request_done(CreateRequest *q) {
        assert(q);

        free(q->name);
        free(q->service);
        free(q->class);
        free(q->root_directory);
        free(q->ifindices);
        free(q->ssh_address);
        free(q->ssh_private_key_path);
        free(q->control_address);
        if (q->leader_fd > 0)
                (void) close(q->leader_fd);
        if (q->supervisor_fd > 0)
                (void) close(q->supervisor_fd);
        properties_done(&q->properties);
        *q = (CreateRequest) {};
}

static bool path_is_valid(const char *path) {
        return isempty(path) || (path[0] == '/' && strlen(path) <= PATH_LENGTH_MAX &&
                                 text_is_printable(path));
}

/* It becomes an argument of ssh(1), whose options begin with a dash. */
static bool address_is_valid(const char *address) {
        return isempty(address) || (address[0] != '-' && strlen(address) <= ADDRESS_LENGTH_MAX &&
                                    text_is_printable(address));
}

static bool service_is_valid(const char *service) {
        return isempty(service) || (strlen(service) <= SERVICE_LENGTH_MAX && text_is_printable(service));
}

static bool ifindices_are_valid(const int *ifindices, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (ifindices[i] <= 0)
                        return false;

        return n <= IFINDICES_MAX;
}

int create_request_check(const CreateRequest *q, const char **reterr_text) {
        const char *text = NULL;
        MachineClass class;

        assert(q);
        assert(reterr_text);

        if (!machine_name_is_valid(q->name))
                text = "Invalid machine name";
        else if (!q->class || machine_class_from_string(q->class, &class) < 0)
                text = "Invalid machine class parameter";
        else if (q->leader < 0 || q->leader == 1)
                text = "Invalid leader PID";
        else if (!path_is_valid(q->root_directory))
                text = "Root directory must be empty or an absolute path";
        else if (!service_is_valid(q->service))
                text = "Invalid service name";
        else if (!ifindices_are_valid(q->ifindices, q->n_ifindices))
                text = "Invalid network interface index";
        else if (q->vsock_cid != 0 && (q->vsock_cid < VSOCK_CID_MIN || q->vsock_cid == MACHINE_VSOCK_NONE))
                text = "Invalid vsock context id";
        else if (!address_is_valid(q->ssh_address))
                text = "Invalid SSH address";
        else if (!path_is_valid(q->ssh_private_key_path))
                text = "SSH private key path must be absolute";
        else if (!address_is_valid(q->control_address))
                text = "Invalid control address";

        if (!text)
                return 0;

        *reterr_text = text;
        return -EINVAL;
}

/* How much of the host a machine gets, and how it is ended. */
static bool property_is_for_all(const char *name) {
        static const char *const names[] = {
                "Controller", "CoredumpReceive", "Description", "DeviceAllow", "DevicePolicy",
                "IPAccounting", "IPAddressAllow", "IPAddressDeny", "KillMode", "KillSignal", "OOMPolicy",
                "RuntimeMaxUSec", "SendSIGHUP", "Slice", "TimeoutStopUSec",
        };
        static const char *const prefixes[] = {
                "Allowed", "CPU", "IO", "ManagedOOM", "Memory", "StartupAllowed", "StartupCPU", "StartupIO",
                "StartupMemory", "Tasks",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(name, names[i]))
                        return true;

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++)
                if (startswith(name, prefixes[i]))
                        return true;

        return false;
}

int create_request_check_rights(const CreateRequest *q, const char **reterr_text) {
        assert(q);
        assert(reterr_text);

        if (q->uid == 0)
                return 0;

        for (size_t i = 0; i < q->properties.n; i++)
                if (!property_is_for_all(q->properties.list[i].name)) {
                        *reterr_text = "One of the scope's properties is for root to set";
                        return -EACCES;
                }

        return 0;
}

int vsock_cid_from_client(uint32_t cid, uint32_t *ret) {
        assert(ret);

        if (cid < VSOCK_CID_MIN)
                return -EINVAL;

        *ret = cid == MACHINE_VSOCK_NONE ? 0 : cid;
        return 0;
}

static int duplicate(int fd) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        return copy < 0 ? -errno : copy;
}

/* What names the leader: its pidfd, its number, or nothing, which means the caller. */
static int open_leader(const CreateRequest *q, int caller_fd) {
        if (q->leader_fd > 0)
                return process_is_pidfd(q->leader_fd) ? duplicate(q->leader_fd) : -EINVAL;
        if (q->leader > 0)
                return process_open(q->leader);

        return caller_fd < 0 ? -EINVAL : duplicate(caller_fd);
}

/* Returns 1 if @pidfd is the process that @q tells the number and the inode of. */
static int agrees(const CreateRequest *q, pid_t pid, int pidfd) {
        ProcessIdentity identity;
        int r;

        if (q->leader > 0 && q->leader != pid)
                return 0;
        if (q->leader_pidfd_id == 0)
                return 1;

        r = process_identify(pidfd, &identity);
        return r < 0 ? r : identity.pidfd_id == q->leader_pidfd_id;
}

static int hold_leader(CreateRequest *q, int caller_fd, const char **reterr_text) {
        _cleanup_close_ int fd = -EBADF;
        pid_t pid;
        int r;

        *reterr_text = "Invalid leader PID";
        fd = open_leader(q, caller_fd);
        if (fd < 0)
                return fd;

        r = process_pid(fd, &pid);
        if (r < 0)
                return r == -ESRCH ? r : -EINVAL; /* of a process that we do not see */
        if (pid == 1)
                return -EINVAL;

        r = agrees(q, pid, fd);
        if (r < 0)
                return r;
        if (r == 0) {
                *reterr_text = "What is said of the leader does not agree";
                /* A number and an inode that do not belong together did so once. */
                return q->leader_fd > 0 ? -EINVAL : -ESRCH;
        }

        if (q->leader_fd > 0)
                (void) close(q->leader_fd);
        q->leader_fd = TAKE_FD(fd);
        q->leader = pid;
        return 0;
}

static int hold_supervisor(CreateRequest *q, int caller_fd) {
        pid_t pid;
        int r;

        if (caller_fd < 0 || process_pid(caller_fd, &pid) < 0 || pid == q->leader)
                return 0;

        /* The caller's number was noted when it connected: by now it may be anybody's. */
        if (q->uid != 0 && process_is_owned_by(caller_fd, q->uid) <= 0)
                return 0;

        r = duplicate(caller_fd);
        if (r < 0)
                return r;

        if (q->supervisor_fd > 0)
                (void) close(q->supervisor_fd);
        q->supervisor_fd = r;
        return 0;
}

int create_request_hold(CreateRequest *q, int caller_fd, const char **reterr_text) {
        int r;

        assert(q);
        assert(reterr_text);

        r = hold_leader(q, caller_fd, reterr_text);
        if (r < 0)
                return r;

        return hold_supervisor(q, caller_fd);
}

static uint64_t now_usec(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

/* Takes over what it is given. */
static void replace_text(char **text, char *by) {
        free(*text);
        *text = by;
}

/* nspawn before 258 registers its guest while that is still beside it, in the part of
 * the unit that is the manager's own. */
static void strip_supervisor(char *subgroup) {
        char *slash = strrchr(subgroup, '/');

        if (streq(slash ? slash + 1 : subgroup, SUPERVISOR_GROUP))
                *(slash ?: subgroup) = 0;
}

int machine_info_locate(MachineInfo *info) {
        _cleanup_free_ char *path = NULL, *cgroup = NULL, *unit = NULL, *subgroup = NULL;
        int r;

        r = cgroup_of_process(info->leader, &path);
        if (r >= 0)
                r = cgroup_unit(path, &unit, &subgroup);
        if (r == -ENODATA)
                r = -ENXIO;
        if (r < 0)
                return r == -ENXIO && info->owns_scope ? 0 : r;

        /* Somebody has moved it: what is in the scope is ours to end all the same. */
        if (info->owns_scope && !streq(unit, info->unit))
                return 0;

        r = cgroup_unit_path(path, &cgroup);
        if (r < 0)
                return r;

        strip_supervisor(subgroup);
        if (!info->owns_scope && !streq_ptr(unit, info->unit))
                replace_text(&info->subgroup, subgroup[0] ? TAKE_PTR(subgroup) : NULL);
        replace_text(&info->cgroup, TAKE_PTR(cgroup));
        replace_text(&info->unit, TAKE_PTR(unit));
        return 0;
}

static int note_supervisor(const CreateRequest *q, MachineInfo *info) {
        int r;

        if (q->supervisor_fd <= 0)
                return 0;

        r = process_pid(q->supervisor_fd, &info->supervisor);
        if (r >= 0)
                r = process_identify(q->supervisor_fd, &info->supervisor_identity);
        if (r >= 0)
                return 0;

        /* It has done its work and gone. */
        info->supervisor = 0;
        return r == -ESRCH ? 0 : r;
}

static int copy_text(const char *text, char **ret) {
        if (isempty(text))
                return 0;

        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int copy_texts(const CreateRequest *q, MachineInfo *info) {
        int r;

        if ((r = copy_text(q->name, &info->name)) < 0 ||
            (r = copy_text(q->service, &info->service)) < 0 ||
            (r = copy_text(q->root_directory, &info->root_directory)) < 0 ||
            (r = copy_text(q->ssh_address, &info->ssh_address)) < 0 ||
            (r = copy_text(q->ssh_private_key_path, &info->ssh_private_key_path)) < 0)
                return r;

        return copy_text(q->control_address, &info->control_address);
}

static int copy_ifindices(const CreateRequest *q, MachineInfo *info) {
        info->ifindices = calloc(q->n_ifindices + 1, sizeof(int)); /* one more, for our own link */
        if (!info->ifindices)
                return -ENOMEM;

        for (size_t i = 0; i < q->n_ifindices; i++)
                info->ifindices[info->n_ifindices++] = q->ifindices[i];

        return 0;
}

int machine_info_from_request(const CreateRequest *q, int leader_fd, MachineInfo *info) {
        int r;

        if ((r = process_identify(leader_fd, &info->leader_identity)) < 0 ||
            (r = machine_class_from_string(q->class, &info->class)) < 0 ||
            (r = copy_texts(q, info)) < 0 ||
            (r = copy_ifindices(q, info)) < 0 ||
            (r = note_supervisor(q, info)) < 0)
                return r;

        info->id = q->id;
        info->leader = q->leader;
        info->uid = q->uid;
        info->vsock_cid = q->vsock_cid;
        info->realtime = now_usec(CLOCK_REALTIME);
        info->monotonic = now_usec(CLOCK_MONOTONIC);
        info->owns_scope = q->wants_scope;
        return q->wants_scope ? machine_scope_name(q->name, &info->unit) : machine_info_locate(info);
}
