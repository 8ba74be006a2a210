/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Descriptions
 *
 * Our interfaces in Varlink's own language: the files of varlink/, as
 * tools/embed-text has put them into the program.
 */

extern const char text_io_systemd_Machine[];
extern const char text_io_systemd_Resolve_Hook[];
extern const char text_io_systemd_UserDatabase[];
extern const char text_io_systemd_service[];
extern const char text_org_varlink_service[];
