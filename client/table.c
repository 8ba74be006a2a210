/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <libsmartcols.h>
#include <stdio.h>

#include "client/table.h"
#include "lib/base/text.h"

struct Table {
        const char *const *headings;
        size_t n_columns;
        char **cells;           /* n_columns of each row, one after the other */
        size_t n_rows;
};

int table_new(const char *const *headings, Table **ret) {
        Table *table;

        assert(headings);
        assert(ret);

        table = calloc(1, sizeof(*table));
        if (!table)
                return -ENOMEM;

        table->headings = headings;
        while (headings[table->n_columns])
                table->n_columns++;

        *ret = table;
        return 0;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;

        for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
                free(table->cells[i]);

        free(table->cells);
        free(table);
        return NULL;
}

int table_add_row(Table *table, const char *const *cells) {
        size_t n = table->n_rows * table->n_columns;
        char **grown;

        grown = reallocarray(table->cells, n + table->n_columns, sizeof(char *));
        if (!grown)
                return -ENOMEM;
        table->cells = grown;

        for (size_t i = 0; i < table->n_columns; i++) {
                grown[n + i] = strdup(cells[i] ?: "");
                if (!grown[n + i]) {
                        while (i > 0)
                                free(grown[n + --i]);
                        return -ENOMEM;
                }
        }

        table->n_rows++;
        return 0;
}

static int compare_rows(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void table_sort(Table *table) {
        if (table->n_rows > 0)
                qsort(table->cells, table->n_rows, table->n_columns * sizeof(char *), compare_rows);
}

static int to_json(const Table *table, json_t **ret) {
        _cleanup_(json_freep) json_t *all = json_array();

        for (size_t i = 0; i < table->n_rows; i++) {
                json_t *row = json_object();

                if (json_array_append_new(all, row) < 0)
                        return -ENOMEM;

                for (size_t j = 0; j < table->n_columns; j++) {
                        const char *cell = table->cells[i * table->n_columns + j];
                        char key[64];
                        size_t k = 0;

                        for (const char *p = table->headings[j]; *p && k < sizeof(key) - 1; p++)
                                key[k++] = (char) tolower(*p);
                        key[k] = 0;

                        if (json_object_set_new(row, key, *cell ? json_string(cell) : json_null()) < 0)
                                return -ENOMEM;
                }
        }

        *ret = TAKE_PTR(all);
        return 0;
}

static void table_unrefp(struct libscols_table **t) {
        scols_unref_table(*t);
}

static int add_columns(struct libscols_table *t, const Table *table, const Client *client) {
        for (size_t i = 0; i < table->n_columns; i++) {
                struct libscols_column *column;

                /* One that is not printed would make the column as wide all the same. */
                column = scols_table_new_column(t, client->options.no_legend ? "" : table->headings[i], 0,
                                                SCOLS_FL_WRAP | (client->options.full ? 0 : SCOLS_FL_TRUNC));
                if (!column)
                        return -ENOMEM;

                /* Lines of a cell are lines on the screen, and nothing else is cut. */
                (void) scols_column_set_safechars(column, "\n");
                (void) scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
                                                 NULL);
                if (client->screen.colors)
                        (void) scols_cell_set_color(scols_column_get_header(column), "\x1b[4m");
        }

        return 0;
}

static int to_text(const Table *table, Client *client) {
        _cleanup_(table_unrefp) struct libscols_table *t = NULL;
        int r;

        scols_init_debug(0);
        t = scols_new_table();
        if (!t)
                return -ENOMEM;

        (void) scols_table_enable_minout(t, true);
        (void) scols_table_enable_noheadings(t, client->options.no_legend);
        (void) scols_table_enable_colors(t, client->screen.colors);
        r = add_columns(t, table, client);
        if (r < 0)
                return r;

        for (size_t i = 0; i < table->n_rows; i++) {
                struct libscols_line *line = scols_table_new_line(t, NULL);

                if (!line)
                        return -ENOMEM;

                for (size_t j = 0; j < table->n_columns; j++) {
                        const char *cell = table->cells[i * table->n_columns + j];

                        r = scols_line_set_data(line, j, isempty(cell) ? "-" : cell);
                        if (r < 0)
                                return r;
                }
        }

        return scols_print_table(t);
}

int table_print(Table *table, Client *client, const char *footer, const char *nothing) {
        json_t *json;
        int r;

        assert(table);
        assert(client);

        if (client->options.format != OUTPUT_TEXT) {
                r = to_json(table, &json);
                return r < 0 ? r : client_print_json(client, json);
        }

        if (table->n_rows > 0) {
                r = to_text(table, client);
                if (r < 0)
                        return r;
        }

        if (client->options.no_legend)
                return 0;
        if (table->n_rows == 0)
                (void) puts(nothing);
        else {
                (void) putchar('\n');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                (void) printf(footer, table->n_rows);
#pragma GCC diagnostic pop
                (void) putchar('\n');
        }

        return 0;
}
