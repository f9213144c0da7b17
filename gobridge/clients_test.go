package main

import (
	"fmt"
	"net"
	"testing"
)

// plainClient connects, and returns its cid.
func plainClient(t *testing.T, e *embedded, s state) (net.Conn, uint64) {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Ports["client"]))
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	eventually(t, "the client is listed", func() bool { return len(e.clients()) == 1 })
	return conn, e.clients()[0].Cid
}

func TestDisconnectedClientIsGone(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	e := embeddedOf(t, handle)
	_, cid := plainClient(t, e, s)
	j, err := disconnectClient(handle, cid)
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	if isConnected(e.srv.Load(), cid) {
		t.Errorf("client %d is listed still", cid)
	}
	for _, call := range []func(h, cid uint64) (uint64, error){disconnectClient, lameDuckClient} {
		j, err = call(handle, cid)
		check(t, err)
		_, err = await(t, j)
		wantFault(t, err, codeNotFound, fmt.Sprint(cid))
		_, err = call(0, cid)
		wantFault(t, err, codeHandle)
	}
}

func TestClientThatCannotBeToldIsNoLameDuck(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	_, cid := plainClient(t, embeddedOf(t, handle), s) // it has not said that it can
	j, err := lameDuckClient(handle, cid)
	check(t, err)
	_, err = await(t, j)
	wantFault(t, err, codeState, "cannot be told")
}

func TestThereAreNoClientsInTheMiddleOfARestart(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	e := embeddedOf(t, handle)
	s := e.srv.Swap(nil) // as a restart does for a moment
	defer e.srv.Store(s)
	for _, call := range []func(h, cid uint64) (uint64, error){disconnectClient, lameDuckClient} {
		j, err := call(handle, 1)
		check(t, err)
		_, err = await(t, j)
		wantFault(t, err, codeStopped)
	}
}
