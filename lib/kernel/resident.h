/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Resident memory
 *
 * A program that has begun, and will mostly wait from now on, needs little of
 * what it and its libraries have been paged in for.
 */

/**
 * resident_give_back() - have no page of our program resident that we have not written to
 *
 * They are the files', and come back from the page cache when they are wanted. What
 * cannot be given back stays.
 */
void resident_give_back(void);
