package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

const subject = "bench"

// talks are what clients do with count messages of a size.
var talks = map[string]func(size, count int) repetition{
	"publish": publisher,
	"pubsub":  publisherSubscriber,
	"request": requester,
}

// publish sends count messages and waits until the server has read the last.
func publish(nc *nats.Conn, payload []byte, count int) error {
	for range count {
		if err := nc.Publish(subject, payload); err != nil {
			return err
		}
	}
	return nc.Flush()
}

func publisher(size, count int) repetition {
	return func(url string) (any, error) {
		nc, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		defer nc.Close()
		begin := time.Now()
		if err := publish(nc, make([]byte, size), count); err != nil {
			return nil, err
		}
		return rate(count, time.Since(begin)), nil
	}
}

// publisherSubscriber measures from the first message sent to the last received; each side has its
// own connection.
func publisherSubscriber(size, count int) repetition {
	return func(url string) (any, error) {
		to, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		defer to.Close()
		received, all := 0, make(chan struct{})
		sub, err := to.Subscribe(subject, func(*nats.Msg) {
			if received++; received == count {
				close(all)
			}
		})
		if err != nil {
			return nil, err
		}
		if err := sub.SetPendingLimits(-1, -1); err != nil {
			return nil, err
		}
		if err := to.Flush(); err != nil { // the server knows the subscription
			return nil, err
		}
		from, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		defer from.Close()
		begin := time.Now()
		if err := publish(from, make([]byte, size), count); err != nil {
			return nil, err
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			return nil, fmt.Errorf("messages are missing of %d", count)
		}
		return rate(count, time.Since(begin)), nil
	}
}

// pace is how many requests there are a second.
const pace = 1000

// requester asks a client that answers at once; each side has its own connection.
func requester(size, count int) repetition {
	return func(url string) (any, error) {
		from, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		defer from.Close()
		if _, err := from.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
			return nil, err
		}
		if err := from.Flush(); err != nil { // the server knows the subscription
			return nil, err
		}
		to, err := nats.Connect(url)
		if err != nil {
			return nil, err
		}
		defer to.Close()
		ticks := time.NewTicker(time.Second / pace)
		defer ticks.Stop()
		payload, took := make([]byte, size), make([]time.Duration, count)
		for i := range took {
			<-ticks.C
			begin := time.Now()
			if _, err := to.Request(subject, payload, time.Minute); err != nil {
				return nil, err
			}
			took[i] = time.Since(begin)
		}
		slices.Sort(took)
		return map[string]time.Duration{"p50_ns": took[count/2], "p99_ns": took[count*99/100]}, nil
	}
}

func rate(count int, elapsed time.Duration) map[string]float64 {
	return map[string]float64{"per_second": float64(count) / elapsed.Seconds()}
}
