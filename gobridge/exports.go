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
