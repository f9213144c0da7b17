package main

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -O2
#cgo windows LDFLAGS: -lws2_32
#include "abi.h"
*/
import "C"

// The C functions and constants that the rest of the bridge uses, so that only this file and
// exports.go know cgo (and the rest can be tested: cgo is not allowed in _test.go files).

const (
	codeOK         = int32(C.GB_OK)
	codeConfig     = int32(C.GB_ECONFIG)
	codeStart      = int32(C.GB_ESTART)
	codeStoreInUse = int32(C.GB_ESTOREINUSE)
	codePortInUse  = int32(C.GB_EPORTINUSE)
	codeChange     = int32(C.GB_ECHANGE)
	codeRestart    = int32(C.GB_ERESTART)
	codeState      = int32(C.GB_ESTATE)
	codeStopped    = int32(C.GB_ESTOPPED)
	codeNotFound   = int32(C.GB_ENOTFOUND)
	codePanic      = int32(C.GB_EPANIC)
	codeHandle     = int32(C.GB_EHANDLE)
	codeCanceled   = int32(C.GB_ECANCELED)
)

// wake writes the byte that a waiter sleeps until.
func wake(writer int64) { C.gb_wake(C.intptr_t(writer)) }

// markFinished ends the spin of whoever waits for the job.
func markFinished(job uint64) { C.gb_job_mark(C.gb_handle(job)) }

// giveBack takes out of memory what only the loading and the first start have read: relocations and
// initialisers, some megabytes.
func giveBack() { C.gb_memory_give_back() }

// closeInChild names a descriptor that a forked child must close, or no longer.
func closeInChild(fd uintptr, on bool) { C.gb_fork_close_fd(C.int(fd), cbool(on)) }

// closePortInChild names a local port whose sockets a forked child must close, or no longer.
func closePortInChild(port int, on bool) {
	if port > 0 {
		C.gb_fork_close_port(C.int(port), cbool(on))
	}
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
