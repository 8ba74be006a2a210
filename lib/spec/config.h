/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Config
 *
 * What the administrator decides for all machines of this host, from
 * /etc/berth/berthd.conf. Plain values, all of them set: what the file does not
 * mention has its default. Described in berthd.conf(5).
 */

#include "lib/base/base.h"
#include "lib/base/inet.h"

#define CONFIG_PATH "/etc/berth/berthd.conf"

#define CONFIG_POOLS_MAX 8

/* Each machine gets a network of this length out of a pool. */
#define CONFIG_LENGTH4 28
#define CONFIG_LENGTH6 64

typedef struct ConfigPools {
        InetRange pools[CONFIG_POOLS_MAX];
        size_t n;               /* 0: machines get no such addresses */
} ConfigPools;

typedef struct Config {
        bool wire;              /* give machines without a network one */
        bool masquerade;        /* let them reach what the host reaches */
        ConfigPools four;
        ConfigPools six;
        bool six_from_host;     /* the pool follows from the host's machine id; six.n is 0 */
        bool journal_link;      /* show their journals on the host */
} Config;

/* Where a file is wrong, and how. */
typedef struct ConfigError {
        unsigned line;          /* 0 if the file could not be read at all */
        const char *reason;     /* a static string */
} ConfigError;

/**
 * config_init() - set every value to its default
 * @c:                  configuration to set
 */
void config_init(Config *c);

/**
 * config_parse() - read the text of a configuration file
 * @text:               the text
 * @ret:                return location for the configuration
 * @reterr:             return location for what is wrong, or NULL
 *
 * Nothing is passed over: an unknown section or key, a key given twice, a value
 * that is not one, or a line that is neither.
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      something is wrong
 */
int config_parse(const char *text, Config *ret, ConfigError *reterr);

/**
 * config_load() - read a configuration file
 * @path:               file to read; that there is none is no failure
 * @ret:                return location for the configuration
 * @reterr:             return location for what is wrong, or NULL
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -EINVAL      something is wrong in it
 *         -EFBIG       too long for what it is
 *         others       it could not be read
 */
int config_load(const char *path, Config *ret, ConfigError *reterr);
