//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// dialer gives a client connections into a server, each through a socket pair.
type dialer struct {
	t      testing.TB
	handle uint64
}

func (d dialer) Dial(string, string) (net.Conn, error) {
	fd, peer := socketPair(d.t)
	if err := connectServer(d.handle, fd); err != nil {
		return nil, err
	}
	return peer, peer.SetDeadline(time.Time{})
}

func TestClientInsideWorksAndIsClosedAtStop(t *testing.T) {
	run := func(t *testing.T) {
		handle, _, err := tryStart(t, "", overlay{DontListen: true})
		check(t, err)
		e := embeddedOf(t, handle)
		closed := make(chan struct{})
		nc := connect(t, "nats://inside:1", nats.SetCustomDialer(dialer{t, handle}), //nolint:staticcheck // it fits
			nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
		other := connect(t, "nats://inside:1", nats.SetCustomDialer(dialer{t, handle})) //nolint:staticcheck // it fits
		sub, err := nc.SubscribeSync("s")
		check(t, err)
		check(t, nc.Flush())
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // max_payload
		for range 5 {
			check(t, other.Publish("s", big))
		}
		for range 5 {
			m, err := sub.NextMsg(patience)
			check(t, err)
			if !bytes.Equal(m.Data, big) {
				t.Error("the message came out different")
			}
		}
		if e.pipes.size() != 2 {
			t.Errorf("%d connections", e.pipes.size())
		}
		other.Close()
		eventually(t, "the closed connection is forgotten", func() bool { return e.pipes.size() == 1 })
		stop(t, handle)
		select {
		case <-closed:
		case <-time.After(patience):
			t.Error("the client was not told")
		}
	}
	t.Run("first", run)
	leavesNothing(t, "second", run)
}

func TestClientThatDoesNotReadIsNotWaitedFor(t *testing.T) {
	leavesNothing(t, "stop", func(t *testing.T) {
		handle, _ := start(t, plain+", write_deadline: \"60s\"")
		for range 3 {
			fd, _ := socketPair(t)
			check(t, connectServer(handle, fd))
		}
		fd, peer := socketPair(t)
		check(t, connectServer(handle, fd))
		_, err := peer.Write([]byte("CONNECT {}\r\nSUB > 1\r\n"))
		check(t, err)
		message := []byte("PUB s 100000\r\n" + strings.Repeat("x", 100000) + "\r\n")
		check(t, peer.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
		for err == nil { // until all buffers on the way back are full
			_, err = peer.Write(message)
		}
		began := time.Now()
		stop(t, handle)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}

// wantClosed asserts that the other end of a socket pair was closed.
func wantClosed(t testing.TB, peer net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, peer)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the socket is open: %v", err)
	}
}

func TestSocketIsClosedWhenItCannotConnect(t *testing.T) {
	t.Parallel()
	fd, peer := socketPair(t)
	wantFault(t, connectServer(1<<60, fd), codeHandle)
	wantClosed(t, peer)

	handle, _ := start(t, plain)
	e := embeddedOf(t, handle)
	e.srv.Load().Shutdown()
	fd, peer = socketPair(t)
	wantFault(t, connectServer(handle, fd), codeStopped)
	wantClosed(t, peer)

	e.pipes.shutdown()
	fd, peer = socketPair(t)
	wantFault(t, connectServer(handle, fd), codeStopped)
	wantClosed(t, peer)
}

func TestOnlyASocketIsTaken(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	file, err := os.Open(t.TempDir())
	check(t, err)
	fd, err := syscall.Dup(int(file.Fd()))
	check(t, err)
	check(t, file.Close())
	wantFault(t, connectServer(handle, int64(fd)), codeNotFound)
	if err := syscall.Fstat(fd, &syscall.Stat_t{}); err == nil {
		t.Error("the descriptor is still open")
	}
	wantFault(t, connectServer(handle, -1), codeNotFound)
}

func TestSocketOfAnyKindIsTaken(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	peer, err := net.Dial("tcp", listener.Addr().String())
	check(t, err)
	t.Cleanup(func() { _ = peer.Close() })
	check(t, peer.SetDeadline(time.Now().Add(patience)))
	accepted, err := listener.Accept()
	check(t, err)
	file, err := accepted.(*net.TCPConn).File()
	check(t, err)
	fd, err := syscall.Dup(int(file.Fd()))
	check(t, errors.Join(err, file.Close(), accepted.Close()))
	check(t, connectServer(handle, int64(fd)))
	info := make([]byte, 4096)
	n, err := peer.Read(info)
	if !strings.Contains(string(info[:n]), s.ServerID) {
		t.Errorf("got %q, %v", info[:n], err)
	}
}
