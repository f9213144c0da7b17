/* What a forked child must know and give up. fork() copies one thread, so Go is dead there: these
 * functions are plain C, and the handler calls nothing that is not async-signal-safe. */
#include "abi.h"

#ifdef _WIN32

int gb_forked(void) { return 0; }
int gb_fork_guard(void) { return 0; }
void gb_fork_close_fd(int fd, int on) { (void)fd; (void)on; }
void gb_fork_close_port(int port, int on) { (void)port; (void)on; }

#else

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sets of small numbers, 0 for a free place: a fork may come in the middle of a change, so they are
 * fixed arrays of atomics. A number that finds no place is not closed in children. */
#define PLACES 1024
typedef _Atomic int set[PLACES];
static set fds, ports;
static atomic_int forked;

static void put(set s, int value, int on) {
	for (int i = 0; i < PLACES; i++) {
		int expected = on ? 0 : value;
		if (atomic_compare_exchange_strong(&s[i], &expected, on ? value : 0)) return;
	}
}

static int holds(set s, int value) {
	for (int i = 0; i < PLACES; i++)
		if (atomic_load(&s[i]) == value) return 1;
	return 0;
}

void gb_fork_close_fd(int fd, int on) { put(fds, fd + 1, on); }
void gb_fork_close_port(int port, int on) { put(ports, port, on); }
int gb_forked(void) { return atomic_load_explicit(&forked, memory_order_relaxed); }

/* The local port of a TCP socket, or 0. */
static int local_port(int fd) {
	struct sockaddr_storage a;
	socklen_t n = sizeof a, m = sizeof(int);
	int type = 0;
	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m) != 0 || type != SOCK_STREAM) return 0;
	if (a.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&a)->sin_port);
	if (a.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return 0;
}

/* Without this the child keeps the store locked, the ports taken, and the clients of a server that the
 * parent has stopped hanging. */
static void in_child(void) {
	int any_port = 0;
	atomic_store(&forked, 1);
	for (int i = 0; i < PLACES; i++) {
		int fd = atomic_load(&fds[i]) - 1;
		if (fd >= 0) close(fd);
		any_port |= atomic_load(&ports[i]);
	}
	if (!any_port) return;
	struct rlimit limit;
	int most = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
	for (int fd = 0; fd < most; fd++) {
		int port = local_port(fd);
		if (port && holds(ports, port)) close(fd);
	}
}

int gb_fork_guard(void) { return pthread_atfork(NULL, NULL, in_child); }

#endif
