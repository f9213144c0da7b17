package main

import (
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// glance is the time between two looks at how many clients are left.
const glance = 10 * time.Millisecond

// lameDuck has a server send its clients elsewhere, close those that stay, one by one until the duration
// is over, and stop; less than nothing is what its configuration says. The job is over when that has
// begun. While it goes on, another one ends it at once, as a stop does.
func lameDuck(h uint64, duration, grace time.Duration) (uint64, error) {
	e, err := runningServer(h)
	if err != nil {
		return 0, err
	}
	if e.leaving.Load() {
		return startJob(func(*job) ([]byte, error) {
			e.running.Store(false)
			go e.stop()
			return nil, nil
		}), nil
	}
	return startLocked(h, func(_ *job, e *embedded) ([]byte, error) {
		opts := e.opts.Load()
		if duration < 0 {
			duration = opts.LameDuckDuration
		}
		if grace < 0 {
			grace = min(opts.LameDuckGracePeriod, duration/2)
		}
		if grace >= duration {
			return nil, configFault("grace", "%v is not shorter than the duration, %v", grace, duration)
		}
		// Nobody else reads them: while the server is leaving there is no reload.
		opts.LameDuckDuration, opts.LameDuckGracePeriod = duration, grace
		e.count(e.srv.Load())
		e.leaving.Store(true)
		e.events.Load().tell(e.srv.Load(), "lame_duck", map[string]any{
			"duration_ns": duration.Nanoseconds(), "grace_ns": grace.Nanoseconds(), "clients": e.left.Load(),
		})
		go e.leave(e.srv.Load())
		return nil, nil
	})
}

// leave goes on without the lock, so that a stop can end it.
func (e *embedded) leave(s *server.Server) {
	defer e.stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = protect(func() error {
			if e.opts.Load().DontListen {
				e.dismiss(s)
			} else {
				s.LameDuckShutdown()
			}
			return nil
		})
	}()
	ticks := time.NewTicker(glance)
	defer ticks.Stop()
	for {
		select {
		case <-over:
			return
		case <-ticks.C:
			e.count(s)
		}
	}
}

// count notes how many connections are left, for who must not wait for the server's locks.
func (e *embedded) count(s *server.Server) {
	e.left.Store(int64(max(s.NumClients()+s.NumLeafNodes()-len(e.inside()), 0)))
}

// dismiss is what the server's own lame duck mode does, which does nothing where there is no listener for
// clients; but JetStream goes on to the end, and it is over as soon as nobody is left.
func (e *embedded) dismiss(s *server.Server) {
	opts := e.opts.Load()
	s.Noticef("Entering lame duck mode, stop accepting new clients")
	for _, c := range e.clients() {
		_ = s.LDMClientByID(c.Cid) // one that does not know the word is closed all the same
	}
	// As the server does, which waits no longer than a second between two.
	spread := min(opts.LameDuckDuration-opts.LameDuckGracePeriod, time.Duration(e.left.Load())*time.Second)
	begun, all := time.Now().Add(opts.LameDuckGracePeriod), float64(e.left.Load())
	for e.count(s); s.Running() && e.left.Load() > 0; e.count(s) {
		time.Sleep(glance)
		since := time.Since(begun)
		if since <= 0 {
			continue
		}
		stay := int64(all * (1 - float64(since)/float64(spread)))
		if surplus := e.left.Load() - max(stay, 0); surplus > 0 {
			e.dismissSome(s, surplus)
		}
	}
}

// dismissSome closes so many connections.
func (e *embedded) dismissSome(s *server.Server, surplus int64) {
	for _, c := range append(e.clients(), leafs(s)...) {
		if surplus == 0 {
			return
		}
		_ = s.DisconnectClientByID(c.Cid)
		surplus--
	}
}

// awaitServer starts a job that is over when a server is gone, however it went.
func awaitServer(h uint64) (uint64, error) {
	e, err := servers.get(h)
	if err != nil {
		return 0, err
	}
	return startJob(func(j *job) ([]byte, error) {
		select {
		case <-e.gone:
			return nil, nil
		case <-j.ctx.Done():
			return nil, errCanceled
		}
	}), nil
}

// clientsLeft is how many connections a server that is leaving still has; none once it is gone.
func clientsLeft(h uint64) int64 {
	e, err := servers.get(h)
	if err != nil || !e.running.Load() {
		return 0
	}
	return e.left.Load()
}
