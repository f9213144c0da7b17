package main

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// crowd connects count clients, each to a subject of its own. They publish pace messages a second
// among them, until the next line asks what became of these.
func crowd(count, pace int) repetition {
	var lost atomic.Int64
	clients, received := []*nats.Conn{}, make([]atomic.Int64, count)
	sent := make([]int64, count)
	stop, stopped := make(chan struct{}), make(chan error, 1)

	connect := func(url string) error {
		for i := range count {
			nc, err := nats.Connect(url, nats.DisconnectErrHandler(func(*nats.Conn, error) { lost.Add(1) }))
			if err != nil {
				return err
			}
			clients = append(clients, nc)
			if _, err := nc.Subscribe(crowdSubject(i), func(*nats.Msg) { received[i].Add(1) }); err != nil {
				return err
			}
			if err := nc.Flush(); err != nil {
				return err
			}
		}
		return nil
	}
	publish := func() error {
		if pace == 0 {
			<-stop
			return nil
		}
		ticks := time.NewTicker(time.Second / time.Duration(pace))
		defer ticks.Stop()
		for i := 0; ; i = (i + 1) % count {
			select {
			case <-stop:
				return nil
			case <-ticks.C:
				if err := clients[i].Publish(crowdSubject(i), []byte("x")); err != nil {
					return err
				}
				sent[i]++
			}
		}
	}
	missing := func() (left int64) {
		for i := range sent {
			left += sent[i] - received[i].Load()
		}
		return left
	}
	return func(line string) (any, error) {
		if line != "end" {
			if err := connect(line); err != nil {
				return nil, err
			}
			go func() { stopped <- publish() }()
			return map[string]int{"clients": count}, nil
		}
		close(stop)
		if err := <-stopped; err != nil {
			return nil, err
		}
		for deadline := time.Now().Add(10 * time.Second); missing() > 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		report := map[string]int64{"disconnects": lost.Load(), "lost": missing(), "sent": 0}
		for _, n := range sent {
			report["sent"] += n
		}
		var all sync.WaitGroup
		for _, nc := range clients {
			nc.SetDisconnectErrHandler(nil)
			all.Go(nc.Close)
		}
		all.Wait()
		return report, nil
	}
}

func crowdSubject(i int) string { return fmt.Sprint("crowd.", i) }

func crowdOf(count, pace string) (repetition, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	p, err := strconv.Atoi(pace)
	return crowd(n, p), err
}
