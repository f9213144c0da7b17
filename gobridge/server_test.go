package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

const plain = "host: 127.0.0.1, port: -1"

// jetStream is the text of a server with JetStream in a directory.
func jetStream(dir string) string {
	return fmt.Sprintf("%s, jetstream { store_dir: %q, max_mem: 10MB, max_file: 100MB }", plain, filepath.ToSlash(dir))
}

func TestStartAndStopLeaveNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	start := func(t *testing.T) (handle uint64, s state) {
		t.Helper()
		text := jetStream(dir) + ", http_port: -1, server_name: east"
		handle, s, err := tryStart(t, text, overlay{PrivateStore: true})
		check(t, err)
		return handle, s
	}
	run := func(t *testing.T) {
		handle, s := start(t)
		if s.State != "running" || s.ServerName != "east" || !s.JetStream || s.ServerID == "" {
			t.Errorf("state is %+v", s)
		}
		nc := connect(t, s.ClientURL)
		if nc.ConnectedServerId() != s.ServerID {
			t.Error("the client talks to another server")
		}
		if _, err := runningServer(handle); err != nil {
			t.Error(err)
		}
		stop(t, handle)
		if _, err := runningServer(handle); err == nil {
			t.Error("a stopped server has a handle")
		}
		if _, err := stopServer(handle); err == nil {
			t.Error("a stopped server was stopped")
		}
		for name, port := range s.Ports {
			if !canListen(port) {
				t.Errorf("somebody still listens on the port of %s", name)
			}
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("the private store is still there: %v", err)
		}
	}
	t.Run("first", run) // starts what the process keeps
	leavesNothing(t, "second", run)
}

func TestFailedStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	port := taken(t)
	certificate := makeCertificates(t, "s")
	cache := filepath.ToSlash(filepath.Join(dir, "jwt"))
	for name, c := range map[string]struct {
		text string
		code int32
	}{
		"refused by the parser":       {"odd: 1, resolver { type: cache, dir: %q, ttl: 1h }", codeConfig},
		"refused by the server":       {"no_auth_user: nobody, resolver { type: cache, dir: %q, ttl: 1h }", codeConfig},
		"client port":                 {jetStream(dir) + ", http_port: -1, server_tags: %q, port: " + fmt.Sprint(port), codePortInUse},
		"pid file":                    {jetStream(dir) + ", http_port: -1, pid_file: \"/no/such/dir\", ports_file_dir: %q", codeStart},
		"monitoring without TLS":      {jetStream(dir) + ", https_port: -1, server_tags: %q", codeConfig},
		"log file":                    {jetStream(dir) + ", log_file: \"/no/such/dir/log\", server_tags: %q", codeConfig},
		"store is a file":             {jetStream(certificate.key) + ", http_port: -1, server_tags: %q", codeConfig},
		"no store":                    {plain + ", jetstream: enabled, server_tags: %q", codeConfig},
		"certificate without its key": {"tls { cert_file: %q, key_file: \"/no/such/key\" }", codeConfig},
		"system account with JetStream": {jetStream(dir) + ", server_tags: %q, system_account: S, " +
			"accounts { S { jetstream: enabled }, A {} }", codeStart},
	} {
		leavesNothing(t, name, func(t *testing.T) {
			handle, _, err := tryStart(t, fmt.Sprintf(c.text, cache), overlay{})
			wantFault(t, err, c.code)
			if _, err := servers.get(handle); err == nil {
				t.Error("the handle of a server that did not start is alive")
			}
			s, err := openStore(dir, "next", false)
			check(t, err)
			s.close()
		})
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	text := jetStream(dir) + `, server_name: s, http_port: -1, cluster { name: c, listen: "127.0.0.1:-1", routes: ["nats-route://127.0.0.1:1"] },
		leafnodes { listen: "127.0.0.1:-1" },
		websocket { listen: "127.0.0.1:-1", no_tls: yes }, mqtt { listen: "127.0.0.1:-1" }`
	leavesNothing(t, "cancel", func(t *testing.T) {
		cancelled := 0
		for i := range 30 {
			handle, h := startServer(text, overlay{})
			j, err := jobs.get(h)
			check(t, err)
			time.Sleep(time.Duration(i) * 200 * time.Microsecond) // another moment of the start each time
			tooLate := j.requestCancel()
			_, err = await(t, h)
			if tooLate != (err == nil) {
				t.Fatalf("too late: %v, but the start ended with %v", tooLate, err)
			}
			if tooLate {
				stop(t, handle)
				continue
			}
			cancelled++
			wantFault(t, err, codeCanceled)
			if _, err := servers.get(handle); err == nil {
				t.Error("a cancelled start left a handle")
			}
		}
		if cancelled == 0 {
			t.Error("no start was cancelled")
		}
	})
}

// A stop does not wait for a start that it can cancel, and never leaves its server behind.
func TestStopDuringStartWins(t *testing.T) {
	dir := t.TempDir()
	leavesNothing(t, "stop", func(t *testing.T) {
		for i := range 30 {
			handle, starting := startServer(jetStream(dir), overlay{})
			time.Sleep(time.Duration(i) * 100 * time.Microsecond)
			stopping, err := stopServer(handle)
			if err == nil {
				_, err = await(t, stopping)
			}
			check(t, err)
			if _, err := await(t, starting); err != nil {
				wantFault(t, err, codeCanceled)
			}
			if _, err := servers.get(handle); err == nil {
				t.Error("a stopped server has a handle")
			}
		}
	})
}

func TestStopServersStopsAll(t *testing.T) {
	leavesNothing(t, "all", func(t *testing.T) {
		for range 5 {
			start(t, plain)
		}
		handle, starting := startServer(plain, overlay{})
		defer ending.Store(false)
		_, err := await(t, stopServers())
		check(t, err)
		_, _ = await(t, starting)
		if _, err := servers.get(handle); err == nil || servers.size() > 0 {
			t.Errorf("%d servers are left", servers.size())
		}
	})
}

func TestMessagesSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	handle, s := start(t, jetStream(dir))
	nc := connect(t, s.ClientURL)
	js, err := nc.JetStream()
	check(t, err)
	_, err = js.AddStream(&nats.StreamConfig{Name: "S", Subjects: []string{"s"}})
	check(t, err)
	for i := range 10 {
		_, err := js.Publish("s", []byte{byte(i)})
		check(t, err)
	}
	nc.Close()

	_, _, err = tryStart(t, jetStream(dir), overlay{})
	wantFault(t, err, codeStoreInUse, fmt.Sprintf("process %d", os.Getpid()))

	stop(t, handle)
	_, s = start(t, jetStream(dir))
	js, err = connect(t, s.ClientURL).JetStream()
	check(t, err)
	info, err := js.StreamInfo("S")
	check(t, err)
	if info.State.Msgs != 10 {
		t.Errorf("%d messages are left of 10", info.State.Msgs)
	}
}

func TestServerWithoutAClientPort(t *testing.T) {
	t.Parallel()
	handle, s, err := tryStart(t, "http_port: -1, host: 127.0.0.1", overlay{DontListen: true})
	check(t, err)
	if s.ClientURL != "" || len(s.Ports) != 1 || s.Ports["monitoring"] == 0 {
		t.Errorf("state is %+v", s)
	}
	nc := connect(t, "", nats.InProcessServer(embeddedOf(t, handle).srv.Load()))
	if nc.ConnectedServerId() != s.ServerID {
		t.Error("the client talks to another server")
	}
}

func TestStateIsKnownFromTheStart(t *testing.T) {
	t.Parallel()
	handle, starting := startServer(jetStream(t.TempDir()), overlay{})
	e := embeddedOf(t, handle)
	if s := decode[state](t, *e.state.Load()); s.State != "starting" && s.State != "running" {
		t.Errorf("state is %+v", s)
	}
	_, err := await(t, starting)
	check(t, err)
	if s := decode[state](t, *e.state.Load()); s.State != "running" {
		t.Errorf("state is %+v", s)
	}
	stop(t, handle)
	if s := decode[state](t, *e.state.Load()); s.State != "stopping" {
		t.Errorf("state is %+v", s)
	}
}

func TestDoubtsAreLoggedWhenTheyAreInForce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	text := fmt.Sprintf("%s, log_file: %q", plain, filepath.ToSlash(path))
	handle, _, err := tryStart(t, text, overlay{Warnings: []string{"a: is open"}})
	check(t, err)
	j, err := applySettings(handle, text, overlay{Warnings: []string{"a: is open", "b: is open"}})
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	for _, doubt := range []string{"a", "b"} {
		if n := strings.Count(read(t, path), "[WRN] "+doubt+": is open\n"); n != 1 {
			t.Errorf("%s is told %d times", doubt, n)
		}
	}
}

func TestURLsTellOfTLS(t *testing.T) {
	t.Parallel()
	c := makeCertificates(t, "s")
	_, s := start(t, plain+", https_port: -1, http_base_path: nats, "+c.block()+
		", websocket { listen: \"127.0.0.1:-1\", "+c.block()+" }")
	if !strings.HasPrefix(s.ClientURL, "tls://127.0.0.1:") || !strings.HasPrefix(s.WebsocketURL, "wss://127.0.0.1:") ||
		!strings.HasPrefix(s.MonitoringURL, "https://127.0.0.1:") || !strings.HasSuffix(s.MonitoringURL, "/nats") {
		t.Errorf("state is %+v", s)
	}
	secure := nats.Secure(&tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12})
	connect(t, s.ClientURL, secure)
	connect(t, s.WebsocketURL, secure)
}

func TestClusterInOneProcessBecomesReady(t *testing.T) {
	t.Parallel()
	handles, states := startCluster(t, 3)
	eventually(t, "all are healthy", func() bool {
		healthy := 0
		for _, handle := range handles {
			data, err := embeddedOf(t, handle).document("healthz", []byte("{}"))
			check(t, err)
			if decode[map[string]any](t, data)["status"] == "ok" {
				healthy++
			}
		}
		return healthy == len(handles)
	})
	js, err := connect(t, states[0].ClientURL).JetStream(nats.MaxWait(patience))
	check(t, err)
	eventually(t, "a stream on all of them", func() bool { // healthy servers need not know one another yet
		_, err := js.AddStream(&nats.StreamConfig{Name: "S", Subjects: []string{"s"}, Replicas: 3})
		return err == nil
	})
	_, err = js.Publish("s", []byte("x"))
	check(t, err)
	js, err = connect(t, states[2].ClientURL).JetStream(nats.MaxWait(patience))
	check(t, err)
	info, err := js.StreamInfo("S")
	check(t, err)
	if len(info.Cluster.Replicas) != 2 || info.State.Msgs != 1 {
		t.Errorf("the stream is %+v", info)
	}
}

// startCluster starts servers that form a cluster with JetStream. Their route ports must be known
// beforehand, so it tries again if somebody else was faster.
func startCluster(t testing.TB, n int) (handles []uint64, states []state) {
	t.Helper()
	for range 5 {
		ports, routes := freePorts(t, n), []string{}
		for _, port := range ports {
			routes = append(routes, fmt.Sprintf("\"nats-route://127.0.0.1:%d\"", port))
		}
		handles, states = nil, nil
		for i, port := range ports {
			text := fmt.Sprintf("%s, server_name: n%d, cluster { name: c, listen: \"127.0.0.1:%d\", routes: [ %s ] }",
				jetStream(t.TempDir()), i, port, strings.Join(routes, ", "))
			handle, s, err := tryStart(t, text, overlay{})
			if err != nil {
				wantFault(t, err, codePortInUse)
				break
			}
			handles, states = append(handles, handle), append(states, s)
		}
		if len(states) == n {
			return handles, states
		}
		for _, handle := range handles {
			stop(t, handle)
		}
	}
	t.Fatal("no ports for a cluster")
	return nil, nil
}
