package main

import (
	"io"
	"time"

	"golang.org/x/sys/windows"
)

// winSocket reads and writes a socket that Go's poller does not know; each waiting call has a thread.
type winSocket struct{ handle windows.Handle }

func adoptSocket(fd int64) (s socket, inChild func(bool), err error) {
	return winSocket{windows.Handle(fd)}, func(bool) {}, nil
}

func (w winSocket) Read(p []byte) (int, error) {
	var done, flags uint32
	buf := windows.WSABuf{Len: uint32(len(p)), Buf: &p[0]}
	if err := windows.WSARecv(w.handle, &buf, 1, &done, &flags, nil, nil); err != nil {
		return 0, err
	}
	if done == 0 {
		return 0, io.EOF
	}
	return int(done), nil
}

func (w winSocket) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		var done uint32
		buf := windows.WSABuf{Len: uint32(len(p) - written), Buf: &p[written]}
		if err := windows.WSASend(w.handle, &buf, 1, &done, 0, nil, nil); err != nil {
			return written, err
		}
		written += int(done)
	}
	return written, nil
}

// SetWriteDeadline bounds the calls to come.
func (w winSocket) SetWriteDeadline(t time.Time) error {
	ms := max(int(time.Until(t).Milliseconds()), 1)
	const sendTimeout = 0x1005 // SO_SNDTIMEO
	return windows.SetsockoptInt(w.handle, windows.SOL_SOCKET, sendTimeout, ms)
}

func (w winSocket) CloseWrite() error { return windows.Shutdown(w.handle, windows.SHUT_WR) }

func (w winSocket) Close() error {
	_ = windows.Shutdown(w.handle, windows.SHUT_RDWR)
	return windows.Closesocket(w.handle)
}
