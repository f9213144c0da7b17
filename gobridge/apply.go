package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// applySettings replaces the configuration of a running server; its clients stay connected.
func applySettings(h uint64, text string, over overlay) (uint64, error) {
	return startChange(h, text, over, (*embedded).apply)
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
			monitorBefore.resume(e.srv.Load())
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
	if !monitor.fits(next.http) {
		if monitor, err = monitorBefore.replace(next.http); err != nil {
			monitorBefore.resume(e.srv.Load())
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
	taken, err = e.reload(next)
	if err == nil {
		err = e.verify(next, heard())
	}
	if err == nil {
		err = e.listen(next.overlay.Events)
	}
	if err == nil && !j.commit() {
		err = errCanceled
	}
	if err != nil {
		heard()
		if taken {
			return nil, e.rollback(previous, next, undo, err)
		}
		undo()
		return nil, err
	}

	e.adopt(next)
	e.closeLeafs(previous.opts, next.opts)
	e.release(previous)
	e.log.use(next.log, sink)
	switch {
	case monitor == monitorBefore:
		monitor.adopt(next.http, e.srv.Load())
	case monitor != nil:
		monitor.serve(e) // the new one answers before the old one closes
		fallthrough
	default:
		monitorBefore.close()
	}
	if e.store != storeBefore {
		storeBefore.close()
	}
	e.warn(slices.DeleteFunc(slices.Clone(next.overlay.Warnings), func(doubt string) bool {
		return slices.Contains(previous.overlay.Warnings, doubt)
	}))
	return e.describe(), nil
}

var notSupported = regexp.MustCompile(`^config reload not supported for ([^:]+)`)

// reload has the server take the options. It reports what it refuses before it begins, and nothing of
// what goes wrong later: see verify. Where max_connections would close clients, it would do so at
// random: so that goes last, when the newest have been closed.
func (e *embedded) reload(next *settings) (taken bool, err error) {
	if most := mostClients(next.opts); e.srv.Load().NumClients() > most {
		first, err := parseSettings(next.text, next.overlay)
		if err != nil {
			return false, err
		}
		defer e.release(first)
		first.opts.MaxConn = e.opts.Load().MaxConn
		if err := e.give(first.opts); err != nil {
			return false, err
		}
		for _, c := range newest(e.clients(), most-len(e.inside())) {
			_ = e.srv.Load().DisconnectClientByID(c.Cid)
		}
		return true, e.give(next.opts)
	}
	err = e.give(next.opts)
	return err == nil, err
}

// give has the server take options, which are its own from then on.
func (e *embedded) give(opts *server.Options) error {
	gone := e.accountsGone(opts)
	e.registerImporters(opts)
	nameSystem(opts)
	opts.Users = append(opts.Users, e.standIns(opts)...)
	e.responder.Load().ready()
	resume := e.watcher.Load().pause()
	err := protect(func() error { return e.srv.Load().ReloadOptions(opts) })
	resume()
	if err == nil {
		e.opts.Store(opts)
		// With no_log set the server leaves logger and levels alone.
		e.srv.Load().SetLoggerV2(e.log, opts.Debug, opts.Trace, opts.TraceVerbose)
		for _, account := range gone {
			_ = account.DisableJetStream() // or it had none
		}
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

// mostClients is max_connections as the server will have it.
func mostClients(opts *server.Options) int {
	if opts.MaxConn == 0 {
		return server.DEFAULT_MAX_CONNECTIONS
	}
	return max(opts.MaxConn, 0)
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
	check := func(key string, have, want any) {
		if !reflect.DeepEqual(have, want) {
			short = append(short, fmt.Sprintf("%s is %v, not %v", key, have, want))
		}
	}
	opts, s := next.opts, e.srv.Load()
	v, err := s.Varz(nil)
	if err != nil {
		return faultf(codeChange, "the server does not say what it does: %v", err)
	}
	check("jetstream", s.JetStreamEnabled(), opts.JetStream)
	if limits := v.JetStream.Config; opts.JetStream && limits != nil {
		// Less than nothing is dynamic, and the server's to decide.
		if most := opts.JetStreamMaxMemory; most > 0 {
			check("jetstream.max_memory_store", limits.MaxMemory, most)
		}
		if most := opts.JetStreamMaxStore; most > 0 {
			check("jetstream.max_file_store", limits.MaxStore, most)
		}
	}
	check("max_connections", v.MaxConn, opts.MaxConn)
	check("max_payload", v.MaxPayload, int(opts.MaxPayload))
	check("max_control_line", v.MaxControlLine, opts.MaxControlLine)
	check("ping_interval", v.PingInterval, opts.PingInterval)
	check("ping_max", v.MaxPingsOut, opts.MaxPingsOut)
	check("write_deadline", v.WriteDeadline, opts.WriteDeadline)
	check("server_tags", []string(v.Tags), []string(opts.Tags))
	check("server_metadata", v.Metadata, opts.Metadata)
	for _, account := range opts.Accounts {
		if _, err := s.LookupAccount(account.Name); err != nil {
			short = append(short, fmt.Sprintf("account %s: %v", account.Name, err))
		}
	}
	if opts.PidFile != "" {
		text, err := os.ReadFile(opts.PidFile)
		if err != nil || string(text) != strconv.Itoa(pid) {
			short = append(short, fmt.Sprintf("pid_file %s was not written", opts.PidFile))
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
		if err = e.give(again.opts); err != nil {
			closeResolver(again.opts)
		}
	}
	undo()
	if w := e.watcher.Load(); err == nil && w != nil {
		err = w.again(nil)
	}
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
	return startLocked(h, func(_ *job, e *embedded) ([]byte, error) {
		var err error
		opts := newOptions()
		if kind == "file" {
			opts, _, _, err = loadConfig(kind, data)
		} else {
			_, err = problems(opts.ProcessConfigString(data), "", data)
		}
		defer closeResolver(opts)
		if err == nil {
			err = bounded(opts)
		}
		if err != nil {
			return nil, withoutSecrets(err, data)
		}
		names := []string{}
		for _, account := range opts.Accounts {
			live, err := e.srv.Load().LookupAccount(account.Name)
			if err != nil || !sameMappings(account, live) {
				names = append(names, "Mappings")
			}
		}
		want, err := overlaid("", e.set.overlay, opts)
		if err != nil {
			return nil, err
		}
		if _, err := server.NewServer(want.opts); err != nil {
			return nil, withoutSecrets(configFault("", "%v", err), data)
		}
		nameSystem(want.opts)
		takeFound(want.opts, e.set.opts)
		live := *e.set.opts
		live.Users = slices.DeleteFunc(slices.Clone(live.Users), isStandIn)
		names = append(names, differences(&live, want.opts)...)
		if want.log != e.set.log {
			names = append(names, "Log")
		}
		if want.http != e.set.http {
			names = append(names, "HTTP")
		}
		if want.portsDir != e.set.portsDir {
			names = append(names, "PortsFileDir")
		}
		slices.Sort(names)
		return json.Marshal(slices.Compact(names))
	})
}

// takeFound fills in what the live server found for itself: ports left to the system, the cache that
// comes with asking CAs about peers, and the user that stands for all when only the system account has
// users.
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
	if opts.OCSPCacheConfig == nil && same(
		reflect.ValueOf(live.OCSPCacheConfig), reflect.ValueOf(server.NewOCSPResponseCacheConfig()),
	) {
		opts.OCSPCacheConfig = live.OCSPCacheConfig
	}
	if live.Cluster.Name == "" && opts.Cluster.Port == 0 && len(opts.LeafNode.Remotes) > 0 {
		opts.Cluster.Name = "" // the server's, which a start writes there and a reload does not
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
