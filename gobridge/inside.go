package main

import (
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// besideStart connects a client inside while a server starts: before it lets any other in, if it can. The
// function that it returns is called after the start, and waits; what tells what is wrong without it.
func besideStart(connect func() error, what string) (finish func() error) {
	started, connected := make(chan struct{}), make(chan error, 1)
	go func() {
		err := connect()
		for err != nil {
			select {
			case <-started:
				connected <- connect()
				return
			case <-time.After(100 * time.Microsecond): // as long as a start takes, or less
				err = connect()
			}
		}
		connected <- nil
	}()
	return func() error {
		close(started)
		if err := <-connected; err != nil {
			return faultf(codeStart, "%s: %v", what, err)
		}
		return nil
	}
}

// inside are the connections of the bridge's own that are up: they are no clients to anybody.
func (e *embedded) inside() []*nats.Conn {
	var up []*nats.Conn
	if r := e.responder.Load(); r != nil {
		up = append(up, r.conn.Load())
	}
	if w := e.watcher.Load(); w != nil {
		up = append(up, w.conn.Load())
	}
	return slices.DeleteFunc(up, func(c *nats.Conn) bool { return c == nil || !c.IsConnected() })
}

// others are those that are none of them.
func (e *embedded) others(all []*server.ConnInfo) []*server.ConnInfo {
	var own []uint64
	for _, c := range e.inside() {
		if cid, err := c.GetClientID(); err == nil {
			own = append(own, cid)
		}
	}
	return slices.DeleteFunc(all, func(c *server.ConnInfo) bool { return slices.Contains(own, c.Cid) })
}
