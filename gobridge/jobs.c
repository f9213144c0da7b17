#include "abi.h"

#include <stdatomic.h>

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#else
#include <time.h>
#include <unistd.h>
#endif

/* A finished job leaves its handle in its slot. Two jobs that share a slot can hide one another's mark:
 * then the spin runs out and the waiter asks Go, which knows. */
#define SLOTS 4096
static _Atomic gb_handle finished[SLOTS];

void gb_job_mark(gb_handle job) { atomic_store(&finished[job % SLOTS], job); }

static int64_t now_ns(void) {
#ifdef _WIN32
	LARGE_INTEGER ticks, per_second;
	QueryPerformanceCounter(&ticks);
	QueryPerformanceFrequency(&per_second);
	return (int64_t)((double)ticks.QuadPart * 1e9 / (double)per_second.QuadPart);
#else
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
#endif
}

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

int gb_job_spin(gb_handle job, int64_t ns) {
	_Atomic gb_handle *slot = &finished[job % SLOTS];
	int64_t start = now_ns();
	for (;;) {
		for (int i = 0; i < 32; i++) {
			if (atomic_load_explicit(slot, memory_order_acquire) == job) return 1;
			pause_cpu();
		}
		if (now_ns() - start >= ns) return 0;
	}
}

int gb_wake(intptr_t wake) {
	char byte = 0;
#ifdef _WIN32
	return send((SOCKET)wake, &byte, 1, 0) == 1 ? 0 : -1;
#else
	return write((int)wake, &byte, 1) == 1 ? 0 : -1;
#endif
}
