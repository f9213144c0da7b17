package main

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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
	CloseWrite() error
	SetWriteDeadline(t time.Time) error
}

func connectServer(h uint64, fd int64) error {
	s, inChild, err := adoptSocket(fd) // first of all: it is ours, whatever happens
	if err != nil {
		return err
	}
	var live *server.Server
	e, err := runningServer(h)
	switch {
	case err != nil:
	case e.leaving.Load():
		err = faultf(codeStopped, "the server is in lame duck mode, and lets nobody in")
	default:
		live, err = e.live()
	}
	if err != nil {
		_ = s.Close()
		return err
	}
	inside, err := live.InProcessConn()
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
	go p.pumpToServer()
	go p.pumpToClient()
	go func() {
		p.finished.Wait()
		e.pipes.remove(p)
	}()
	return nil
}

// lastWords is how long a client whose connection the server closed has to close its own end.
const lastWords = time.Second

// pumpToClient ends when the server closes the connection. The client may still be writing then: a
// socket closed at once would give it a broken pipe in place of the server's reason.
func (p *pipe) pumpToClient() {
	defer p.finished.Done()
	copyAll(p.socket, p.inside)
	_ = p.inside.Close()
	_ = p.socket.CloseWrite()
	time.AfterFunc(lastWords, p.close)
}

// pumpToServer ends when the client closes its end.
func (p *pipe) pumpToServer() {
	defer p.finished.Done()
	copyAll(p.inside, p.socket)
	_, _ = io.Copy(io.Discard, p.socket)
	p.close()
}

// copyAll copies with the largest buffer that the server reads with.
func copyAll(to io.Writer, from io.Reader) { _, _ = io.CopyBuffer(to, from, make([]byte, 64<<10)) }

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

// reopen lets connections in again, to the next server.
func (ps *pipes) reopen() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.shut = false
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
