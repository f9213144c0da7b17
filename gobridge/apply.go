package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// applySettings replaces the configuration of a running server; its clients stay connected.
func applySettings(h uint64, text string, over overlay) (uint64, error) {
	if _, err := runningServer(h); err != nil {
		return 0, err
	}
	return startJob(func(j *job) ([]byte, error) {
		e, err := runningServer(h)
		if err != nil {
			return nil, err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if !e.running.Load() {
			return nil, faultf(codeStopped, "the server was stopped meanwhile")
		}
		if j.ctx.Err() != nil {
			return nil, errCanceled
		}
		before := e.set.text
		result, err := e.apply(j, text, over)
		return result, withoutSecrets(err, before, text)
	}), nil
}

// apply opens what may fail before the server is asked, and closes what is no longer needed after it
// agreed, so that a refused change leaves everything as it was.
func (e *embedded) apply(j *job, text string, over overlay) (result []byte, err error) {
	next, err := parseSettings(text, over)
	if err != nil {
		return nil, err
	}
	taken := false // next.opts, by the server
	defer func() {
		if !taken {
			closeResolver(next.opts)
		}
	}()
	if err := next.http.validate(next.opts); err != nil {
		return nil, err
	}
	if err := e.mustRestart(next); err != nil {
		return nil, err
	}

	previous, storeBefore, sinkBefore := e.set, e.store, e.log.sink
	monitor, monitorBefore := e.http.Load(), e.http.Load()
	sink, err := e.log.openSink(next.log)
	if err != nil {
		return nil, err
	}
	undo := func() {
		if monitor != monitorBefore {
			monitor.close()
			e.http.Store(monitorBefore)
		}
		if e.store != storeBefore {
			e.store.close()
			e.store = storeBefore
		}
		closeUnused(sink, sinkBefore)
		if file, ok := sink.(*fileSink); ok && sink != sinkBefore {
			file.removeIfMade()
		}
	}
	if next.http != previous.http {
		if monitor, err = listenHTTP(next.http); err != nil {
			monitor = monitorBefore
			undo()
			return nil, err
		}
		e.http.Store(monitor)
	}
	if err := e.lockStore(next); err != nil {
		undo()
		return nil, err
	}

	heard := e.log.listen()
	if err := e.reload(next); err != nil {
		heard()
		undo()
		return nil, err
	}
	taken = true
	err = e.verify(next, heard())
	if err == nil && !j.commit() {
		err = errCanceled
	}
	if err != nil {
		return nil, e.rollback(previous, next, undo, err)
	}

	e.set = next
	e.release(previous)
	e.log.use(next.log, sink)
	if monitor != monitorBefore {
		monitorBefore.close()
		if monitor != nil {
			monitor.serve(e.srv, next.opts.HTTPBasePath, e.tlsConfig)
		}
	}
	if e.store != storeBefore {
		storeBefore.close()
	}
	return e.describe(), nil
}

var notSupported = regexp.MustCompile(`^config reload not supported for ([^:]+)`)

// reload has the server take the options. It reports what it refuses before it begins, and nothing of
// what goes wrong later: see verify.
func (e *embedded) reload(next *settings) error {
	err := protect(func() error { return e.srv.ReloadOptions(next.opts) })
	if err == nil {
		e.opts.Store(next.opts)
		// With no_log set the server leaves logger and levels alone.
		e.srv.SetLoggerV2(e.log, next.opts.Debug, next.opts.Trace, next.opts.TraceVerbose)
		return nil
	}
	// The rest of the text has the old and the new value, which may be secret.
	if m := notSupported.FindStringSubmatch(err.Error()); m != nil {
		return needsRestart(m[1])
	}
	if f := asFault(err, codeConfig); f.code == codePanic {
		return f
	}
	return configFault("", "%v", err)
}

func needsRestart(option string) error {
	return faultf(codeRestart, "%s cannot change on a running server", option).with("option", option)
}

// mustRestart refuses what ReloadOptions would take and do harm with.
func (e *embedded) mustRestart(next *settings) error {
	was, wants := e.set.opts, next.opts
	switch {
	case was.JetStream && !wants.JetStream && was.Cluster.Port != 0:
		return needsRestart("JetStream") // it would remove this peer's state of the meta group
	case (was.Proxies == nil) != (wants.Proxies == nil):
		return needsRestart("Proxies") // it would panic
	case e.set.overlay.DontListen != next.overlay.DontListen:
		return needsRestart("DontListen")
	}
	return nil
}

// verify asks the running server whether it does what its options say. It keeps the very options that
// it was given, so to read those back proves nothing; what can fall short is what it starts by them.
// What it said meanwhile is the only place where it tells why.
func (e *embedded) verify(next *settings, said []string) error {
	var short []string
	if wanted, runs := next.opts.JetStream, e.srv.JetStreamEnabled(); wanted != runs {
		short = append(short, fmt.Sprintf("jetstream is %v, not %v", runs, wanted))
	}
	for _, account := range next.opts.Accounts {
		if _, err := e.srv.LookupAccount(account.Name); err != nil {
			short = append(short, fmt.Sprintf("account %s: %v", account.Name, err))
		}
	}
	if len(short) == 0 {
		return nil
	}
	return faultf(codeChange, "the server fell short: %s", strings.Join(append(short, said...), "; "))
}

// rollback puts the previous configuration back in force and gives the reason why.
func (e *embedded) rollback(previous, next *settings, undo func(), why error) error {
	again, err := parseSettings(previous.text, previous.overlay)
	if err == nil {
		if err = e.reload(again); err != nil {
			closeResolver(again.opts)
		}
	}
	undo()
	if err != nil {
		return faultf(codeChange, "%v; and the previous configuration could not be restored: %v", why, err)
	}
	e.set = again
	e.release(previous)
	e.release(next)
	return why
}

// release ends the goroutines of options that are no longer live. The server starts only its first
// account resolver, and uses it to the end.
func (e *embedded) release(old *settings) {
	if old.opts.AccountResolver != e.resolver {
		closeResolver(old.opts)
	}
}

// compareLive names the live options of a server that differ from those of a configuration. That one
// goes through NewServer, as the live ones did, so that the defaults are written into both.
func compareLive(h uint64, kind, data string) (uint64, error) {
	if _, err := runningServer(h); err != nil {
		return 0, err
	}
	return startJob(func(*job) ([]byte, error) {
		e, err := runningServer(h)
		if err != nil {
			return nil, err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		opts := newOptions()
		if kind == "file" {
			opts, _, _, err = loadConfig(kind, data)
		} else {
			_, err = problems(opts.ProcessConfigString(data), data)
		}
		defer closeResolver(opts)
		if err != nil {
			return nil, err
		}
		names := []string{}
		for _, account := range opts.Accounts {
			live, err := e.srv.LookupAccount(account.Name)
			if err != nil || !sameMappings(account, live) {
				names = append(names, "Mappings")
			}
		}
		want := overlaid("", e.set.overlay, opts)
		if _, err := server.NewServer(want.opts); err != nil {
			return nil, configFault("", "%v", err)
		}
		takeFound(want.opts, e.set.opts)
		names = append(names, differences(e.set.opts, want.opts)...)
		if want.log != e.set.log {
			names = append(names, "Log")
		}
		if want.http != e.set.http {
			names = append(names, "HTTP")
		}
		slices.Sort(names)
		return json.Marshal(slices.Compact(names))
	}), nil
}

// takeFound fills in what the live server found for itself: ports left to the system, and the user that
// stands for all when only the system account has users.
func takeFound(opts, live *server.Options) {
	for _, p := range []struct{ want, have *int }{
		{&opts.Port, &live.Port}, {&opts.Cluster.Port, &live.Cluster.Port},
		{&opts.Gateway.Port, &live.Gateway.Port}, {&opts.LeafNode.Port, &live.LeafNode.Port},
		{&opts.Websocket.Port, &live.Websocket.Port}, {&opts.MQTT.Port, &live.MQTT.Port},
	} {
		if *p.want == -1 || *p.want == 0 {
			*p.want = *p.have
		}
	}
	madeUp := regexp.MustCompile(`^nats-\w{8}$`)
	if madeUp.MatchString(opts.NoAuthUser) && madeUp.MatchString(live.NoAuthUser) {
		find := func(o *server.Options) int {
			return slices.IndexFunc(o.Users, func(u *server.User) bool { return u.Username == o.NoAuthUser })
		}
		opts.Users[find(opts)] = live.Users[find(live)]
		opts.NoAuthUser = live.NoAuthUser
	}
}
