package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTableGetRefusesDeadHandles(t *testing.T) {
	t.Parallel()
	var tab table[string]
	stale := tab.add("a")
	if _, err := tab.take(stale); err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]uint64{"zero": 0, "stale": stale, "unknown": 1 << 60} {
		for what, call := range map[string]func(uint64) (string, error){"get": tab.get, "take": tab.take} {
			item, err := call(h)
			var f *fault
			if !errors.As(err, &f) || f.code != codeHandle || item != "" {
				t.Errorf("%s: %s(%d) = %q, %v", name, what, h, item, err)
			}
		}
	}
}

func TestHandlesOfAllTablesDiffer(t *testing.T) {
	t.Parallel()
	var one, two table[int]
	seen := map[uint64]bool{0: true}
	for range 100 {
		for _, tab := range []*table[int]{&one, &two} {
			h := tab.add(1)
			if seen[h] {
				t.Fatalf("handle %d was used before", h)
			}
			seen[h] = true
			_, err := tab.take(h)
			check(t, err)
		}
	}
}

func TestTableGivesAnItemAwayOnce(t *testing.T) {
	t.Parallel()
	var tab table[int]
	for range 1000 {
		h := tab.add(1)
		var takers sync.WaitGroup
		var took atomic.Int32
		for range 4 {
			takers.Go(func() {
				if _, err := tab.take(h); err == nil {
					took.Add(1)
				}
			})
		}
		takers.Wait()
		if took.Load() != 1 {
			t.Fatalf("%d takers had it", took.Load())
		}
	}
	if tab.size() != 0 || len(tab.all()) != 0 {
		t.Errorf("%d items are left", tab.size())
	}
}
