package main

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
)

func restart(t testing.TB, handle uint64, text string) (state, error) {
	t.Helper()
	j, err := restartServer(handle, text, overlay{})
	check(t, err)
	result, err := await(t, j)
	if err != nil {
		return state{}, err
	}
	return decode[state](t, result), nil
}

func TestRestartKeepsHandleAndPorts(t *testing.T) {
	t.Parallel()
	dir := filepath.ToSlash(t.TempDir())
	text := fmt.Sprintf(`%s, http_port: -1, prof_port: -1, leafnodes { listen: "127.0.0.1:-1" },
		websocket { listen: "127.0.0.1:-1", no_tls: true }, jetstream { store_dir: %q }, mqtt { listen: "127.0.0.1:-1" },
		cluster { name: c, listen: "127.0.0.1:-1", routes: ["nats-route://127.0.0.1:1"] }, server_name: `, plain, dir)
	handle, before := start(t, text+"a")
	after, err := restart(t, handle, text+"b")
	check(t, err)
	if len(before.Ports) != 7 || fmt.Sprint(after.Ports) != fmt.Sprint(before.Ports) {
		t.Errorf("the ports were %v and are %v", before.Ports, after.Ports)
	}
	if after.ServerName != "b" || after.ServerID == before.ServerID {
		t.Errorf("it is %+v", after)
	}
	check(t, connect(t, after.ClientURL).FlushTimeout(patience))
	wantLive(t, handle, text+"b")
	_, err = apply(t, handle, text+"b, max_payload: 2000")
	check(t, err)
	if embeddedOf(t, handle).http.Load().port() != before.Ports["monitoring"] {
		t.Error("a change moved the HTTP listener of a server that was restarted")
	}
}

func TestRestartKeepsThePrivateStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "private")
	text := jetStream(dir) + ", server_name: "
	handle, j := startServer(text+"a", overlay{PrivateStore: true})
	_, err := await(t, j)
	check(t, err)
	j, err = restartServer(handle, text+"b", overlay{PrivateStore: true})
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	if !embeddedOf(t, handle).store.is(dir) {
		t.Error("the store is another one")
	}
	stop(t, handle)
	if entries := list(t, filepath.Dir(dir)); len(entries) > 0 {
		t.Errorf("it left %v", entries)
	}
}

func TestRefusedRestartStopsNothing(t *testing.T) {
	t.Parallel()
	handle, before := start(t, plain)
	nc := connect(t, before.ClientURL)
	for _, text := range []string{"odd: 1", "no_auth_user: nobody", "tls { cert_file: \"/no\", key_file: \"/no\" }"} {
		_, err := restart(t, handle, plain+", "+text)
		wantFault(t, err, codeConfig)
	}
	check(t, nc.FlushTimeout(patience))
	wantLive(t, handle, plain)
}

func TestFailedRestartStartsItAsItWas(t *testing.T) {
	t.Parallel()
	text := jetStream(t.TempDir()) + ", http_port: -1, server_name: a"
	handle, before := start(t, text)
	for _, more := range []string{
		fmt.Sprintf(", leafnodes { listen: \"127.0.0.1:%d\" }", taken(t)),
		fmt.Sprintf(", https_port: %d", taken(t)), // and no TLS
		fmt.Sprintf(", log_file: %q", filepath.ToSlash(filepath.Join(t.TempDir(), "no", "a.log"))),
	} {
		if _, err := restart(t, handle, text+more); err == nil {
			t.Errorf("%s: it was restarted", more)
		}
		e := embeddedOf(t, handle)
		if s := decode[state](t, *e.state.Load()); !e.running.Load() || fmt.Sprint(s.Ports) != fmt.Sprint(before.Ports) {
			t.Errorf("%s: it is %+v", more, s)
		}
		wantLive(t, handle, text)
	}
}

func TestCancelledRestartStartsItAsItWas(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	e := embeddedOf(t, handle)
	j := newJob()
	j.requestCancel()
	e.mu.Lock()
	_, err := e.restart(j, plain+", server_name: other", overlay{})
	e.mu.Unlock()
	wantFault(t, err, codeCanceled)
	wantLive(t, handle, plain)
}

func TestStopDuringRestartStops(t *testing.T) {
	t.Parallel()
	for range 20 {
		handle, _, err := tryStart(t, plain, overlay{})
		check(t, err)
		j, err := restartServer(handle, plain+", server_name: other", overlay{})
		check(t, err)
		stopping, err := stopServer(handle)
		check(t, err)
		_, _ = await(t, j)
		_, err = await(t, stopping)
		check(t, err)
		if _, err := servers.get(handle); err == nil {
			t.Fatal("it is still there")
		}
	}
}

func TestClientsInsideComeBackAfterRestart(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	back := make(chan struct{}, 1)
	nc, err := nats.Connect("", nats.InProcessServer(inside(handle)), nats.ReconnectWait(0), nats.MaxReconnects(-1),
		nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))
	check(t, err)
	t.Cleanup(nc.Close)
	_, err = restart(t, handle, plain+", server_name: other")
	check(t, err)
	<-back
	check(t, nc.FlushTimeout(patience))
}

// inside connects to the server that is behind a handle by then.
type inside uint64

func (h inside) InProcessConn() (net.Conn, error) {
	e, err := runningServer(uint64(h))
	if err != nil {
		return nil, err
	}
	return e.srv.Load().InProcessConn()
}
