// Package main is another Go runtime in the same process, as other Go-based packages bring one.
package main

import "C"

import (
	"runtime"
	"time"
)

// gb_versions has the name of one of dotgnatly's own functions, on purpose: a call that went astray
// would show.
//
//export gb_versions
func gb_versions() C.int { return 4711 }

// neighbour_work keeps all of the runtime busy for so many milliseconds: goroutines and channels,
// the garbage collector, preemption of a tight loop by a signal, a fault turned into a panic.
// It returns the number of rounds.
//
//export neighbour_work
func neighbour_work(ms C.int) C.int {
	rounds := C.int(0)
	for end := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(end); rounds++ {
		made := make(chan []byte)
		for i := range 100 {
			go func() { made <- make([]byte, 1024+i) }()
		}
		for range 100 {
			<-made
		}
		go spin(20_000_000)
		runtime.GC()
		if !faultRecovered() {
			return -1
		}
	}
	return rounds
}

func spin(n int) (sum int) {
	for i := range n {
		sum += i
	}
	return sum
}

func faultRecovered() (ok bool) {
	defer func() { ok = recover() != nil }()
	var nowhere *int
	return *nowhere == 0
}

func main() {}
