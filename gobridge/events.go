package main

import (
	"encoding/json"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// event is something that happened on a server, on its way to Python; an array on the wire. Its data is a
// string there: part of it comes from clients, and what one of them says must not cost the others theirs.
type event struct {
	whom uint64 // a number of Python's
	name string
	data any // an object in JSON
}

func (e event) owner() uint64 { return e.whom }

func (e event) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(e.data)
	if err != nil {
		return nil, err
	}
	return json.Marshal([]any{e.whom, e.name, string(data)})
}

// happened is the queue of the events that Python has not taken yet.
var happened = newRing[event](8192)

func takeEvents() ([]byte, error) {
	events, dropped := happened.take()
	return json.Marshal(map[string]any{"events": events, "dropped": dropped})
}

// watch is what Python says of the events of one server: to whom to tell them, and which it wants beside
// those that the bridge knows by itself.
type watch struct {
	Whom        uint64 `json:"whom"`
	System      bool   `json:"system"`      // those that the server itself tells
	Advisories  bool   `json:"advisories"`  // those of JetStream as well
	Credentials string `json:"credentials"` // of a user of an operator's system account
}

// connects tells whether it takes a client inside to hear of them.
func (w *watch) connects() bool { return w != nil && w.System }

// tell queues an event that the server does not tell.
func (w *watch) tell(s *server.Server, name string, data map[string]any) {
	if w != nil {
		data["timestamp"], data["server"] = time.Now().UTC(), serverOf(s)
		happened.put(event{w.Whom, name, data})
	}
}

// serverOf is what each event says of the server; nothing where a restart ends between two.
func serverOf(s *server.Server) server.ServerInfo {
	if s == nil {
		return server.ServerInfo{}
	}
	return server.ServerInfo{Name: s.Name(), ID: s.ID()}
}

// watchServer changes what Python wants to hear of a running server.
func watchServer(h uint64, wanted *watch) (uint64, error) {
	return startLocked(h, func(j *job, e *embedded) ([]byte, error) {
		over, opts := e.set.overlay, e.set.opts
		over.Events = wanted
		if wanted.connects() && !e.set.overlay.Events.connects() {
			if err := watcherFault(opts, wanted.Credentials); err != nil {
				return nil, err
			}
			limited := opts.MaxConn != server.DEFAULT_MAX_CONNECTIONS
			if limited || wanted.Credentials == "" && hasUsers(opts) && !isAdmitted(opts) {
				return e.apply(j, e.set.text, over)
			}
		}
		if err := e.listen(wanted); err != nil {
			return nil, err
		}
		e.set.overlay = over
		e.adopt(e.set)
		return nil, nil
	})
}

// listen begins to hear what is wanted from now on, or goes on after a change.
func (e *embedded) listen(wanted *watch) error {
	w := e.watcher.Load()
	switch {
	case w != nil:
		return w.again(wanted)
	case !wanted.connects():
		return nil
	}
	w = newWatcher(wanted, e)
	if err := w.connect(); err != nil {
		w.close()
		return faultf(codeState, "the server does not tell its events: %v", err)
	}
	e.watcher.Store(w)
	return nil
}
