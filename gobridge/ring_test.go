package main

import (
	"fmt"
	"sync"
	"testing"
)

func TestRingGivesLinesInOrder(t *testing.T) {
	t.Parallel()
	r := newRing[logLine](8)
	for round := range 5 { // the ring goes round
		want := []string{}
		for i := range 3 {
			text := fmt.Sprint(round, i)
			want = append(want, text)
			r.put(logLine{text: text})
		}
		got, dropped := linesOf(t, r)
		if fmt.Sprint(got) != fmt.Sprint(want) || dropped != 0 {
			t.Errorf("got %v, %d dropped, not %v", got, dropped, want)
		}
	}
}

func TestFullRingDropsTheOldestAndCounts(t *testing.T) {
	t.Parallel()
	r := newRing[logLine](4)
	for i := range 10 {
		r.put(logLine{text: fmt.Sprint(i)})
	}
	got, dropped := linesOf(t, r)
	if fmt.Sprint(got) != "[6 7 8 9]" || dropped != 6 {
		t.Errorf("got %v, %d dropped", got, dropped)
	}
	if got, dropped := linesOf(t, r); len(got) != 0 || dropped != 0 {
		t.Errorf("an empty ring gave %v, %d dropped", got, dropped)
	}
}

func TestRingLosesNothingBetweenThreads(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 2000
	r := newRing[logLine](64)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				r.put(logLine{text: "x"})
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	seen := 0
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		got, dropped := linesOf(t, r)
		seen += len(got) + dropped
	}
	if seen != writers*each {
		t.Errorf("%d lines taken or dropped, %d written", seen, writers*each)
	}
}
