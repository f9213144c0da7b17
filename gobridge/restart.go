package main

import "github.com/nats-io/nats-server/v2/server"

// before is what a server had when it was stopped to be started again.
type before struct {
	set  *settings
	port int // of HTTP monitoring
}

// listenHTTP keeps the port if any would do, before and now.
func (b *before) listenHTTP(set httpSettings) (*monitor, error) {
	if b == nil || b.port == 0 || set.asked() != server.RANDOM_PORT || b.set.http.asked() != server.RANDOM_PORT {
		return listenHTTP(set)
	}
	m := &monitor{}
	m.set.Store(&set)
	return m, m.listen(b.port)
}

// restartServer replaces the configuration of a running server by stopping it and starting it again.
func restartServer(h uint64, text string, over overlay) (uint64, error) {
	return startChange(h, text, over, (*embedded).restart)
}

// restart stops nothing for settings that the server would refuse. If it does not start with them for
// another reason, it is started as it was.
func (e *embedded) restart(j *job, text string, over overlay) ([]byte, error) {
	checked, err := newServerSettings(text, over)
	if err != nil {
		return nil, err
	}
	closeResolver(checked.opts)

	was, store := &before{set: e.set}, e.store
	if m := e.http.Load(); m != nil {
		was.port = m.port()
	}
	if address := e.srv.Load().ProfilerAddr(); address != nil {
		e.set.opts.ProfPort = address.Port // see restoreProfPort
	}
	again := func(j *job, text string, over overlay) ([]byte, error) {
		e.halt()
		e.log.forget()
		e.srv.Store(nil)
		e.responder.Store(nil)
		e.watcher.Store(nil)
		e.http.Store(nil)
		e.resolver = nil
		e.pipes.reopen()
		e.starting.Store(j)
		if e.stopping.Load() {
			return nil, faultf(codeStopped, "the server was stopped meanwhile")
		}
		return e.start(j, text, over, was)
	}
	state, err := again(j, text, over)
	if err == nil {
		if e.store != store {
			store.close()
		}
		return state, nil
	}
	if e.store != store {
		e.store.close()
		e.store = store
	}
	if e.stopping.Load() {
		return nil, err
	}
	if _, worse := again(newJob(), was.set.text, was.set.overlay); worse != nil {
		e.end()
		return nil, faultf(codeStart, "%v; and it does not start as it was either: %v", err, worse)
	}
	return nil, err
}
