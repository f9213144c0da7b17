//go:build unix

package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestSyslogGetsTheTextAndItsOwnLevel(t *testing.T) {
	t.Parallel()
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	check(t, listener.SetReadDeadline(time.Now().Add(patience)))
	l := newLogger()
	set := logSettings{remoteSyslog: "udp://" + listener.LocalAddr().String(), logtime: true}
	s, err := l.openSink(set)
	check(t, err)
	l.use(set, s)
	t.Cleanup(func() { l.use(logSettings{}, nil) })
	l.Errorf("it [ERR] failed")
	buffer := make([]byte, 1024)
	n, _, err := listener.ReadFrom(buffer)
	check(t, err)
	// Facility daemon is 3, severity error is 3: 3*8+3.
	got := string(buffer[:n])
	if !strings.HasPrefix(got, "<27>") || !strings.HasSuffix(got, "]: it [ERR] failed\n") {
		t.Errorf("syslog got %q", got)
	}
}

func TestSyslogThatCannotBeReachedNamesTheKey(t *testing.T) {
	t.Parallel()
	for _, remote := range []string{"unix:///nowhere/at/all", "tcp://127.0.0.1:1", "%zz://"} {
		_, err := newLogger().openSink(logSettings{remoteSyslog: remote})
		if p := faultPlaces(t, err); p[0][0] != "remote_syslog" {
			t.Errorf("%s: the fault is about %q", remote, p[0][0])
		}
	}
}
