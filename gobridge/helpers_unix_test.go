//go:build unix

package main

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// socketPair gives a descriptor, which the bridge may take over, and its connected peer.
func socketPair(t testing.TB) (fd int64, peer net.Conn) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	check(t, err)
	file := os.NewFile(uintptr(pair[1]), "peer")
	peer, err = net.FileConn(file)
	check(t, err)
	check(t, file.Close())
	t.Cleanup(func() { _ = peer.Close() })
	check(t, peer.SetDeadline(time.Now().Add(patience)))
	return int64(pair[0]), peer
}

// wakeSocket is a socket to be woken on; it stays the test's.
func wakeSocket(t testing.TB) (fd int64, peer net.Conn) {
	t.Helper()
	fd, peer = socketPair(t)
	t.Cleanup(func() { _ = syscall.Close(int(fd)) })
	return fd, peer
}

// wantBytes asserts how many bytes wait on a socket.
func wantBytes(t testing.TB, peer net.Conn, want int) {
	t.Helper()
	buffer := make([]byte, 16)
	if want > 0 {
		if n, err := peer.Read(buffer); n != want {
			t.Errorf("%d bytes came, not %d (%v)", n, want, err)
		}
		return
	}
	check(t, peer.SetReadDeadline(time.Now().Add(-time.Second)))
	if n, _ := peer.Read(buffer); n != 0 {
		t.Errorf("%d bytes came, none was due", n)
	}
}
