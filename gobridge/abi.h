/* The C contract between gobridge (Go) and dotgnatly/_native.pyx (Cython). This file is its manual.
 *
 * Memory    Input (const char *, size_t) is borrowed for the call. A gb_buf that a function fills
 *           belongs to the caller, who frees it once with gb_buf_free. Lengths, never NUL endings.
 * Errors    gb_error *e comes last and is written on every path; code GB_OK means success and empty
 *           buffers. `facts` is a JSON object: the attributes of the Python exception.
 * Outputs   are zeroed on entry, because the caller's memory is not.
 * Handles   0 is never valid and no value is reused; a dead handle is GB_EHANDLE.
 * Blocking  Nothing here waits for a server, a network or another goroutine. What may take longer
 *           than some microseconds is a job: the call starts it and returns, see gb_job_*.
 * Threads   Every function may be called from any thread. None calls Python. Call them without the GIL.
 * Fork      A forked child must call nothing but gb_forked: its Go runtime is dead.
 */
#ifndef GB_ABI_H
#define GB_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t gb_handle;
typedef struct { char *data; size_t len; } gb_buf;
typedef struct { int32_t code; gb_buf message; gb_buf facts; } gb_error;
typedef struct { intptr_t reader, writer; } gb_pair; /* connected sockets, -1 for none */

/* One code for each reaction a caller can have. Appended, never renumbered; errors.py has the same. */
enum {
	GB_OK = 0,
	GB_ECONFIG = 1,      /* the configuration is refused; facts: errors, warnings [{path, message}] */
	GB_ESTART = 2,       /* the server did not start; it has been shut down */
	GB_ESTARTTIMEOUT = 3,/* reserved for Python, which holds the clock */
	GB_ESTOREINUSE = 4,  /* store_dir is locked; facts: store_dir, holder */
	GB_ESTOREDAMAGED = 5,/* reserved */
	GB_EPORTINUSE = 6,   /* a listener's address is taken; facts: key, address */
	GB_ECHANGE = 7,      /* a change was refused or rolled back; the previous configuration is in force */
	GB_ERESTART = 8,     /* a running server cannot take this change; facts: option */
	GB_EIMPOSSIBLE = 9,  /* reserved */
	GB_EVETOED = 10,     /* reserved */
	GB_ESTATE = 11,      /* not in this state */
	GB_ESTOPPED = 12,    /* the server is stopped or stopping */
	GB_ERUNNING = 13,    /* reserved */
	GB_ENOTFOUND = 14,   /* no such thing */
	GB_ESHUTDOWNTIMEOUT = 15, /* reserved for Python */
	GB_EFORKED = 16,     /* reserved for the fork guard */
	GB_EPANIC = 17,      /* a panic in the bridge, with its trace */
	GB_EHANDLE = 18,     /* a dead or foreign handle */
	GB_ECANCELED = 19    /* the job was cancelled before it took effect */
};

/* -- the process --------------------------------------------------------------------------------- */

/* gb_versions: JSON {nats_server, nats_go, go} to out. */
/* gb_env_set: os.environ, as NAME=value with a NUL between, becomes Go's environment: what differs is
 * set, what is missing is unset, under one lock. Go's own copy is as old as the process. */
/* gb_memory_limit: the soft limit of the Go heap in bytes, for all servers; < 0 reads it. Returns the
 * previous limit. Source: runtime/debug.SetMemoryLimit. */
/* gb_crash_output: Go's own crash reports are also appended to the file at path, which must be the
 * user's own regular file or absent. Source: runtime/debug.SetCrashOutput. */
/* gb_counts: JSON {servers, jobs, connections, goroutines} to out: what is alive, for leak checks. */
/* gb_fault: panics ("panic", "nil") inside the export, or ("goroutine") in a goroutine, which ends the
 * process. For the tests that prove the guard and the crash file. */
/* gb_password_hash: a job. Hashes a password by bcrypt, as a configuration may have it; cost is 4 to 31, and
 * doubles the price with each step. It cannot be cut short. Result: the hash. */
/* gb_buf_free: frees what a function here filled. Safe on a zeroed gb_buf. */

/* -- jobs ---------------------------------------------------------------------------------------- */

/* A goroutine entered from C is bound to its thread and pays for each wake, so nobody waits inside a
 * call. The caller spins on gb_job_spin, then gives gb_job_watch one end of a gb_pair and sleeps on the
 * other, then takes the result. A job is forgotten when it is taken. */

/* gb_job_watch: when the job finishes, one byte is written to `wake` (-1: stop watching; after
 * that call nothing is sent). Writes 1 to finished if it is over already: then nothing will be sent. */
/* gb_job_take: the result of a finished job to out, or its error to e, and forgets the job. */
/* gb_job_cancel: asks the job to undo itself. Writes 1 to finished if it is too late: the result stands.
 * Either way the job must still be taken, or dropped. */
/* gb_job_drop: cancels the job and forgets it, now or when it finishes. A server that it has started all
 * the same is stopped. */

/* -- configuration ------------------------------------------------------------------------------- */

/* gb_config_read: a job. Reads a configuration file (path) or text in the server's own format with the
 * server's own parser; result JSON {config: {...}, warnings: [...]}: the keys as written with includes,
 * variables and units resolved. Source: conf.ParseFileWithChecks, Options.ProcessConfigFile. */
/* gb_config_places: a job. Where each key of such a file or text stands; result JSON: a value is
 * ["file:line:column"], a block [place, {key: value}], a list [place, [value, ...]]. */
/* gb_config_check: a job. The text as gb_server_start takes it, checked without starting anything
 * (Options.ProcessConfigString, validateOptions); result JSON {warnings: [...]}. */
/* gb_config_compare: a job. Names of the options that differ between a file, read as nats-server reads
 * it, and a text; result JSON [name, ...]. */

/* -- keys and JWTs ------------------------------------------------------------------------------- */

/* These compute and wait for nothing. Seeds are wiped here after use, and none is kept. */

/* gb_nkey_create: makes a pair of the kind operator, account, user, server, cluster or curve; JSON {public,
 * seed} to out. Source: nkeys.CreatePair. */
/* gb_nkey_public: the public key of a seed to out. */
/* gb_nkey_sign: the signature of data, 64 bytes, to out. */
/* gb_nkey_verify: writes 1 to valid if the owner of a public key has signed the data. */
/* gb_jwt_encode: signs the claims of an operator, account or user, JSON as in their JWT with nats.type; what
 * they do not say has no limit. The JWT to out. Source: jwt.Claims.Encode. */
/* gb_jwt_decode: verifies the signature of such a JWT; JSON {claims, errors, warnings} to out, each a list of
 * [path, message]; what is wrong for its time only is an error of the path exp or nbf. Source: jwt.Decode,
 * Claims.Validate. */
/* gb_jwt_check: JSON {errors, warnings} of claims that are not signed yet. */
/* gb_creds_format: a .creds file of a user's JWT and seed to out. Source: jwt.FormatUserConfig. */
/* gb_creds_parse: the parts of such a file, JSON {jwt, seed}, to out. */

/* -- servers ------------------------------------------------------------------------------------- */

/* gb_server_start: a job. text is NATS configuration text; overlay is a JSON object with what no key can
 * say: {dont_listen, stderr, private_store, name, warnings, callout, events, metrics}; callout is null, or says
 * that logins are asked about, see gb_questions_take: {whom, issuer_seed, xkey_seed, user_seed}; events is null,
 * or as for gb_server_watch; metrics is who answers at /metrics of the monitoring listener, or 0. The handle is
 * valid at once. Result: JSON state, see gb_server_state. A cancelled or failed start leaves nothing behind. */
/* gb_server_apply: a job. The complete new text for a running server; clients stay connected. On any
 * error the previous configuration is in force. Result: as gb_server_start. */
/* gb_server_restart: a job. Stops the server and starts it again with the complete new text, on the same
 * handle, store and -1 ports. If it does not start, it is started as it was. Result: as gb_server_start. */
/* gb_server_plan: a job. The connections that gb_server_apply (kind "hot") or gb_server_restart ("restart")
 * would close; JSON [{cid, kind, name, user, account, reason}, ...]. Nothing is changed. */
/* gb_server_stop: a job. Shuts down and waits until the server is gone, its listeners closed, its store
 * unlocked, its private store removed. The handle is dead afterwards. */
/* gb_server_lame_duck: a job, over when it has begun: clients are told to connect elsewhere, after `grace`
 * closed one by one until `duration` is over, then the server stops as by gb_server_stop. Nanoseconds, < 0 as
 * configured. Until then GB_ESTATE refuses what changes the server; the same call again ends it at once.
 * Source: Server.LameDuckShutdown. */
/* gb_server_clients_left: the clients and leaf nodes of a server in lame duck mode, as of some milliseconds
 * ago; 0 once it has stopped. Takes no lock of the server's. */
/* gb_server_watch: a job. What is told of a running server from now on, see gb_events_take; JSON {whom,
 * system, advisories, credentials}: system adds what the server itself tells, advisories those of JetStream
 * to it; credentials are those of a user of an operator's system account. A change keeps it. GB_ECONFIG where
 * the configuration lets nobody listen. */
/* gb_server_wait: a job, over when the server is gone, however it went. */
/* gb_servers_stop: a job. The same for every server, as the process ends: no more can be started. */
/* gb_server_state: JSON {state, server_id, server_name, client_url, monitoring_url, websocket_url, ports,
 * jetstream_enabled} as of the last start or apply; state is starting, running or stopping. */
/* gb_server_running: 1 while the server is started and not stopping. Takes no lock. */
/* gb_server_monitor: a job. One monitoring document: endpoint is "varz", "connz", "routez", "gatewayz",
 * "leafz", "subsz", "accountz", "accstatz", "jsz", "healthz", "raftz" or "ipqueuesz", options the JSON of the
 * server's own options struct; "clients" is "connz" without the connections of the bridge itself. Result: the server's JSON. Varz is there when the call returns, some
 * microseconds later, where no Raft group could hold it up. */
/* gb_server_compare: a job. Names of the live options that differ from those of a text; JSON [name, ...]. */
/* gb_server_connect: adopts one end of a connected stream socket as an in-process client connection. The
 * socket is Go's from then on, also on error. Source: Server.InProcessConn. */
/* gb_server_reopen_log: a job. Closes and opens log_file again, for log rotation from outside. */
/* gb_server_push_account: a job. Gives the JWT of an account to the account resolver, once it is found valid
 * and its issuer trusted; its clients that may no longer be connected are cut off. Result: JSON {account,
 * kept}; a resolver in memory keeps nothing, it is configured. Source: server.DirAccResolver. */

/* -- connections of a server --------------------------------------------------------------------- */

/* gb_client_disconnect: a job. Closes the connection of a client or a leaf node; over when the server lists
 * it no more. GB_ENOTFOUND if there is none. Source: Server.DisconnectClientByID. */
/* gb_client_lame_duck: a job. Tells a client to connect to another server. GB_ENOTFOUND if there is none,
 * GB_ESTATE if it cannot be told. Source: Server.LDMClientByID. */

/* -- log lines ----------------------------------------------------------------------------------- */

/* gb_logs_open: from now on one byte is written to `wake` when lines wait. -1 stops that. */
/* gb_logs_take: JSON {lines: [[server_name, level, time_ns, text], ...], dropped} to out: all that wait, at
 * most some thousand; `dropped` counts lines lost to a full ring since the last call. Levels are those of
 * Python's logging; trace is 5. */

/* -- events -------------------------------------------------------------------------------------- */

/* gb_events_open: from now on one byte is written to `wake` when events wait. -1 stops that. */
/* gb_events_take: JSON {events: [[whom, name, data], ...], dropped: {whom: n}} to out: all that wait, at most
 * some thousand; `dropped` counts those lost to a full ring since the last call. Data is a string with the
 * server's own JSON, or like it: it has timestamp and server. Source: server.ConnectEventMsg, server.DisconnectEventMsg,
 * server.AccountNumConns, server.JSAdvisoryPrefix. */

/* -- questions ----------------------------------------------------------------------------------- */

/* gb_questions_open: from now on one byte is written to `wake` when questions wait. -1 stops that. */
/* gb_questions_take: JSON [[whom, number, timeout_ns, data], ...] to out: all that wait. Whom is the number
 * that Python gave who answers. Data is {user, password, token, nkey, jwt, account, ...}: who wants to log in;
 * or {query, accept, accept_encoding}: a request for /metrics. */
/* gb_question_answer: the answer to one. To a login: the claims of a user in JSON, without a subject; nothing
 * refuses. Source: server.processClientOrLeafCallout. To a request: a line of JSON, {status, headers}, and the
 * body. An answer that comes too late, or twice, is not heard. */

/* -- in C, no Go runtime needed ------------------------------------------------------------------ */

int gb_forked(void);                         /* 1 in a forked child of the process that loaded us */
int gb_fork_guard(void);                     /* installs the fork handler; 0 or an errno */
int gb_job_spin(gb_handle job, int64_t ns);  /* spins until the job is over (1) or ns have passed (0) */
int gb_pair_open(gb_pair *pair);             /* what a waiter sleeps on; 0, or -1 */
int gb_wake(intptr_t writer);                /* writes the byte that a waiter sleeps until */
void gb_pair_close(gb_pair *pair);           /* nobody may write to it any more */

/* For Go only. */
void gb_job_mark(gb_handle job);             /* the job is over: ends its spin */
void gb_memory_give_back(void);              /* unmaps what only loading and starting have read */
void gb_fork_close_fd(int fd, int on);       /* descriptors that a forked child must not keep */
void gb_fork_close_port(int port, int on);   /* sockets bound to these local ports, likewise */

#endif
