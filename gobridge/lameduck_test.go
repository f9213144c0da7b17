package main

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// leave begins the lame duck mode of a server.
func leave(t *testing.T, handle uint64, duration, grace time.Duration) {
	t.Helper()
	j, err := lameDuck(handle, duration, grace)
	check(t, err)
	_, err = await(t, j)
	check(t, err)
}

// isGone tells whether nothing is left of a server.
func isGone(handle uint64) bool {
	_, err := servers.get(handle)
	return err != nil
}

func TestLameDuckTellsClientsAndStops(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	told := make(chan struct{})
	nc := connect(t, s.ClientURL, nats.LameDuckModeHandler(func(*nats.Conn) { close(told) }))
	leave(t, handle, 100*time.Millisecond, 10*time.Millisecond)
	<-told
	eventually(t, "the server's end", func() bool { return isGone(handle) })
	eventually(t, "the client's end", nc.IsClosed)
	if !canListen(s.Ports["client"]) {
		t.Error("the port is not free")
	}
}

// A server without a listener for clients does nothing by itself.
func TestLameDuckWithoutAListener(t *testing.T) {
	t.Parallel()
	handle, _, err := tryStart(t, plain, overlay{DontListen: true})
	check(t, err)
	e := embeddedOf(t, handle)
	const clients = 5
	told, closed := make(chan struct{}, clients), make(chan time.Time, clients)
	for range clients {
		_, err := nats.Connect("", nats.InProcessServer(e.srv.Load()), nats.NoReconnect(),
			nats.LameDuckModeHandler(func(*nats.Conn) { told <- struct{}{} }),
			nats.ClosedHandler(func(*nats.Conn) { closed <- time.Now() }))
		check(t, err)
	}
	const grace, duration = 50 * time.Millisecond, 250 * time.Millisecond
	begun := time.Now()
	leave(t, handle, duration, grace)
	var first, last time.Time
	for i := range clients {
		<-told
		if last = <-closed; i == 0 {
			first = last
		}
	}
	eventually(t, "the server's end", func() bool { return isGone(handle) })
	if first.Sub(begun) < grace || last.Sub(first) < (duration-grace)/2 {
		t.Errorf("closed from %v to %v", first.Sub(begun), last.Sub(begun))
	}
}

func TestLameDuckThatNobodyIsLeftOfIsOver(t *testing.T) {
	t.Parallel()
	handle, _, err := tryStart(t, plain, overlay{DontListen: true})
	check(t, err)
	leave(t, handle, time.Hour, time.Hour/2)
	eventually(t, "the server's end", func() bool { return isGone(handle) })
}

func TestNothingChangesAServerInLameDuckMode(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	connect(t, s.ClientURL)
	leave(t, handle, time.Hour, time.Hour/2)
	_, err := apply(t, handle, plain)
	wantFault(t, err, codeState, "lame duck")
	if _, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Ports["client"])); err == nil {
		t.Error("it lets another client in")
	}
	if n := clientsLeft(handle); n != 1 {
		t.Errorf("%d clients are left, not 1", n)
	}
	stop(t, handle)
	if n := clientsLeft(handle); n != 0 || !isGone(handle) {
		t.Errorf("%d clients are left of a server that was stopped", n)
	}
}

func TestSecondLameDuckEndsTheFirst(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	connect(t, s.ClientURL)
	leave(t, handle, time.Hour, time.Hour/2)
	leave(t, handle, time.Hour, time.Hour/2)
	eventually(t, "the server's end", func() bool { return isGone(handle) })
}

func TestLameDuckNeedsAGraceWithinItsDuration(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	j, err := lameDuck(handle, time.Second, time.Second)
	check(t, err)
	_, err = await(t, j)
	wantFault(t, err, codeConfig, "grace", "1s")
	if !embeddedOf(t, handle).running.Load() {
		t.Error("the server has stopped")
	}
}

func TestWaitingForAServerThatIsGone(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	j, err := awaitServer(handle)
	check(t, err)
	given, err := awaitServer(handle)
	check(t, err)
	check(t, dropJob(given)) // whoever waited gave up
	stop(t, handle)
	_, err = await(t, j)
	check(t, err)
	for _, call := range []func() (uint64, error){
		func() (uint64, error) { return awaitServer(handle) },
		func() (uint64, error) { return lameDuck(handle, -1, -1) },
	} {
		_, err = call()
		wantFault(t, err, codeHandle)
	}
}
