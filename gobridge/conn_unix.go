//go:build unix

package main

import (
	"net"
	"os"
	"syscall"
)

// adoptSocket makes a connection of a descriptor, which it takes over also when it fails.
func adoptSocket(fd int64) (s socket, inChild func(bool), err error) {
	file := os.NewFile(uintptr(fd), "in-process client")
	if file == nil {
		return nil, nil, faultf(codeNotFound, "%d is no descriptor", fd)
	}
	conn, err := net.FileConn(file) // a duplicate
	_ = file.Close()
	if err != nil {
		return nil, nil, faultf(codeNotFound, "%v", err)
	}
	s, stream := conn.(socket)
	if !stream {
		_ = conn.Close()
		return nil, nil, faultf(codeNotFound, "%d is no stream socket", fd)
	}
	raw, err := conn.(syscall.Conn).SyscallConn() // every kind of connection has one
	if err != nil {
		_ = conn.Close()
		return nil, nil, faultf(codeNotFound, "%v", err)
	}
	inChild = func(on bool) {
		_ = raw.Control(func(fd uintptr) { closeInChild(fd, on) })
	}
	return s, inChild, nil
}
