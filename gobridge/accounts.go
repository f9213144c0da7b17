package main

import (
	"reflect"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// What a reload leaves undone of accounts that come and go.

// closeLeafs closes the leaf nodes that could not log in again, or could with other permissions, and
// returns when they are gone. The server asks its clients only. Those that were logging in during the
// change may have been let in by the users before, and are not listed yet: for as long as that may take
// they are looked for again.
func (e *embedded) closeLeafs(previous, next *server.Options) {
	s, why, changed := e.srv.Load(), closer(previous, next), time.Now()
	look := func() {
		for _, c := range leafs(s) {
			if c.Start.After(changed) || why(c) == "" {
				continue
			}
			_ = s.DisconnectClientByID(c.Cid)
			for s.GetLeafNode(c.Cid) != nil { // somebody else is just closing it
				time.Sleep(time.Millisecond)
			}
		}
	}
	look()
	if same(reflect.ValueOf(logins(previous)), reflect.ValueOf(logins(next))) {
		return
	}
	limit := 1 + max(previous.LeafNode.AuthTimeout, next.LeafNode.AuthTimeout)
	for after := time.Millisecond; after.Seconds() < 2*limit; after *= 2 {
		time.AfterFunc(after, func() { _ = protect(func() error { look(); return nil }) })
	}
}

// registerImporters makes the accounts that come with imports of services. Those that a reload makes, the
// server leaves without subscriptions for their imports until the next one; those that are there, it does
// not. They stay for as long as this configuration, or until the next reload if it is refused.
func (e *embedded) registerImporters(next *server.Options) {
	for _, account := range next.Accounts {
		if account.NumServiceImports() > 0 {
			e.srv.Load().LookupOrRegisterAccount(account.Name)
		}
	}
}

// accountsGone are the live accounts that options do without. The server goes on with their streams,
// which nobody could reach again: another account of the same name would be given them, and they still
// listen in the old one. Stopped, they are read from disk by the next account of that name. In a cluster
// the meta group assigns them, and would not do so again.
func (e *embedded) accountsGone(next *server.Options) []*server.Account {
	var gone []*server.Account
	s := e.srv.Load()
	if s.JetStreamIsClustered() || next.TrustedKeys != nil {
		return nil
	}
	for _, account := range e.opts.Load().Accounts {
		if live, err := s.LookupAccount(account.Name); err == nil && findAccount(next, account.Name) == nil {
			gone = append(gone, live)
		}
	}
	return gone
}
