/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Capabilities by name, as bits: bit N is capability N of capabilities(7). The
 * ones that a container keeps by default are those that nspawn leaves it.
 */

#include <linux/capability.h>

#include "lib/base/base.h"

#define CAPABILITY_BIT(capability) (UINT64_C(1) << (capability))

/* What "all" means: those that the kernel adds later, too. */
#define CAPABILITIES_ALL UINT64_MAX

/* None of the audit's, which is the host's: a guest that cannot reach it does without. */
#define CAPABILITIES_DEFAULT                                                                    \
        (CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |                         \
         CAPABILITY_BIT(CAP_DAC_READ_SEARCH) | CAPABILITY_BIT(CAP_FOWNER) |                     \
         CAPABILITY_BIT(CAP_FSETID) | CAPABILITY_BIT(CAP_IPC_OWNER) |                           \
         CAPABILITY_BIT(CAP_KILL) | CAPABILITY_BIT(CAP_LEASE) |                                 \
         CAPABILITY_BIT(CAP_LINUX_IMMUTABLE) | CAPABILITY_BIT(CAP_MKNOD) |                      \
         CAPABILITY_BIT(CAP_NET_BIND_SERVICE) | CAPABILITY_BIT(CAP_NET_BROADCAST) |             \
         CAPABILITY_BIT(CAP_NET_RAW) | CAPABILITY_BIT(CAP_SETFCAP) |                            \
         CAPABILITY_BIT(CAP_SETGID) | CAPABILITY_BIT(CAP_SETPCAP) |                             \
         CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SYS_ADMIN) |                           \
         CAPABILITY_BIT(CAP_SYS_BOOT) | CAPABILITY_BIT(CAP_SYS_CHROOT) |                        \
         CAPABILITY_BIT(CAP_SYS_NICE) | CAPABILITY_BIT(CAP_SYS_PTRACE) |                        \
         CAPABILITY_BIT(CAP_SYS_RESOURCE) | CAPABILITY_BIT(CAP_SYS_TTY_CONFIG))

/**
 * capabilities_parse() - read a list of capabilities
 * @s:                  CAP_NAME,CAP_NAME,… in any case, or "all"
 * @ret:                return location for their bits
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      one is unknown, or the list is empty
 *         -ENOMEM
 */
int capabilities_parse(const char *s, uint64_t *ret);

/**
 * capability_name() - name of a capability
 * @capability:         its number
 *
 * Return: a static string in lower case, or NULL if we do not know it.
 */
const char *capability_name(unsigned capability);
