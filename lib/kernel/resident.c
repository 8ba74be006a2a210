/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include "lib/base/base.h"
#include "lib/kernel/resident.h"

static int give_back(struct dl_phdr_info *object, _unused_ size_t size, void *userdata) {
        uintptr_t page = *(uintptr_t *) userdata;

        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &object->dlpi_phdr[i];
                uintptr_t begin = (object->dlpi_addr + p->p_vaddr) & ~(page - 1);

                /* What may be written to may have been: that would be lost. */
                if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
                        (void) madvise((void *) begin, object->dlpi_addr + p->p_vaddr + p->p_memsz - begin,
                                       MADV_DONTNEED);
        }

        return 0;
}

void resident_give_back(void) {
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);

        (void) malloc_trim(0);
        (void) dl_iterate_phdr(give_back, &page);
}
