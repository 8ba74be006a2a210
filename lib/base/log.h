/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Log
 *
 * Messages of the programs, to standard error or to the journal's socket when
 * standard error is connected to it: one line each, with the priority prefix
 * that journald reads there (sd-daemon.h, "<3>text"). Libraries do not log,
 * except for debugging; mains, handlers and supervisors do, once.
 */

#include <syslog.h>

#include "lib/base/base.h"

/**
 * log_set_level() - choose what is printed
 * @level:              highest priority number to print, LOG_EMERG to LOG_DEBUG
 */
void log_set_level(int level);

/**
 * log_get_level() - what is printed
 *
 * Return: highest priority number that is printed.
 */
int log_get_level(void);

/**
 * log_setup() - read the environment, and see where standard error leads
 *
 * BERTH_LOG_LEVEL is a level as log_level_from_string() reads it.
 */
void log_setup(void);

/**
 * log_full() - print one message
 * @level:              its priority, LOG_EMERG to LOG_DEBUG
 * @error:              error code to describe behind the message, or 0
 * @format:             printf() format, without a newline
 *
 * Return: @error, made negative: `return log_error(r, …)`.
 */
int log_full(int level, int error, const char *format, ...) _printf_(3, 4);

const char *log_level_to_string(int level);

/**
 * log_level_from_string() - read a level, as a name of syslog.h or a number
 * @s:                  for example "debug" or "7"
 *
 * Return: the level, negative error code on failure.
 * Errors: -EINVAL      not a level
 */
int log_level_from_string(const char *s);

#define log_debug(...) log_full(LOG_DEBUG, 0, __VA_ARGS__)
#define log_info(...) log_full(LOG_INFO, 0, __VA_ARGS__)
#define log_notice(...) log_full(LOG_NOTICE, 0, __VA_ARGS__)
#define log_warning(error, ...) log_full(LOG_WARNING, error, __VA_ARGS__)
#define log_error(error, ...) log_full(LOG_ERR, error, __VA_ARGS__)
