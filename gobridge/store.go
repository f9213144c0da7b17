package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const lockName = "dotgnatly.lock"

// store is a JetStream store directory that is locked for as long as it is in use. nats-server itself
// does not lock: two servers on one directory silently destroy one another's messages.
type store struct {
	dir     string
	private bool // removed when closed
	file    *os.File
}

func openStore(dir, serverName string, private bool) (*store, error) {
	makeDir, mode := os.MkdirAll, os.FileMode(0o750)
	if private {
		makeDir, mode = os.Mkdir, 0o700 // an existing one is not ours
	}
	if err := makeDir(dir, mode); err != nil {
		return nil, configFault("jetstream.store_dir", "%v", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, configFault("jetstream.store_dir", "%v", err)
	}
	if taken, err := lockFile(file); !taken {
		holder, _ := io.ReadAll(io.LimitReader(file, 256))
		_ = file.Close()
		who := strings.TrimSpace(string(holder))
		return nil, faultf(codeStoreInUse, "store_dir %s is in use by %s (%v)", dir, orSomebody(who), err).
			with("store_dir", dir).with("holder", who).about("jetstream.store_dir")
	}
	s := &store{dir: dir, private: private, file: file}
	closeInChild(file.Fd(), true)
	if err := s.sign(serverName); err != nil {
		s.close()
		return nil, configFault("jetstream.store_dir", "%v", err)
	}
	return s, nil
}

// sign writes down who holds the lock, for the error that the next one gets.
func (s *store) sign(serverName string) error {
	if err := s.file.Truncate(0); err != nil {
		return err
	}
	if serverName == "" {
		serverName = "unnamed"
	}
	_, err := s.file.WriteAt(fmt.Appendf(nil, "process %d, server %s\n", pid, serverName), 0)
	return err
}

// is tells whether a directory is the locked one, however it is spelt.
func (s *store) is(dir string) bool {
	if s == nil {
		return false
	}
	ours, err := os.Stat(s.dir)
	if err != nil {
		return false
	}
	other, err := os.Stat(dir)
	return err == nil && os.SameFile(ours, other)
}

func (s *store) close() {
	if s == nil {
		return
	}
	closeInChild(s.file.Fd(), false)
	_ = s.file.Close() // first: Windows cannot remove an open file
	if s.private {
		_ = os.RemoveAll(s.dir)
	}
}

func orSomebody(holder string) string {
	if holder == "" {
		return "another server"
	}
	return holder
}
