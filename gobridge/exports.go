package main

/*
#include <stdlib.h>
#include "abi.h"
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"
)

// The functions of abi.h, which says what each does. An export decodes, calls, encodes.

func text(data *C.char, n C.size_t) string { return C.GoStringN(data, C.int(n)) }

// bytesOf is a copy that Go may wipe.
func bytesOf(data *C.char, n C.size_t) []byte { return C.GoBytes(unsafe.Pointer(data), C.int(n)) }

func fill(out *C.gb_buf, data []byte) {
	if len(data) > 0 {
		out.data, out.len = (*C.char)(C.CBytes(data)), C.size_t(len(data))
	}
}

func fillJSON(out *C.gb_buf, value any) error {
	data, err := json.Marshal(value)
	fill(out, data)
	return err
}

// guard runs fn and reports its error, or its panic, through e. Every export goes through it.
func guard(e *C.gb_error, fn func() error) {
	*e = C.gb_error{} // the caller's memory is not zeroed
	if err := protect(fn); err != nil {
		f := asFault(err, codePanic)
		e.code = C.int32_t(f.code)
		fill(&e.message, []byte(f.message))
		fill(&e.facts, f.factsJSON())
	}
}

//export gb_buf_free
func gb_buf_free(b C.gb_buf) { C.free(unsafe.Pointer(b.data)) }

//export gb_versions
func gb_versions(out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error { return fillJSON(out, versions()) })
}

//export gb_env_set
func gb_env_set(data *C.char, n C.size_t, e *C.gb_error) {
	guard(e, func() error { return setEnviron(text(data, n)) })
}

//export gb_memory_limit
func gb_memory_limit(bytes C.int64_t, before *C.int64_t, e *C.gb_error) {
	*before = 0
	guard(e, func() error {
		*before = C.int64_t(debug.SetMemoryLimit(int64(bytes)))
		return nil
	})
}

//export gb_crash_output
func gb_crash_output(path *C.char, n C.size_t, e *C.gb_error) {
	guard(e, func() error { return openCrashOutput(text(path, n)) })
}

//export gb_counts
func gb_counts(out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		connections := 0
		for _, s := range servers.all() {
			connections += s.pipes.size()
		}
		return fillJSON(out, map[string]int{
			"servers": servers.size(), "jobs": jobs.size(), "connections": connections,
			"goroutines": runtime.NumGoroutine(),
		})
	})
}

//export gb_fault
func gb_fault(kind *C.char, n C.size_t, e *C.gb_error) {
	guard(e, func() error { return provoke(text(kind, n)) })
}

//export gb_password_hash
func gb_password_hash(data *C.char, n C.size_t, cost C.int, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		*started = C.gb_handle(hashPassword(text(data, n), int(cost)))
		return nil
	})
}

//export gb_job_watch
func gb_job_watch(h C.gb_handle, socket C.intptr_t, finished *C.int, e *C.gb_error) {
	*finished = 0
	guard(e, func() error {
		j, err := jobs.get(uint64(h))
		if err == nil {
			*finished = cbool(j.watch(int64(socket)))
		}
		return err
	})
}

//export gb_job_take
func gb_job_take(h C.gb_handle, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		result, err := takeJob(uint64(h))
		fill(out, result)
		return err
	})
}

//export gb_job_cancel
func gb_job_cancel(h C.gb_handle, finished *C.int, e *C.gb_error) {
	*finished = 0
	guard(e, func() error {
		j, err := jobs.get(uint64(h))
		if err == nil {
			*finished = cbool(j.requestCancel())
		}
		return err
	})
}

//export gb_job_drop
func gb_job_drop(h C.gb_handle, e *C.gb_error) {
	guard(e, func() error { return dropJob(uint64(h)) })
}

//export gb_config_read
func gb_config_read(kind *C.char, kn C.size_t, data *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		k, d := text(kind, kn), text(data, n)
		*started = C.gb_handle(startJob(func(*job) ([]byte, error) { return readConfig(k, d) }))
		return nil
	})
}

//export gb_config_places
func gb_config_places(kind *C.char, kn C.size_t, data *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		k, d := text(kind, kn), text(data, n)
		*started = C.gb_handle(startJob(func(*job) ([]byte, error) { return configPlaces(k, d) }))
		return nil
	})
}

//export gb_config_check
func gb_config_check(data *C.char, n C.size_t, over *C.char, on C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		d := text(data, n)
		o, err := parseOverlay([]byte(text(over, on)))
		if err == nil {
			*started = C.gb_handle(startJob(func(*job) ([]byte, error) { return checkConfig(d, o) }))
		}
		return err
	})
}

//export gb_config_compare
func gb_config_compare(path *C.char, pn C.size_t, data *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		p, d := text(path, pn), text(data, n)
		*started = C.gb_handle(startJob(func(*job) ([]byte, error) { return compareConfigs(p, d) }))
		return nil
	})
}

//export gb_nkey_create
func gb_nkey_create(kind *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		pair, err := createPair(text(kind, n))
		fill(out, pair)
		clear(pair)
		return err
	})
}

//export gb_nkey_public
func gb_nkey_public(seed *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		public, err := publicKey(bytesOf(seed, n))
		fill(out, []byte(public))
		return err
	})
}

//export gb_nkey_sign
func gb_nkey_sign(seed *C.char, sn C.size_t, data *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		signature, err := sign(bytesOf(seed, sn), bytesOf(data, n))
		fill(out, signature)
		return err
	})
}

//export gb_nkey_verify
func gb_nkey_verify(public *C.char, pn C.size_t, data *C.char, n C.size_t, signature *C.char, sn C.size_t, valid *C.int, e *C.gb_error) {
	*valid = 0
	guard(e, func() error {
		ok, err := verify(text(public, pn), bytesOf(data, n), bytesOf(signature, sn))
		*valid = cbool(ok)
		return err
	})
}

//export gb_jwt_encode
func gb_jwt_encode(claims *C.char, n C.size_t, seed *C.char, sn C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		token, err := encodeClaims(bytesOf(claims, n), bytesOf(seed, sn))
		fill(out, []byte(token))
		return err
	})
}

//export gb_jwt_decode
func gb_jwt_decode(token *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		claims, err := decodeClaims(text(token, n))
		fill(out, claims)
		return err
	})
}

//export gb_jwt_check
func gb_jwt_check(claims *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		found, err := checkClaims(bytesOf(claims, n))
		fill(out, found)
		return err
	})
}

//export gb_creds_format
func gb_creds_format(token *C.char, n C.size_t, seed *C.char, sn C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		file, err := formatCreds(text(token, n), bytesOf(seed, sn))
		fill(out, file)
		clear(file)
		return err
	})
}

//export gb_creds_parse
func gb_creds_parse(data *C.char, n C.size_t, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		parts, err := parseCreds(bytesOf(data, n))
		fill(out, parts)
		clear(parts)
		return err
	})
}

//export gb_server_start
func gb_server_start(data *C.char, n C.size_t, over *C.char, on C.size_t, h *C.gb_handle, started *C.gb_handle, e *C.gb_error) {
	*h, *started = 0, 0
	guard(e, func() error {
		o, err := parseOverlay([]byte(text(over, on)))
		if err == nil {
			handle, j := startServer(text(data, n), o)
			*h, *started = C.gb_handle(handle), C.gb_handle(j)
		}
		return err
	})
}

//export gb_server_apply
func gb_server_apply(h C.gb_handle, data *C.char, n C.size_t, over *C.char, on C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		o, err := parseOverlay([]byte(text(over, on)))
		if err != nil {
			return err
		}
		j, err := applySettings(uint64(h), text(data, n), o)
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_restart
func gb_server_restart(h C.gb_handle, data *C.char, n C.size_t, over *C.char, on C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		o, err := parseOverlay([]byte(text(over, on)))
		if err != nil {
			return err
		}
		j, err := restartServer(uint64(h), text(data, n), o)
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_plan
func gb_server_plan(h C.gb_handle, kind *C.char, kn C.size_t, data *C.char, n C.size_t, over *C.char, on C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		o, err := parseOverlay([]byte(text(over, on)))
		if err != nil {
			return err
		}
		j, err := planChange(uint64(h), text(kind, kn), text(data, n), o)
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_stop
func gb_server_stop(h C.gb_handle, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := stopServer(uint64(h))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_watch
func gb_server_watch(h C.gb_handle, data *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		var wanted *watch
		if err := json.Unmarshal(bytesOf(data, n), &wanted); err != nil {
			return err
		}
		j, err := watchServer(uint64(h), wanted)
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_lame_duck
func gb_server_lame_duck(h C.gb_handle, duration, grace C.int64_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := lameDuck(uint64(h), time.Duration(duration), time.Duration(grace))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_clients_left
func gb_server_clients_left(h C.gb_handle) C.int64_t { return C.int64_t(clientsLeft(uint64(h))) }

//export gb_server_wait
func gb_server_wait(h C.gb_handle, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := awaitServer(uint64(h))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_servers_stop
func gb_servers_stop(started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		*started = C.gb_handle(stopServers())
		return nil
	})
}

//export gb_server_state
func gb_server_state(h C.gb_handle, out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		s, err := servers.get(uint64(h))
		if err == nil {
			fill(out, *s.state.Load())
		}
		return err
	})
}

//export gb_server_running
func gb_server_running(h C.gb_handle) C.int {
	s, err := servers.get(uint64(h))
	return cbool(err == nil && s.running.Load())
}

//export gb_server_monitor
func gb_server_monitor(h C.gb_handle, endpoint *C.char, en C.size_t, options *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		s, err := runningServer(uint64(h))
		if err != nil {
			return err
		}
		name, opts := text(endpoint, en), []byte(text(options, n))
		*started = C.gb_handle(s.startDocument(name, opts))
		return nil
	})
}

//export gb_server_compare
func gb_server_compare(h C.gb_handle, kind *C.char, kn C.size_t, data *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := compareLive(uint64(h), text(kind, kn), text(data, n))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_connect
func gb_server_connect(h C.gb_handle, socket C.intptr_t, e *C.gb_error) {
	guard(e, func() error { return connectServer(uint64(h), int64(socket)) })
}

//export gb_server_reopen_log
func gb_server_reopen_log(h C.gb_handle, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		s, err := runningServer(uint64(h))
		if err == nil {
			*started = C.gb_handle(startJob(func(*job) ([]byte, error) { return nil, s.log.reopen() }))
		}
		return err
	})
}

//export gb_client_disconnect
func gb_client_disconnect(h C.gb_handle, cid C.uint64_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := disconnectClient(uint64(h), uint64(cid))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_client_lame_duck
func gb_client_lame_duck(h C.gb_handle, cid C.uint64_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := lameDuckClient(uint64(h), uint64(cid))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_server_push_account
func gb_server_push_account(h C.gb_handle, token *C.char, n C.size_t, started *C.gb_handle, e *C.gb_error) {
	*started = 0
	guard(e, func() error {
		j, err := pushAccount(uint64(h), text(token, n))
		*started = C.gb_handle(j)
		return err
	})
}

//export gb_logs_open
func gb_logs_open(socket C.intptr_t, e *C.gb_error) {
	guard(e, func() error {
		lines.open(int64(socket))
		return nil
	})
}

//export gb_logs_take
func gb_logs_take(out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		data, err := takeLines(lines)
		fill(out, data)
		return err
	})
}

//export gb_events_open
func gb_events_open(socket C.intptr_t, e *C.gb_error) {
	guard(e, func() error {
		happened.open(int64(socket))
		return nil
	})
}

//export gb_events_take
func gb_events_take(out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		data, err := takeEvents()
		fill(out, data)
		return err
	})
}

//export gb_questions_open
func gb_questions_open(socket C.intptr_t, e *C.gb_error) {
	guard(e, func() error {
		inquiries.open(int64(socket))
		return nil
	})
}

//export gb_questions_take
func gb_questions_take(out *C.gb_buf, e *C.gb_error) {
	*out = C.gb_buf{}
	guard(e, func() error {
		data, err := inquiries.take()
		fill(out, data)
		return err
	})
}

//export gb_question_answer
func gb_question_answer(number C.uint64_t, data *C.char, n C.size_t, e *C.gb_error) {
	guard(e, func() error {
		answerQuestion(uint64(number), bytesOf(data, n))
		return nil
	})
}

// main is never called: the archive is linked into a Python extension.
func main() {}
