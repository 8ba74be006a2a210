/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tables
 *
 * Rows of text below headings, for people by libsmartcols, for programs as JSON:
 * an array of objects whose keys are the headings in small letters.
 */

#include "client/client.h"
#include "lib/base/base.h"

typedef struct Table Table;

/**
 * table_new() - make an empty table
 * @headings:           headings of its columns, NULL-terminated
 * @ret:                return location for the table
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int table_new(const char *const *headings, Table **ret);

Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free);

/**
 * table_add_row() - append a row
 * @table:              the table
 * @cells:              as many as there are headings; NULL or "" is an empty
 *                      cell, and one may have several lines
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM
 */
int table_add_row(Table *table, const char *const *cells);

/* Sorts the rows by their first cell. */
void table_sort(Table *table);

/**
 * table_print() - print a table as the client's options have it
 * @table:              the table
 * @client:             its options and screen
 * @footer:             what to print below, with one %zu for the number of rows
 * @nothing:            what to print in place of an empty table
 *
 * Return: 0 on success, negative error code on failure.
 * Errors: -ENOMEM, -EIO
 */
int table_print(Table *table, Client *client, const char *footer, const char *nothing);
