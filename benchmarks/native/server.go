package main

import (
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// parse reads a configuration as dotgnatly does: text first, then what no key can say.
func parse(text string) (*server.Options, error) {
	opts := &server.Options{NoSigs: true, NoLog: true}
	return opts, opts.ProcessConfigString(text)
}

// start returns a server that accepts connections.
func start(text string) (*server.Server, error) {
	opts, err := parse(text)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	s.Start() // not in a goroutine: ReadyForConnections would sleep 25 ms between two looks
	if !s.ReadyForConnections(10 * time.Second) {
		return nil, errors.New("the server is not ready after 10 s")
	}
	return s, nil
}

func startStop(text string) (any, error) {
	begin := time.Now()
	s, err := start(text)
	if err != nil {
		return nil, err
	}
	ready := time.Now()
	s.Shutdown()
	s.WaitForShutdown()
	return map[string]time.Duration{"start_ns": ready.Sub(begin), "stop_ns": time.Since(ready)}, nil
}

func readFile(path string) (any, error) {
	begin := time.Now()
	opts := &server.Options{}
	err := opts.ProcessConfigFile(path)
	return map[string]time.Duration{"read_ns": time.Since(begin)}, err
}

// updater starts a server, writes where it is, and applies each further configuration to it.
func updater(text string) (repetition, error) {
	s, err := start(text)
	if err != nil {
		return nil, err
	}
	url := map[string]string{"url": s.ClientURL()}
	if err := json.NewEncoder(os.Stdout).Encode(url); err != nil {
		return nil, err
	}
	return func(text string) (any, error) {
		begin := time.Now()
		opts, err := parse(text)
		if err != nil {
			return nil, err
		}
		if err := s.ReloadOptions(opts); err != nil {
			return nil, err
		}
		v, err := s.Varz(nil)
		if err != nil {
			return nil, err
		}
		elapsed := time.Since(begin)
		return map[string]any{"update_ns": elapsed, "connections": v.Connections}, nil
	}, nil
}
