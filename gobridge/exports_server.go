package main

/*
#include "abi.h"
*/
import "C"

import (
	"encoding/json"
	"time"
)

// The functions of abi.h that are about a server, its connections, and what it tells and asks.

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
