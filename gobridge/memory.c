#ifdef __linux__
#define _GNU_SOURCE
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "abi.h"

#ifdef __linux__

/* Pages of ours that nothing has written are the file's: whoever needs one again reads it again. */
static int give_back(struct dl_phdr_info *object, size_t size, void *inside) {
	(void)size;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	int ours = 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + part->p_vaddr;
		ours |= part->p_type == PT_LOAD && (uintptr_t)inside - start < part->p_memsz;
	}
	for (int i = 0; ours && i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
		uintptr_t start = object->dlpi_addr + part->p_vaddr;
		uintptr_t first = (start + page - 1) & ~(page - 1), end = (start + part->p_memsz) & ~(page - 1);
		if (end > first) madvise((void *)first, end - first, MADV_DONTNEED);
	}
	return ours;
}

void gb_memory_give_back(void) { dl_iterate_phdr(give_back, (void *)gb_memory_give_back); }

#else

void gb_memory_give_back(void) {}

#endif
