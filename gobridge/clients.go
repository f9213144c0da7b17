package main

import (
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// disconnectClient closes the connection of a client or a leaf node, and is over when the server lists
// it no more.
func disconnectClient(h, cid uint64) (uint64, error) {
	return startLive(h, func(j *job, s *server.Server) ([]byte, error) {
		if s.DisconnectClientByID(cid) != nil {
			return nil, noClient(cid)
		}
		for isConnected(s, cid) {
			select {
			case <-j.ctx.Done():
				return nil, errCanceled
			case <-time.After(time.Millisecond):
			}
		}
		return nil, nil
	})
}

// startLive starts a job that asks the server of a handle, if it is still up by then.
func startLive(h uint64, work func(*job, *server.Server) ([]byte, error)) (uint64, error) {
	e, err := runningServer(h)
	if err != nil {
		return 0, err
	}
	return startJob(func(j *job) ([]byte, error) {
		s, err := e.live()
		if err != nil {
			return nil, err
		}
		return work(j, s)
	}), nil
}

// isConnected tells whether the server lists a connection, as a client or as a leaf node.
func isConnected(s *server.Server, cid uint64) bool {
	found, err := s.Connz(&server.ConnzOptions{CID: cid})
	return err == nil && found.NumConns > 0 || s.GetLeafNode(cid) != nil
}

// lameDuckClient tells a client to connect to another server.
func lameDuckClient(h, cid uint64) (uint64, error) {
	return startLive(h, func(_ *job, s *server.Server) ([]byte, error) {
		err := s.LDMClientByID(cid)
		switch {
		case err == nil:
			return nil, nil
		case s.GetLeafNode(cid) != nil:
			return nil, faultf(codeState, "connection %d is a leaf node's, which cannot be told", cid)
		case s.GetClient(cid) == nil:
			return nil, noClient(cid)
		}
		return nil, faultf(codeState, "client %d cannot be told: %v", cid, err)
	})
}

func noClient(cid uint64) error {
	return faultf(codeNotFound, "there is no client or leaf node with the cid %d", cid)
}
