/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names of machines, for the host's resolver
 *
 * io.systemd.Resolve.Hook, which systemd-resolved asks since 259: which names are
 * machines', and where those are. Only of what root has registered: with a name
 * of their choice others could take any host's place.
 */

#include "daemon/varlink/varlink-context.h"

#define RESOLVE_HOOK_SOCKET "/run/systemd/resolve.hook/io.systemd.Machine"

/* How long changes are collected before the resolver is told of them. */
#define RESOLVE_HOOK_DELAY_USEC (100 * USEC_PER_MSEC)

typedef struct ResolveHook ResolveHook;

/**
 * resolve_hook_new() - get ready to tell of machines
 * @context:            where they are; borrowed
 * @ret:                return location for the new object, which is the userdata that
 *                      a server of varlink_resolve_interface needs
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 *         others       what sd-event runs into
 */
int resolve_hook_new(const VarlinkContext *context, ResolveHook **ret);

/**
 * resolve_hook_free() - tell no longer of machines
 * @h:                  the object, or NULL; its server has gone before
 *
 * Return: NULL, always.
 */
ResolveHook *resolve_hook_free(ResolveHook *h);
DEFINE_CLEANUP(ResolveHook, resolve_hook_free);

extern const VarlinkInterface varlink_resolve_interface;
