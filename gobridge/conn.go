package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// pipes are the in-process client connections of one server that came in through sockets: each is
// pumped between its socket and Server.InProcessConn.
type pipes struct {
	mu   sync.Mutex
	open map[*pipe]struct{}
	shut bool
}

type pipe struct {
	socket   socket
	inside   net.Conn
	closed   sync.Once
	inChild  func(on bool) // whether forked children close the socket
	finished sync.WaitGroup
}

// socket is one end of a connected pair; Python's client has the other.
type socket interface {
	io.ReadWriteCloser
	SetWriteDeadline(t time.Time) error
}

func connectServer(h uint64, fd int64) error {
	s, inChild, err := adoptSocket(fd) // first of all: it is ours, whatever happens
	if err != nil {
		return err
	}
	e, err := runningServer(h)
	if err != nil {
		_ = s.Close()
		return err
	}
	inside, err := e.srv.InProcessConn()
	if err != nil {
		_ = s.Close()
		return faultf(codeStopped, "%v", err)
	}
	p := &pipe{socket: s, inside: inside, inChild: inChild}
	p.finished.Add(2) // before anybody can wait
	inChild(true)
	if !e.pipes.add(p) {
		p.close()
		return faultf(codeStopped, "the server is stopping")
	}
	pump := func(to io.Writer, from io.Reader) {
		defer p.finished.Done()
		_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 64<<10))
		p.close()
	}
	go pump(inside, s)
	go pump(s, inside)
	go func() {
		p.finished.Wait()
		e.pipes.remove(p)
	}()
	return nil
}

func (p *pipe) close() {
	p.closed.Do(func() {
		p.inChild(false)
		_ = p.inside.Close()
		_ = p.socket.Close()
	})
}

func (ps *pipes) add(p *pipe) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.shut {
		return false
	}
	if ps.open == nil {
		ps.open = map[*pipe]struct{}{}
	}
	ps.open[p] = struct{}{}
	return true
}

func (ps *pipes) remove(p *pipe) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.open, p)
}

func (ps *pipes) size() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.open)
}

// shutdown lets no more in and gives a client that does not read a tenth of a second: a server waits
// up to write_deadline for an in-process peer to take its last bytes.
func (ps *pipes) shutdown() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.shut = true
	for p := range ps.open {
		_ = p.socket.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	}
}

// close ends what is left and waits until the pumps are gone.
func (ps *pipes) close() {
	ps.mu.Lock()
	left := make([]*pipe, 0, len(ps.open))
	for p := range ps.open {
		left = append(left, p)
	}
	ps.mu.Unlock()
	for _, p := range left {
		p.close()
		p.finished.Wait()
	}
}
