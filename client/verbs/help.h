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
 * Return: 0, always: the exit status.
 */
int print_help(Client *client);
