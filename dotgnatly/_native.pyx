# cython: language_level=3, freethreading_compatible=True
"""One thin function for each function of gobridge/abi.h, which is the manual. All policy is Python above.

Loading this module starts the Go runtime: ``runtime.native`` does it, at the first call that needs it.
Handles are integers. In a forked child every call raises ``ForkedProcessError``.
"""
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, intptr_t, uint64_t

import msgspec

from dotgnatly import runtime
from dotgnatly.errors import from_native

cdef extern from "abi.h" nogil:
    ctypedef uint64_t gb_handle
    ctypedef struct gb_buf:
        char *data
        size_t len
    ctypedef struct gb_error:
        int32_t code
        gb_buf message
        gb_buf facts
    int gb_forked()
    int gb_fork_guard()
    ctypedef struct gb_pair:
        intptr_t reader
        intptr_t writer
    int gb_job_spin(gb_handle job, int64_t ns)
    int gb_wake(intptr_t writer)
    int gb_pair_open(gb_pair *p)
    void gb_pair_close(gb_pair *p)

cdef extern from "libgobridge.h" nogil:
    void gb_buf_free(gb_buf b)
    void gb_versions(gb_buf *out, gb_error *e)
    void gb_env_set(char *data, size_t n, gb_error *e)
    void gb_memory_limit(int64_t limit, int64_t *before, gb_error *e)
    void gb_crash_output(char *path, size_t n, gb_error *e)
    void gb_counts(gb_buf *out, gb_error *e)
    void gb_fault(char *kind, size_t n, gb_error *e)
    void gb_password_hash(char *data, size_t n, int cost, gb_handle *job, gb_error *e)
    void gb_job_watch(gb_handle job, intptr_t socket, int *finished, gb_error *e)
    void gb_job_take(gb_handle job, gb_buf *out, gb_error *e)
    void gb_job_cancel(gb_handle job, int *finished, gb_error *e)
    void gb_job_drop(gb_handle job, gb_error *e)
    void gb_config_read(char *kind, size_t kn, char *data, size_t n, gb_handle *job, gb_error *e)
    void gb_config_places(char *kind, size_t kn, char *data, size_t n, gb_handle *job, gb_error *e)
    void gb_config_check(char *text, size_t n, char *over, size_t on, gb_handle *job, gb_error *e)
    void gb_config_compare(char *path, size_t pn, char *text, size_t n, gb_handle *job, gb_error *e)
    void gb_nkey_create(char *kind, size_t n, gb_buf *out, gb_error *e)
    void gb_nkey_public(char *seed, size_t n, gb_buf *out, gb_error *e)
    void gb_nkey_sign(char *seed, size_t sn, char *data, size_t n, gb_buf *out, gb_error *e)
    void gb_nkey_verify(char *key, size_t kn, char *data, size_t n, char *signature, size_t sn,
                        int *valid, gb_error *e)
    void gb_jwt_encode(char *claims, size_t n, char *seed, size_t sn, gb_buf *out, gb_error *e)
    void gb_jwt_decode(char *token, size_t n, gb_buf *out, gb_error *e)
    void gb_jwt_check(char *claims, size_t n, gb_buf *out, gb_error *e)
    void gb_creds_format(char *token, size_t n, char *seed, size_t sn, gb_buf *out, gb_error *e)
    void gb_creds_parse(char *data, size_t n, gb_buf *out, gb_error *e)
    void gb_server_start(char *text, size_t n, char *over, size_t on, gb_handle *server,
                         gb_handle *job, gb_error *e)
    void gb_server_apply(gb_handle server, char *text, size_t n, char *over, size_t on,
                         gb_handle *job, gb_error *e)
    void gb_server_restart(gb_handle server, char *text, size_t n, char *over, size_t on,
                           gb_handle *job, gb_error *e)
    void gb_server_plan(gb_handle server, char *kind, size_t kn, char *text, size_t n, char *over,
                        size_t on, gb_handle *job, gb_error *e)
    void gb_server_stop(gb_handle server, gb_handle *job, gb_error *e)
    void gb_server_lame_duck(gb_handle server, int64_t duration, int64_t grace, gb_handle *job,
                             gb_error *e)
    void gb_server_watch(gb_handle server, char *wanted, size_t n, gb_handle *job, gb_error *e)
    int64_t gb_server_clients_left(gb_handle server)
    void gb_server_wait(gb_handle server, gb_handle *job, gb_error *e)
    void gb_servers_stop(gb_handle *job, gb_error *e)
    void gb_server_state(gb_handle server, gb_buf *out, gb_error *e)
    int gb_server_running(gb_handle server)
    void gb_server_monitor(gb_handle server, char *endpoint, size_t en, char *options, size_t n,
                           gb_handle *job, gb_error *e)
    void gb_server_compare(gb_handle server, char *kind, size_t kn, char *data, size_t n,
                           gb_handle *job, gb_error *e)
    void gb_server_connect(gb_handle server, intptr_t socket, gb_error *e)
    void gb_server_reopen_log(gb_handle server, gb_handle *job, gb_error *e)
    void gb_client_disconnect(gb_handle server, uint64_t cid, gb_handle *job, gb_error *e)
    void gb_client_lame_duck(gb_handle server, uint64_t cid, gb_handle *job, gb_error *e)
    void gb_server_push_account(gb_handle server, char *token, size_t n, gb_handle *job, gb_error *e)
    void gb_logs_open(intptr_t socket, gb_error *e)
    void gb_logs_take(gb_buf *out, gb_error *e)
    void gb_events_open(intptr_t socket, gb_error *e)
    void gb_events_take(gb_buf *out, gb_error *e)
    void gb_questions_open(intptr_t socket, gb_error *e)
    void gb_questions_take(gb_buf *out, gb_error *e)
    void gb_question_answer(uint64_t number, char *data, size_t n, gb_error *e)

if gb_fork_guard() != 0:
    raise ImportError("dotgnatly: the fork handler could not be installed")

cdef int _require_owner() except -1:
    if gb_forked():
        raise runtime.forked_error()
    return 0

cdef bytes _take(gb_buf *b):                   # copy, and free whatever happens
    try:
        return PyBytes_FromStringAndSize(b.data, <Py_ssize_t>b.len)
    finally:
        gb_buf_free(b[0])

cdef tuple _failure(gb_error *e):              # as from_native takes it, or None; frees the texts
    if e.code == 0:
        return None
    message = _take(&e.message).decode("utf-8", "replace")
    facts = _take(&e.facts)
    return e.code, message, msgspec.json.decode(facts) if facts else {}

cdef int _check(gb_error *e) except -1:        # raises by code, frees the texts
    failure = _failure(e)
    if failure is not None:
        raise from_native(*failure)
    return 0

ctypedef void (*_Giving)(gb_buf *, gb_error *) noexcept nogil
ctypedef void (*_Opening)(intptr_t, gb_error *) noexcept nogil

cdef bytes _given(_Giving function):
    cdef gb_buf out
    cdef gb_error e
    _require_owner()
    with nogil:
        function(&out, &e)
    _check(&e)
    return _take(&out)

cdef int _open(_Opening function, intptr_t socket) except -1:
    cdef gb_error e
    _require_owner()
    with nogil:
        function(socket, &e)
    _check(&e)
    return 0

def forked() -> bool:
    return bool(gb_forked())

def versions() -> bytes:
    return _given(gb_versions)

def env_set(bytes environ not None) -> None:
    cdef gb_error e
    cdef char *p = environ
    cdef size_t n = len(environ)
    _require_owner()
    with nogil:
        gb_env_set(p, n, &e)
    _check(&e)

def memory_limit(int64_t limit) -> int:
    cdef gb_error e
    cdef int64_t before
    _require_owner()
    with nogil:
        gb_memory_limit(limit, &before, &e)
    _check(&e)
    return before

def crash_output(bytes path not None) -> None:
    cdef gb_error e
    cdef char *p = path
    cdef size_t n = len(path)
    _require_owner()
    with nogil:
        gb_crash_output(p, n, &e)
    _check(&e)

def counts() -> bytes:
    return _given(gb_counts)

def fault(bytes kind not None) -> None:
    cdef gb_error e
    cdef char *p = kind
    cdef size_t n = len(kind)
    _require_owner()
    with nogil:
        gb_fault(p, n, &e)
    _check(&e)

cdef class Job:
    """A job in Go, from its start until its result is taken. One that nobody holds any more is cancelled
    and forgotten, so that none is lost wherever an exception or a signal comes."""
    cdef gb_handle handle
    cdef gb_pair pair
    cdef bytes result                      # once it is taken, and the handle dead: this or a failure
    cdef tuple failure

    def __cinit__(self):
        self.pair.reader = self.pair.writer = -1
        self.result = b""

    def spin(self, int64_t ns) -> bool:
        cdef int over
        _require_owner()
        if self.handle == 0:
            return True
        with nogil:
            over = gb_job_spin(self.handle, ns)
        return bool(over)

    def watch(self) -> int:
        """What to wait for: a descriptor that can be read when the job is over. It is the job's."""
        cdef gb_error e
        cdef int over
        _require_owner()
        if self.pair.reader < 0 and gb_pair_open(&self.pair) != 0:
            raise OSError("no descriptor is left to wait for a job with")
        with nogil:
            gb_job_watch(self.handle, self.pair.writer, &over, &e)
        _check(&e)
        if over:
            gb_wake(self.pair.writer)
        return self.pair.reader

    def take(self) -> bytes:
        cdef gb_buf out
        cdef gb_error e
        _require_owner()
        if self.handle != 0:
            with nogil:
                gb_job_take(self.handle, &out, &e)
            self.handle = 0
            gb_pair_close(&self.pair)      # not later: an exception may keep the job alive
            self.failure = _failure(&e)
            if self.failure is None:
                self.result = _take(&out)
        if self.failure is not None:
            raise from_native(*self.failure)
        return self.result

    def cancel(self) -> bool:
        cdef gb_error e
        cdef int late
        _require_owner()
        if self.handle == 0:
            return True
        with nogil:
            gb_job_cancel(self.handle, &late, &e)
        _check(&e)
        return bool(late)

    def __dealloc__(self):
        cdef gb_error e
        if self.handle != 0 and not gb_forked():
            with nogil:
                gb_job_drop(self.handle, &e)
                gb_buf_free(e.message)
                gb_buf_free(e.facts)
        gb_pair_close(&self.pair)          # last: until then Go may write to it

cdef Job _job(gb_handle handle):
    cdef Job job = Job.__new__(Job)
    job.handle = handle
    return job

def password_hash(bytes password not None, int cost) -> Job:
    cdef gb_error e
    cdef gb_handle job
    cdef char *p = password
    cdef size_t n = len(password)
    _require_owner()
    with nogil:
        gb_password_hash(p, n, cost, &job, &e)
    _check(&e)
    return _job(job)

ctypedef void (*_Starting)(char *, size_t, char *, size_t, gb_handle *, gb_error *) noexcept nogil
ctypedef void (*_StartingOn)(gb_handle, char *, size_t, char *, size_t, gb_handle *,
                             gb_error *) noexcept nogil
ctypedef void (*_StartingWith)(gb_handle, char *, size_t, gb_handle *, gb_error *) noexcept nogil
ctypedef void (*_StartingOf)(gb_handle, uint64_t, gb_handle *, gb_error *) noexcept nogil

cdef Job _start(_Starting function, bytes data, bytes more):
    cdef gb_error e
    cdef gb_handle job
    cdef char *p = data
    cdef char *m = more
    cdef size_t n = len(data), mn = len(more)
    _require_owner()
    with nogil:
        function(p, n, m, mn, &job, &e)
    _check(&e)
    return _job(job)

cdef Job _start_on(_StartingOn function, gb_handle server, bytes data, bytes more):
    cdef gb_error e
    cdef gb_handle job
    cdef char *p = data
    cdef char *m = more
    cdef size_t n = len(data), mn = len(more)
    _require_owner()
    with nogil:
        function(server, p, n, m, mn, &job, &e)
    _check(&e)
    return _job(job)

cdef Job _start_with(_StartingWith function, gb_handle server, bytes data):
    cdef gb_error e
    cdef gb_handle job
    cdef char *p = data
    cdef size_t n = len(data)
    _require_owner()
    with nogil:
        function(server, p, n, &job, &e)
    _check(&e)
    return _job(job)

cdef Job _start_of(_StartingOf function, gb_handle server, uint64_t cid):
    cdef gb_error e
    cdef gb_handle job
    _require_owner()
    with nogil:
        function(server, cid, &job, &e)
    _check(&e)
    return _job(job)

def config_read(bytes kind not None, bytes data not None) -> Job:
    return _start(gb_config_read, kind, data)

def config_places(bytes kind not None, bytes data not None) -> Job:
    return _start(gb_config_places, kind, data)

def config_check(bytes text not None, bytes overlay not None) -> Job:
    return _start(gb_config_check, text, overlay)

def config_compare(bytes path not None, bytes text not None) -> Job:
    return _start(gb_config_compare, path, text)

ctypedef void (*_Taking)(char *, size_t, gb_buf *, gb_error *) noexcept nogil
ctypedef void (*_TakingTwo)(char *, size_t, char *, size_t, gb_buf *, gb_error *) noexcept nogil

cdef bytes _give(_Taking function, bytes data):
    cdef gb_buf out
    cdef gb_error e
    cdef char *p = data
    cdef size_t n = len(data)
    _require_owner()
    with nogil:
        function(p, n, &out, &e)
    _check(&e)
    return _take(&out)

cdef bytes _give_two(_TakingTwo function, bytes data, bytes more):
    cdef gb_buf out
    cdef gb_error e
    cdef char *p = data
    cdef char *m = more
    cdef size_t n = len(data), mn = len(more)
    _require_owner()
    with nogil:
        function(p, n, m, mn, &out, &e)
    _check(&e)
    return _take(&out)

def nkey_create(bytes kind not None) -> bytes:
    return _give(gb_nkey_create, kind)

def nkey_public(bytes seed not None) -> bytes:
    return _give(gb_nkey_public, seed)

def nkey_sign(bytes seed not None, bytes data not None) -> bytes:
    return _give_two(gb_nkey_sign, seed, data)

def nkey_verify(bytes key not None, bytes data not None, bytes signature not None) -> bool:
    cdef gb_error e
    cdef int valid
    cdef char *k = key
    cdef char *p = data
    cdef char *s = signature
    cdef size_t kn = len(key), n = len(data), sn = len(signature)
    _require_owner()
    with nogil:
        gb_nkey_verify(k, kn, p, n, s, sn, &valid, &e)
    _check(&e)
    return bool(valid)

def jwt_encode(bytes claims not None, bytes seed not None) -> bytes:
    return _give_two(gb_jwt_encode, claims, seed)

def jwt_decode(bytes token not None) -> bytes:
    return _give(gb_jwt_decode, token)

def jwt_check(bytes claims not None) -> bytes:
    return _give(gb_jwt_check, claims)

def creds_format(bytes token not None, bytes seed not None) -> bytes:
    return _give_two(gb_creds_format, token, seed)

def creds_parse(bytes data not None) -> bytes:
    return _give(gb_creds_parse, data)

def server_start(owner, bytes text not None, bytes overlay not None) -> Job:
    # What changes a server is noted in its owner from here, as owner.handle and owner.pending: in Python
    # a signal could come before.
    cdef gb_error e
    cdef gb_handle server, job
    cdef char *p = text
    cdef char *o = overlay
    cdef size_t n = len(text), on = len(overlay)
    _require_owner()
    with nogil:
        gb_server_start(p, n, o, on, &server, &job, &e)
    _check(&e)
    owner.pending = _job(job)
    owner.handle = server
    return owner.pending

def server_apply(owner, bytes text not None, bytes overlay not None) -> Job:
    owner.pending = _start_on(gb_server_apply, owner.handle, text, overlay)
    return owner.pending

def server_restart(owner, bytes text not None, bytes overlay not None) -> Job:
    owner.pending = _start_on(gb_server_restart, owner.handle, text, overlay)
    return owner.pending

def server_plan(uint64_t server, bytes kind not None, bytes text not None, bytes overlay not None) -> Job:
    cdef gb_error e
    cdef gb_handle job
    cdef char *k = kind
    cdef char *p = text
    cdef char *o = overlay
    cdef size_t kn = len(kind), n = len(text), on = len(overlay)
    _require_owner()
    with nogil:
        gb_server_plan(server, k, kn, p, n, o, on, &job, &e)
    _check(&e)
    return _job(job)

def server_stop(owner) -> Job:
    cdef gb_error e
    cdef gb_handle job, server = owner.handle
    _require_owner()
    owner.handle = 0
    with nogil:
        gb_server_stop(server, &job, &e)
    _check(&e)
    owner.pending = _job(job)
    return owner.pending

def server_lame_duck(uint64_t server, int64_t duration, int64_t grace) -> Job:
    cdef gb_error e
    cdef gb_handle job
    _require_owner()
    with nogil:
        gb_server_lame_duck(server, duration, grace, &job, &e)
    _check(&e)
    return _job(job)

def server_watch(uint64_t server, bytes wanted not None) -> Job:
    return _start_with(gb_server_watch, server, wanted)

def server_clients_left(uint64_t server) -> int:
    cdef int64_t left
    _require_owner()
    with nogil:
        left = gb_server_clients_left(server)
    return left

def server_wait(uint64_t server) -> Job:
    cdef gb_error e
    cdef gb_handle job
    _require_owner()
    with nogil:
        gb_server_wait(server, &job, &e)
    _check(&e)
    return _job(job)

def servers_stop() -> Job:
    cdef gb_error e
    cdef gb_handle job
    _require_owner()
    with nogil:
        gb_servers_stop(&job, &e)
    _check(&e)
    return _job(job)

def server_state(uint64_t server) -> bytes:
    cdef gb_buf out
    cdef gb_error e
    _require_owner()
    with nogil:
        gb_server_state(server, &out, &e)
    _check(&e)
    return _take(&out)

def server_running(uint64_t server) -> bool:
    cdef int running
    _require_owner()
    with nogil:
        running = gb_server_running(server)
    return bool(running)

def server_monitor(uint64_t server, bytes endpoint not None, bytes options not None) -> Job:
    return _start_on(gb_server_monitor, server, endpoint, options)

def server_compare(uint64_t server, bytes kind not None, bytes data not None) -> Job:
    return _start_on(gb_server_compare, server, kind, data)

def server_connect(uint64_t server, int64_t socket) -> None:
    cdef gb_error e
    _require_owner()
    with nogil:
        gb_server_connect(server, <intptr_t>socket, &e)
    _check(&e)

def server_reopen_log(uint64_t server) -> Job:
    cdef gb_error e
    cdef gb_handle job
    _require_owner()
    with nogil:
        gb_server_reopen_log(server, &job, &e)
    _check(&e)
    return _job(job)

def client_disconnect(uint64_t server, uint64_t cid) -> Job:
    return _start_of(gb_client_disconnect, server, cid)

def client_lame_duck(uint64_t server, uint64_t cid) -> Job:
    return _start_of(gb_client_lame_duck, server, cid)

def server_push_account(uint64_t server, bytes token not None) -> Job:
    return _start_with(gb_server_push_account, server, token)

def logs_open(int64_t socket) -> None:
    _open(gb_logs_open, <intptr_t>socket)

def logs_take() -> bytes:
    return _given(gb_logs_take)

def events_open(int64_t socket) -> None:
    _open(gb_events_open, <intptr_t>socket)

def events_take() -> bytes:
    return _given(gb_events_take)

def questions_open(int64_t socket) -> None:
    _open(gb_questions_open, <intptr_t>socket)

def questions_take() -> bytes:
    return _given(gb_questions_take)

def question_answer(uint64_t number, bytes answer not None) -> None:
    cdef gb_error e
    cdef char *p = answer
    cdef size_t n = len(answer)
    _require_owner()
    with nogil:
        gb_question_answer(number, p, n, &e)
    _check(&e)
