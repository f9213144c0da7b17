package main

import (
	"encoding/base64"
	"errors"
	"maps"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// JetStream publishes its advisories in the account of the stream: the system account imports them, for
// the watcher.

// followAll has the system account import the advisories of all others. mu is held.
func (w *watcher) followAll(conn *nats.Conn) error {
	if !w.Advisories {
		return nil
	}
	all, err := w.server.Accountz(nil)
	if err != nil {
		return err
	}
	system := w.server.SystemAccount()
	if w.follows[system] == nil { // of the server itself
		if w.follows[system], err = w.hearOn(conn, advisories); err != nil {
			return err
		}
	}
	there := map[*server.Account]bool{system: true}
	for _, name := range all.Accounts {
		account, err := w.server.LookupAccount(name)
		if err != nil || account == system {
			continue
		}
		there[account] = true
		if err := w.follow(conn, account); err != nil {
			return err
		}
	}
	maps.DeleteFunc(w.follows, func(a *server.Account, sub *nats.Subscription) bool {
		if !there[a] {
			w.hearNoMore(sub)
		}
		return !there[a]
	})
	return conn.Flush()
}

// followNew follows the account of somebody who has just come: one of an operator is not there before. mu is
// held.
func (w *watcher) followNew(name string) error {
	conn := w.conn.Load()
	if !w.Advisories || conn == nil {
		return nil
	}
	account, err := w.server.LookupAccount(name)
	if err != nil || account == w.server.SystemAccount() || w.follows[account] != nil {
		return nil // it is gone already, or known
	}
	if err := w.follow(conn, account); err != nil {
		return err
	}
	return conn.FlushTimeout(lastWords)
}

// follow hears of an account by a stream import: it takes no connection of the account's, and none of its
// clients sees it.
func (w *watcher) follow(conn *nats.Conn, account *server.Account) error {
	system := w.server.SystemAccount()
	prefix := adopted + base64.RawURLEncoding.EncodeToString([]byte(account.Name))
	err := system.AddStreamImport(account, advisories, prefix)
	if errors.Is(err, server.ErrStreamImportAuthorization) {
		if err := account.AddStreamExport(advisories, []*server.Account{system}); err != nil {
			return err
		}
		err = system.AddStreamImport(account, advisories, prefix)
	}
	known := errors.Is(err, server.ErrStreamImportDuplicate)
	if err != nil && !known {
		return err
	}
	if before := w.follows[account]; before != nil {
		if known {
			return nil
		}
		w.hearNoMore(before) // a reload has taken the import away, and what hung on it
	}
	w.follows[account], err = w.hearOn(conn, prefix+"."+advisories)
	return err
}

// advisory takes the subject of an advisory apart: the account that it comes from, and its own subject.
func advisory(subject string) (account, own string, ok bool) {
	if rest, imported := strings.CutPrefix(subject, adopted); imported {
		token, own, _ := strings.Cut(rest, ".")
		name, err := base64.RawURLEncoding.DecodeString(token)
		return string(name), own, err == nil
	}
	return "", subject, strings.HasPrefix(subject, server.JSAdvisoryPrefix)
}
