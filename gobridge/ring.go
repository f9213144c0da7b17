package main

import (
	"sync"
	"time"
)

// ring keeps what waits until Python takes it. put never blocks: the server calls it under its locks. A
// full ring drops the oldest, and counts for each owner what was lost.
type ring[T interface{ owner() uint64 }] struct {
	mu      sync.Mutex
	items   []T
	first   int
	count   int
	dropped map[uint64]uint64
	wake    int64
	waking  bool // soon
}

// gathering is how long the first waits for others before Python is told: whoever reads them would take a
// core from what the server is just doing, and is often the reason for more.
const gathering = 2 * time.Millisecond

func newRing[T interface{ owner() uint64 }](size int) *ring[T] {
	return &ring[T]{items: make([]T, size), dropped: map[uint64]uint64{}, wake: nobody}
}

func (r *ring[T]) put(item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == len(r.items) {
		r.dropped[r.items[r.first].owner()]++
		r.first = (r.first + 1) % len(r.items)
		r.count--
	}
	r.items[(r.first+r.count)%len(r.items)] = item
	r.count++
	r.tellSoon()
}

func (r *ring[T]) tellSoon() {
	if r.count > 0 && r.wake != nobody && !r.waking {
		r.waking = true
		time.AfterFunc(gathering, r.tell)
	}
}

// tell wakes the reader if there is something to read.
func (r *ring[T]) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waking = false
	if r.count > 0 && r.wake != nobody {
		wake(r.wake)
	}
}

func (r *ring[T]) open(writer int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wake = writer
	r.tellSoon()
}

func (r *ring[T]) take() (taken []T, dropped map[uint64]uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken, dropped = make([]T, r.count), r.dropped
	for i := range taken {
		at := (r.first + i) % len(r.items)
		taken[i] = r.items[at]
		clear(r.items[at : at+1])
	}
	r.first, r.count, r.dropped = 0, 0, map[uint64]uint64{}
	return taken, dropped
}
