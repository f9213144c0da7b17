//go:build unix

package main

import "testing"

func TestRingWakesItsReaderOncePerBatch(t *testing.T) {
	t.Parallel()
	fd, peer := wakeSocket(t)
	r := newRing[logLine](8)
	r.put(logLine{text: "early"})
	r.open(fd) // lines wait: the reader is told at once
	wantBytes(t, peer, 1)
	linesOf(t, r)
	r.put(logLine{text: "one"})
	r.put(logLine{text: "two"})
	wantBytes(t, peer, 1)
	linesOf(t, r)
	r.open(nobody)
	r.put(logLine{text: "late"})
	wantBytes(t, peer, 0)
}
