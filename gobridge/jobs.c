#include "abi.h"

#include <stdatomic.h>

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
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

static void yield_cpu(void) {
#ifdef _WIN32
	SwitchToThread();
#else
	sched_yield();
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
		int64_t spent = now_ns() - start;
		if (spent >= ns) return 0;
		if (spent > 20000) yield_cpu(); /* somebody may need the core, the job's own threads first */
	}
}

#ifdef _WIN32

int gb_wake(intptr_t writer) {
	char byte = 0;
	return send((SOCKET)writer, &byte, 1, 0) == 1 ? 0 : -1;
}

/* Windows has no socketpair: a connection to ourselves. */
int gb_pair_open(gb_pair *pair) {
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, there;
	int n = sizeof here, m = sizeof there;
	SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
	SOCKET reader = socket(AF_INET, SOCK_STREAM, 0), writer = INVALID_SOCKET;
	if (bind(listener, (struct sockaddr *)&here, sizeof here) == 0 && listen(listener, 1) == 0 &&
	    getsockname(listener, (struct sockaddr *)&here, &n) == 0 &&
	    connect(reader, (struct sockaddr *)&here, sizeof here) == 0 &&
	    getsockname(reader, (struct sockaddr *)&here, &n) == 0)
		writer = accept(listener, (struct sockaddr *)&there, &m);
	closesocket(listener);
	pair->reader = (intptr_t)reader;
	pair->writer = (intptr_t)writer;
	/* Anybody on the machine could have connected first. */
	if (writer != INVALID_SOCKET && there.sin_port == here.sin_port) return 0;
	gb_pair_close(pair);
	return -1;
}

void gb_pair_close(gb_pair *pair) {
	if (pair->reader != -1) closesocket((SOCKET)pair->reader);
	if (pair->writer != -1) closesocket((SOCKET)pair->writer);
	pair->reader = pair->writer = -1;
}

#else

int gb_wake(intptr_t writer) {
	char byte = 0;
	return write((int)writer, &byte, 1) == 1 ? 0 : -1;
}

int gb_pair_open(gb_pair *pair) {
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
	for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
	pair->reader = ends[0];
	pair->writer = ends[1];
	return 0;
}

void gb_pair_close(gb_pair *pair) {
	if (pair->reader != -1) close((int)pair->reader);
	if (pair->writer != -1) close((int)pair->writer);
	pair->reader = pair->writer = -1;
}

#endif
