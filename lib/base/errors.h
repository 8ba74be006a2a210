/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Errors
 *
 * Everything that can fail returns 0 or more on success, and a negative code
 * on failure: -errno, or the negative of one of these, for the conditions that
 * errno has no number for. They begin beyond the last errno, so both fit into
 * the same int, and what the client is to be told of each stands here, once.
 */

#include "lib/base/base.h"

/* The namespace of machined's own error names, which ours continue. */
#define ERROR_PREFIX "org.freedesktop.machine1."

/*        code                  D-Bus name                                      what to say */
#define ERRORS(X)                                                                                               \
        X(E_NO_SUCH_MACHINE,    "org.freedesktop.machine1.NoSuchMachine",       "No such machine")      \
        X(E_NO_SUCH_IMAGE,      "org.freedesktop.machine1.NoSuchImage",         "No such image")        \
        X(E_NO_MACHINE_FOR_PID, "org.freedesktop.machine1.NoMachineForPID",     "Process belongs to no machine") \
        X(E_MACHINE_EXISTS,     "org.freedesktop.machine1.MachineExists",       "Machine exists already") \
        X(E_NO_PRIVATE_NETWORK, "org.freedesktop.machine1.NoPrivateNetworking", "Machine uses the host's network") \
        X(E_NO_SUCH_USER_MAPPING, "org.freedesktop.machine1.NoSuchUserMapping", "No such mapping of users") \
        X(E_NO_SUCH_GROUP_MAPPING, "org.freedesktop.machine1.NoSuchGroupMapping", "No such mapping of groups") \
        X(E_JOB_FAILED,         "org.freedesktop.systemd1.JobFailed",           "Unit could not be started") \
        X(E_MACHINE_FAILED,     "org.berth.MachineFailed",                      "Machine ended while it was starting") \
        X(E_BAD_MACHINE_ID,     "org.berth.BadMachineId",                       "The machine id is garbage") \
        X(E_UNSAFE_PATH,        "org.berth.UnsafePath",                         "Path leads out of the machine's root directory") \
        X(E_INTERACTION_REQUIRED, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "Interactive authentication required") \
        X(E_LIMITS_EXCEEDED,    "org.freedesktop.DBus.Error.LimitsExceeded",    "Too many at a time")           \
        X(E_UNKNOWN_PROPERTY,   "org.freedesktop.DBus.Error.UnknownProperty",   "Unknown property")     \
        X(E_NO_CONTROLLER,      "org.berth.NoController",                       "Limits need the controllers of cgroup v2") \
        X(E_NO_POOL_LEFT,       "org.berth.NoAddressLeft",                      "No free address range in the pool") \
        X(E_NO_SUCH_USER,       "org.berth.NoSuchUser",                         "No such user in the machine")  \
        X(E_PROGRAM_NOT_FOUND,  "org.berth.NotFound",                           "No such program in the machine") \
        X(E_NOT_EXECUTABLE,     "org.berth.NotExecutable",                      "Program cannot be executed")   \
        X(E_MACHINE_FROZEN,     "org.berth.MachineFrozen",                      "Machine is frozen")                    \
        X(E_MACHINE_STARTING,   "org.berth.MachineStarting",                    "Machine is only starting")                \
        X(E_TREE_BUSY,          "org.berth.TreeBusy",                           "Tree is in use already")

enum {
        _ERROR_BASE = 4999,     /* Linux promises not to go beyond 4095 */
#define X(code, name, text) code,
        ERRORS(X)
#undef X
        _ERROR_MAX,
};

/**
 * error_text() - describe an error to people
 * @error:              negative error code, -errno or one of ours
 *
 * Return: a static or thread-local string, never NULL.
 */
const char *error_text(int error);

/**
 * error_bus_name() - D-Bus name of one of our own errors
 * @error:              negative error code
 *
 * Return: the name, or NULL if @error is an errno: sd-bus names those.
 */
const char *error_bus_name(int error);

/**
 * error_from_bus_name() - read the D-Bus name of one of our own errors
 * @name:               D-Bus error name
 *
 * Return: the negative error code, or 0 if the name is not one of ours.
 */
int error_from_bus_name(const char *name);
