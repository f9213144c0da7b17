package main

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded is one server of this process: everything from its start to its stop.
type embedded struct {
	handle   uint64
	log      *logger
	pipes    pipes
	running  atomic.Bool
	stopping atomic.Bool
	gone     chan struct{} // closed when nothing is left of it
	leaving  atomic.Bool   // in lame duck mode
	left     atomic.Int64  // clients and leaf nodes, while it is leaving
	starting atomic.Pointer[job]
	state    atomic.Pointer[[]byte] // JSON, for gb_server_state
	opts     atomic.Pointer[server.Options]
	http     atomic.Pointer[monitor] // nil: no HTTP monitoring

	srv atomic.Pointer[server.Server]

	responder atomic.Pointer[responder] // nil: Python does not decide who may log in
	watcher   atomic.Pointer[watcher]   // nil: it has not asked what happens to connections
	events    atomic.Pointer[watch]     // nil: it wants to hear of nothing

	mu       sync.Mutex // one start, apply, restart or stop at a time
	set      *settings
	resolver server.AccountResolver // the first, see release
	store    *store
	ports    []int // that forked children close

	portsFile string // "": none is written
	begun     bool   // it has been up

	extra atomic.Int64 // see settings
}

var (
	servers table[*embedded]
	ending  atomic.Bool // the process: its servers are stopped, and no more are started

	firstStart sync.Once
)

func startServer(text string, over overlay) (handle, jobHandle uint64) {
	e := &embedded{gone: make(chan struct{})}
	e.publish(map[string]any{"state": "starting"})
	e.mu.Lock() // until the start is over: a stop that comes early waits for it
	handle = servers.add(e)
	e.handle = handle
	e.log = newLogger()
	return handle, startJob(func(j *job) (state []byte, err error) {
		defer e.mu.Unlock()
		j.abandoned = func() {
			e.running.Store(false) // from now on, however long the rest takes
			go e.stop()
		}
		e.starting.Store(j)
		if e.stopping.Load() {
			j.requestCancel() // the stop came too early to find the job
		}
		err = protect(func() (err error) {
			state, err = e.start(j, text, over, nil)
			return err
		})
		if err != nil {
			e.end()
		}
		return state, withoutSecrets(err, text)
	})
}

// start opens everything that the settings ask for; where a server is started again, on the ports that
// it had. What it has opened when it fails, end or halt closes.
func (e *embedded) start(j *job, text string, over overlay, before *before) ([]byte, error) {
	if ending.Load() {
		return nil, faultf(codeStopped, "the process is ending")
	}
	set, err := parseSettings(text, over)
	if err != nil {
		return nil, err
	}
	if before != nil {
		set.keepPorts(before.set)
	}
	e.adopt(set)
	e.opts.Store(set.opts)
	if err := set.http.validate(set.opts); err != nil {
		return nil, err
	}
	if err := e.lockStore(set); err != nil {
		return nil, err
	}
	sink, err := e.log.openSink(set.log)
	if err != nil {
		return nil, err
	}
	e.log.use(set.log, sink)
	m, err := before.listenHTTP(set.http)
	if err != nil {
		return nil, err
	}
	e.http.Store(m)
	s, err := server.NewServer(set.opts)
	if err != nil {
		return nil, configFault("", "%v", err)
	}
	e.srv.Store(s)
	e.resolver = set.opts.AccountResolver
	e.log.name(s.Name())
	s.SetLoggerV2(e.log, set.opts.Debug, set.opts.Trace, set.opts.TraceVerbose)
	nameSystem(set.opts)
	e.responder.Store(newResponder(over.Callout, s, e.opts.Load))
	if over.Events.connects() {
		e.watcher.Store(newWatcher(over.Events, e))
	}
	if err := e.untilReady(j, s); err != nil {
		return nil, err
	}
	if m != nil {
		m.serve(e)
	}
	set.restoreProfPort()
	e.warn(set.overlay.Warnings)
	state := e.describe()
	if !j.commit() {
		return nil, errCanceled
	}
	e.begun = true
	e.log.failed.Store(e)
	e.running.Store(true)
	go firstStart.Do(giveBack)
	return state, nil
}

// adopt has others see what is in force.
func (e *embedded) adopt(set *settings) {
	e.set = set
	e.events.Store(set.overlay.Events)
	e.extra.Store(int64(set.extra))
}

// untilReady starts the server and waits until every listener is open. Start does not return before
// JetStream has recovered its streams.
func (e *embedded) untilReady(j *job, s *server.Server) error {
	answers := e.responder.Load().connect()
	hears := e.watcher.Load().begin()
	// Not cut short by a Shutdown from beside: that misses what Start opens after it looked.
	s.Start()
	if err := cmp.Or(answers(), hears()); err != nil {
		return err
	}
	// The server's own waiting sleeps 25 ms between two looks; ours looks each millisecond.
	for !s.ReadyForConnections(time.Millisecond) {
		select {
		case line := <-e.log.fatal:
			return fatalFault(line, e.set.opts)
		case <-j.ctx.Done():
			return errCanceled
		case <-time.After(time.Millisecond):
		}
	}
	select {
	case line := <-e.log.fatal:
		return fatalFault(line, e.set.opts)
	default:
		return nil
	}
}

// warn logs what is doubtful about the configuration that is in force now.
func (e *embedded) warn(doubts []string) {
	for _, doubt := range doubts {
		e.srv.Load().Warnf("%s", doubt)
	}
}

// lockStore locks the store that the settings name, if they want one and it is not locked already.
func (e *embedded) lockStore(set *settings) error {
	dir := set.opts.StoreDir
	if !set.opts.JetStream || e.store.is(dir) {
		return nil
	}
	if dir == "" {
		return configFault("jetstream.store_dir", "must be set: the server's default is shared by all")
	}
	name := set.overlay.Name
	if set.opts.ServerName != "" {
		name = set.opts.ServerName
	}
	store, err := openStore(dir, name, set.overlay.PrivateStore)
	if err != nil {
		return err
	}
	e.store = store
	return nil
}

func (e *embedded) tlsConfig() *tls.Config { return e.opts.Load().TLSConfig }

// stop shuts the server down and gives back all that it held.
func (e *embedded) stop() {
	e.stopping.Store(true)
	e.running.Store(false)
	e.responder.Load().refuse()
	if j := e.starting.Load(); j != nil {
		j.requestCancel()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := servers.get(e.handle); err == nil {
		e.end()
	}
}

// end leaves nothing of the server, its handle least.
func (e *embedded) end() {
	e.publish(map[string]any{"state": "stopping"})
	e.halt()
	if e.begun {
		e.events.Load().tell(e.srv.Load(), "shutdown", map[string]any{})
	}
	e.store.close()
	for _, port := range e.ports {
		closePortInChild(port, false)
	}
	_, _ = servers.take(e.handle)
	close(e.gone)
}

// fail stops a server that has met what would end the nats-server command.
func (e *embedded) fail(why string) {
	_ = protect(func() error {
		e.events.Load().tell(e.srv.Load(), "failed", map[string]any{"reason": why})
		e.stop()
		return nil
	})
}

// halt stops the server and keeps its store.
func (e *embedded) halt() {
	e.running.Store(false)
	e.log.failed.Store(nil)
	e.removePorts()
	e.responder.Load().refuse()
	e.watcher.Load().expectEnd()
	e.pipes.shutdown()
	if s := e.srv.Load(); s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	} else if e.set != nil {
		closeResolver(e.set.opts)
	}
	e.responder.Load().close()
	e.watcher.Load().close()
	if e.resolver != nil {
		e.resolver.Close()
	}
	e.pipes.close()
	e.http.Load().close()
	e.log.use(logSettings{}, nil)
}

func stopServer(h uint64) (uint64, error) {
	e, err := servers.get(h)
	if err != nil {
		return 0, err
	}
	e.running.Store(false) // from now on, however long the rest takes
	return startJob(func(*job) ([]byte, error) {
		e.stop()
		return nil, nil
	}), nil
}

func stopServers() uint64 {
	ending.Store(true)
	return startJob(func(*job) ([]byte, error) {
		var all sync.WaitGroup
		for _, e := range servers.all() {
			all.Go(func() {
				_ = protect(func() error {
					e.stop()
					return nil
				})
			})
		}
		all.Wait()
		return nil, nil
	})
}

// describe writes down the facts of the running server, for callers that must not wait for its locks.
func (e *embedded) describe() []byte {
	opts, m := e.set.opts, e.http.Load()
	ports := boundPorts(e.srv.Load(), opts, m)
	state := map[string]any{
		"state": "running", "server_id": e.srv.Load().ID(), "server_name": e.srv.Load().Name(),
		"jetstream_enabled": e.srv.Load().JetStreamEnabled(), "ports": ports,
		"client_url": nil, "monitoring_url": nil, "websocket_url": nil,
	}
	if port, ok := ports["client"]; ok {
		state["client_url"] = listenURL("nats", "tls", opts.TLSConfig != nil, opts.Host, port)
	}
	if port, ok := ports["websocket"]; ok {
		ws := opts.Websocket
		state["websocket_url"] = listenURL("ws", "wss", ws.TLSConfig != nil, ws.Host, port)
	}
	if m != nil {
		state["monitoring_url"] = m.url()
	}
	open := []int{}
	for _, port := range ports {
		open = append(open, port)
		if !slices.Contains(e.ports, port) {
			closePortInChild(port, true)
		}
	}
	for _, port := range e.ports {
		if !slices.Contains(open, port) {
			closePortInChild(port, false)
		}
	}
	e.ports = open
	e.writePorts()
	return e.publish(state)
}

func listenURL(scheme, secure string, isSecure bool, host string, port int) string {
	if isSecure {
		scheme = secure
	}
	return scheme + "://" + net.JoinHostPort(reachable(host), strconv.Itoa(port))
}

func (e *embedded) publish(state map[string]any) []byte {
	data, err := json.Marshal(state)
	if err != nil {
		panic(err) // strings and numbers only
	}
	e.state.Store(&data)
	return data
}

// runningServer is the server behind a handle, if it is up.
func runningServer(h uint64) (*embedded, error) {
	e, err := servers.get(h)
	if err != nil {
		return nil, err
	}
	if !e.running.Load() {
		return nil, faultf(codeStopped, "the server is not running")
	}
	return e, nil
}

// startLocked starts a job on a running server that is alone with it, if it is still up by then.
func startLocked(h uint64, work func(*job, *embedded) ([]byte, error)) (uint64, error) {
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
		if e.leaving.Load() {
			return nil, faultf(codeState, "the server is in lame duck mode, and changes no more")
		}
		return work(j, e)
	}), nil
}

// startChange starts a job that puts another configuration in force, unless it was cancelled before.
func startChange(
	h uint64, text string, over overlay, change func(*embedded, *job, string, overlay) ([]byte, error),
) (uint64, error) {
	return startLocked(h, func(j *job, e *embedded) ([]byte, error) {
		if j.ctx.Err() != nil {
			return nil, errCanceled
		}
		before := e.set.text
		over.Events = e.set.overlay.Events // of which a change says nothing
		state, err := change(e, j, text, over)
		return state, withoutSecrets(err, before, text)
	})
}

// live is the server for those who do not hold the lock: there is none in the middle of a restart.
func (e *embedded) live() (*server.Server, error) {
	if s := e.srv.Load(); s != nil {
		return s, nil
	}
	return nil, faultf(codeStopped, "the server is not running")
}
