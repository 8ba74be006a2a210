/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Help
 *
 * For the verb, and for --help.
 */

#include "client/client.h"

/**
 * print_help() - print all verbs and options
 * @client:             the client
 *
 * Return: exit status, or negative error code on failure.
 * Errors: -EIO         it could not be written
 *         -ENOMEM
 */
int print_help(Client *client);
