package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// differs names the live options that differ from those of a text.
func differs(t testing.TB, handle uint64, kind, data string) []string {
	t.Helper()
	j, err := compareLive(handle, kind, data)
	check(t, err)
	names, err := await(t, j)
	check(t, err)
	return decode[[]string](t, names)
}

// wantLive asserts that the configuration of a text is in force.
func wantLive(t testing.TB, handle uint64, text string) {
	t.Helper()
	if names := differs(t, handle, "text", text); len(names) > 0 {
		t.Errorf("%q differ from %s", names, text)
	}
}

func TestReloadKeepsClientsConnectedAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := func(i int) string {
		return fmt.Sprintf("%s, http_port: -1, max_payload: %d, debug: %v, ping_interval: \"%ds\", log_file: %q",
			jetStream(dir), 1<<20+i, i%2 == 0, 60+i, filepath.ToSlash(filepath.Join(dir, fmt.Sprintf("%d.log", i%3))))
	}
	handle, s := start(t, text(0))

	const clients, changes = 5, 20
	var lost atomic.Int32
	var received [clients]atomic.Int64
	var sent [clients]int64
	stopped := make(chan struct{})
	var publishers sync.WaitGroup
	for i := range clients {
		nc := connect(t, s.ClientURL, nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				lost.Add(1)
			}
		}))
		subject := fmt.Sprint("s.", i)
		_, err := nc.Subscribe(subject, func(*nats.Msg) { received[i].Add(1) })
		check(t, err)
		check(t, nc.Flush())
		publishers.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
				}
				if err := errors.Join(nc.Publish(subject, []byte("x")), nc.Flush()); err != nil {
					t.Error(err)
					return
				}
				sent[i]++
			}
		})
	}
	for i := range changes {
		_, err := apply(t, handle, text(i+1))
		check(t, err)
		wantLive(t, handle, text(i+1))
	}
	close(stopped)
	publishers.Wait()
	for i := range clients {
		eventually(t, "all messages are there", func() bool { return received[i].Load() == sent[i] })
	}
	if lost.Load() > 0 || slices.Contains(sent[:], 0) {
		t.Errorf("%d connections were lost; sent %v", lost.Load(), sent)
	}
}

func TestAcceptedChangeIsInForce(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	nc := connect(t, s.ClientURL)
	after, err := apply(t, handle, plain+", max_payload: 2000, server_tags: [a]")
	check(t, err)
	if after.ServerID != s.ServerID || after.ClientURL != s.ClientURL || after.State != "running" {
		t.Errorf("state is %+v, was %+v", after, s)
	}
	if err := nc.Publish("s", make([]byte, 3000)); err == nil {
		err = nc.FlushTimeout(patience)
		if err == nil {
			t.Error("a message over max_payload was taken")
		}
	}
	if nc := connect(t, s.ClientURL); nc.MaxPayload() != 2000 {
		t.Errorf("max_payload is %d", nc.MaxPayload())
	}
}

// snapshot is what a refused change must leave as it was.
type snapshot struct {
	state        string
	set          *settings
	store        *store
	sink         sink
	http         *monitor
	opts         any
	ports, files string
}

func snap(t testing.TB, handle uint64, dir string) snapshot {
	t.Helper()
	e := embeddedOf(t, handle)
	e.mu.Lock()
	defer e.mu.Unlock()
	return snapshot{
		state: string(*e.state.Load()), set: e.set, store: e.store, sink: e.log.sink, http: e.http.Load(),
		opts: e.opts.Load(), ports: fmt.Sprint(e.ports), files: fmt.Sprint(list(t, dir)),
	}
}

func TestRefusedChangeLeavesEverything(t *testing.T) {
	dir := t.TempDir()
	slash := filepath.ToSlash(dir)
	check(t, os.Mkdir(filepath.Join(dir, "store"), 0o700))
	base := fmt.Sprintf("%s, server_name: s, store_dir: \"%s/store\", http_port: -1, log_file: \"%s/a.log\"", plain, slash, slash)
	handle, s := start(t, base)
	nc := connect(t, s.ClientURL)
	used := taken(t)
	free := freePorts(t, 1)[0]
	write(t, filepath.Join(dir, "b.log"), "")
	before := snap(t, handle, dir)

	// Each moves the HTTP listener and the log and locks the store, as far as it gets.
	moved := strings.NewReplacer("http_port: -1", fmt.Sprintf("http_port: %d", free), "a.log", "b.log").Replace(base)
	with := func(more string) string { return moved + ", jetstream: enabled, " + more }
	for name, c := range map[string]struct {
		text   string
		code   int32
		option string
	}{
		"unknown key":      {with("odd: 1"), codeConfig, ""},
		"rule of the set":  {with("no_auth_user: nobody"), codeConfig, ""},
		"server name":      {with("server_name: t"), codeRestart, "ServerName"},
		"client port":      {strings.Replace(with(""), "port: -1", fmt.Sprintf("port: %d", used), 1), codeRestart, "Port"},
		"cluster":          {with("cluster { listen: \"127.0.0.1:-1\" }"), codeRestart, "cluster host"},
		"proxies":          {with("proxies { trusted: [] }"), codeRestart, "Proxies"},
		"resolver":         {with(fmt.Sprintf("resolver { type: cache, dir: \"%s/store\", ttl: 1h }", slash)), codeConfig, ""},
		"HTTP port":        {strings.Replace(with(""), fmt.Sprint(free), fmt.Sprint(used), 1), codePortInUse, ""},
		"HTTPS, no TLS":    {strings.Replace(with(""), "http_port", "https_port", 1), codeConfig, ""},
		"log file":         {strings.Replace(with(""), "/b.log", "/no/b.log", 1), codeConfig, ""},
		"certificate":      {with("tls { cert_file: \"/no\", key_file: \"/no\" }"), codeConfig, ""},
		"secret in a pair": {with("websocket { port: -1, no_tls: true, authorization { user: u, password: hunter2 } }"), codeRestart, "Websocket"},
	} {
		t.Run(name, func(t *testing.T) {
			alive := goroutines()
			_, err := apply(t, handle, c.text)
			facts := wantFault(t, err, c.code)
			if c.option != "" && facts["option"] != c.option {
				t.Errorf("facts are %v", facts)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in %v", err)
			}
			eventually(t, "no goroutine more", func() bool { return goroutines() <= alive })
			if after := snap(t, handle, dir); after != before {
				t.Errorf("it was\n%+v and is\n%+v", before, after)
			}
			if !canListen(free) {
				t.Error("the new port is still taken")
			}
			other, err := openStore(filepath.Join(dir, "store"), "", false)
			if err != nil {
				t.Fatalf("the store is locked: %v", err)
			}
			other.close()
			if status, _, _ := get(t, s.MonitoringURL+"/varz"); status != 200 {
				t.Errorf("the HTTP listener answers %d", status)
			}
			http.DefaultClient.CloseIdleConnections()
			check(t, nc.FlushTimeout(patience))
			if text := read(t, filepath.Join(dir, "b.log")); text != "" {
				t.Errorf("the new log has %q", text)
			}
			wantLive(t, handle, base)
		})
	}
}

func TestDontListenCannotChange(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	j, err := applySettings(handle, plain, overlay{DontListen: true})
	check(t, err)
	_, err = await(t, j)
	if facts := wantFault(t, err, codeRestart); facts["option"] != "DontListen" {
		t.Errorf("facts are %v", facts)
	}
}

// In a cluster that would remove this server's part of the meta group from disk.
func TestJetStreamIsNotTurnedOffInACluster(t *testing.T) {
	t.Parallel()
	text := ", server_name: s, cluster { name: c, listen: \"127.0.0.1:-1\", routes: [\"nats-route://127.0.0.1:1\"] }"
	handle, _ := start(t, jetStream(t.TempDir())+text)
	_, err := apply(t, handle, plain+text)
	if facts := wantFault(t, err, codeRestart); facts["option"] != "JetStream" {
		t.Errorf("facts are %v", facts)
	}
}

func TestJetStreamThatCannotStartIsRolledBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "store"), 0o700))
	write(t, filepath.Join(dir, "store", "jetstream"), "a file where a directory must be")
	base := fmt.Sprintf("%s, store_dir: \"%s/store\", http_port: -1", plain, filepath.ToSlash(dir))
	handle, s := start(t, base)
	nc := connect(t, s.ClientURL)

	with := strings.Replace(base, ", http_port: -1", "", 1) + ", jetstream: enabled, max_payload: 1000"
	_, err := apply(t, handle, with)
	wantFault(t, err, codeChange, "jetstream is false, not true", "not a directory")
	wantLive(t, handle, base)
	check(t, nc.FlushTimeout(patience))
	if status, _, _ := get(t, s.MonitoringURL+"/varz"); status != 200 {
		t.Errorf("the HTTP listener answers %d", status)
	}
	if other, err := openStore(filepath.Join(dir, "store"), "", false); err != nil {
		t.Errorf("the store is locked: %v", err)
	} else {
		other.close()
	}

	check(t, os.Remove(filepath.Join(dir, "store", "jetstream")))
	after, err := apply(t, handle, with)
	check(t, err)
	if !after.JetStream || after.MonitoringURL != "" {
		t.Errorf("state is %+v", after)
	}
	_, err = openStore(filepath.Join(dir, "store"), "", false)
	wantFault(t, err, codeStoreInUse)
}

func TestStoreLockFollowsTheStore(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	locked := func(dir string) bool {
		s, err := openStore(dir, "", false)
		s.close()
		return err != nil
	}
	handle, _ := start(t, jetStream(one))
	for _, step := range []struct {
		text     string
		one, two bool
	}{
		{jetStream(one) + ", debug: true", true, false},
		{plain, true, false}, // off: its files stay, and stay ours
		{jetStream(two), false, true},
		{plain, false, true},
		{jetStream(one), true, false},
	} {
		s, err := apply(t, handle, step.text)
		check(t, err)
		if s.JetStream != strings.Contains(step.text, "jetstream") || locked(one) != step.one || locked(two) != step.two {
			t.Errorf("%s: JetStream is %v, locked are %v, %v", step.text, s.JetStream, locked(one), locked(two))
		}
	}
	stop(t, handle)
	if locked(one) || locked(two) {
		t.Error("a store is locked after the stop")
	}
}

func TestHTTPListenerMoves(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	if s.MonitoringURL != "" {
		t.Errorf("state is %+v", s)
	}
	on, err := apply(t, handle, plain+", http_port: -1")
	check(t, err)
	get(t, on.MonitoringURL+"/varz")
	kept, err := apply(t, handle, plain+", http_port: -1, debug: true")
	check(t, err)
	if kept.MonitoringURL != on.MonitoringURL {
		t.Errorf("an unchanged listener moved from %s to %s", on.MonitoringURL, kept.MonitoringURL)
	}
	moved, err := apply(t, handle, plain+", http: \"localhost:-1\"")
	check(t, err)
	if _, _, body := get(t, moved.MonitoringURL+"/varz"); !strings.Contains(body,
		fmt.Sprintf("\"http_port\": %d", moved.Ports["monitoring"])) {
		t.Errorf("varz is %s", body)
	}
	if !canListen(on.Ports["monitoring"]) {
		t.Error("the old port is still taken")
	}
	secure, err := apply(t, handle, plain+", https_port: -1, "+makeCertificates(t, "s").block())
	check(t, err)
	if !strings.HasPrefix(secure.MonitoringURL, "https://") {
		t.Errorf("state is %+v", secure)
	}
	off, err := apply(t, handle, plain)
	check(t, err)
	if off.MonitoringURL != "" || off.Ports["monitoring"] != 0 || !canListen(secure.Ports["monitoring"]) {
		t.Errorf("state is %+v", off)
	}
}

func TestLogFileMoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := func(name string) string {
		return fmt.Sprintf("%s, log_file: %q", plain, filepath.ToSlash(filepath.Join(dir, name)))
	}
	handle, _ := start(t, text("a.log"))
	e := embeddedOf(t, handle)
	e.srv.Load().Noticef("in a")
	_, err := apply(t, handle, text("b.log"))
	check(t, err)
	e.srv.Load().Noticef("in b")
	stop(t, handle)
	a, b := read(t, filepath.Join(dir, "a.log")), read(t, filepath.Join(dir, "b.log"))
	if !strings.Contains(a, "Server is ready\n") || !strings.Contains(a, "in a\n") ||
		!strings.Contains(a, "Reloaded") || strings.Contains(a, "in b") {
		t.Errorf("the first log is\n%s", a)
	}
	if !strings.Contains(b, "in b\n") || !strings.Contains(b, "Server Exiting") {
		t.Errorf("the second log is\n%s", b)
	}
}

func TestCancelledChangeIsUndone(t *testing.T) {
	t.Parallel()
	base := plain + ", max_payload: 1000"
	other := plain + ", max_payload: 2000, http_port: -1"
	handle, _ := start(t, base)
	for i := range 40 {
		h, err := applySettings(handle, other, overlay{})
		check(t, err)
		j, err := jobs.get(h)
		check(t, err)
		time.Sleep(time.Duration(i) * 20 * time.Microsecond) // another moment of the change each time
		tooLate := j.requestCancel()
		if _, err = await(t, h); tooLate != (err == nil) {
			t.Fatalf("too late: %v, but the change ended with %v", tooLate, err)
		}
		if !tooLate {
			wantFault(t, err, codeCanceled)
			wantLive(t, handle, base)
			continue
		}
		wantLive(t, handle, other)
		_, err = apply(t, handle, base)
		check(t, err)
	}
}

func TestStoppedServerCannotChange(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	e := embeddedOf(t, handle)
	e.mu.Lock() // the change has to wait, and the stop is faster
	changing, err := applySettings(handle, plain, overlay{})
	check(t, err)
	e.running.Store(false)
	e.mu.Unlock()
	_, err = await(t, changing)
	wantFault(t, err, codeStopped)
	_, err = applySettings(handle, plain, overlay{})
	wantFault(t, err, codeStopped)
	stop(t, handle)
	_, err = applySettings(handle, plain, overlay{})
	wantFault(t, err, codeHandle)
}

// Threads start, change, look at and stop servers as they please: nobody may hang, whoever wins.
func TestConcurrentChangesAndStopsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	port := freePorts(t, 1)[0]
	texts := []string{
		plain, plain + ", http_port: -1", plain + ", odd: 1", plain + ", server_name: x", plain + ", debug: true, trace: true",
		fmt.Sprintf("%s, http_port: %d", plain, port), plain + ", accounts { A { users: [{user: a, password: a}] } }",
		fmt.Sprintf("%s, log_file: %q", plain, filepath.ToSlash(filepath.Join(t.TempDir(), "a.log"))),
	}
	end := time.Now().Add(2 * time.Second)
	var handle atomic.Uint64
	var threads sync.WaitGroup
	defer threads.Wait()
	wait := func(h uint64, err error) {
		if err != nil {
			return // it is stopped
		}
		j, err := jobs.get(h)
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case <-j.ctx.Done():
		case <-time.After(patience):
			t.Error("a job hangs")
		}
		if rand.IntN(2) == 0 {
			j.requestCancel()
		}
		if err := dropJob(h); err != nil {
			t.Error(err)
		}
	}
	for i := range 6 {
		threads.Go(func() {
			for time.Now().Before(end) {
				h := handle.Load()
				switch rand.IntN(8) {
				case 0:
					if i == 0 {
						wait(stopServer(h))
						fresh, job := startServer(plain, overlay{})
						handle.Store(fresh)
						wait(job, nil)
					}
				case 1:
					wait(compareLive(h, "text", plain))
				case 2:
					if e, err := runningServer(h); err == nil {
						_, _ = e.document("varz", []byte("{}"))
						_ = e.log.reopen()
					}
				default:
					wait(applySettings(h, texts[rand.IntN(len(texts))], overlay{}))
				}
			}
			if i == 0 {
				wait(stopServer(handle.Load()))
			}
		})
	}
}
