package main

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
)

// told is an event as Python gets it.
type told struct {
	whom uint64
	name string
	data map[string]any
}

// follower takes the events of all servers, and gives each test its own.
var follower struct {
	sync.Mutex
	events []told
}

// eventsFor are those of one number so far.
func eventsFor(t testing.TB, whom uint64) []told {
	t.Helper()
	follower.Lock()
	defer follower.Unlock()
	data, err := takeEvents()
	check(t, err)
	batch := decode[struct{ Events [][3]json.RawMessage }](t, data)
	for _, e := range batch.Events {
		follower.events = append(follower.events, told{
			decode[uint64](t, e[0]), decode[string](t, e[1]), decode[map[string]any](t, []byte(decode[string](t, e[2]))),
		})
	}
	var mine []told
	for _, e := range follower.events {
		if e.whom == whom {
			mine = append(mine, e)
		}
	}
	return mine
}

var whoms struct {
	sync.Mutex
	last uint64
}

// watching is what Python says that wants all events, with a number of its own.
func watching() *watch {
	whoms.Lock()
	defer whoms.Unlock()
	whoms.last++
	return &watch{Whom: whoms.last, System: true, Advisories: true}
}

// wantEvents waits for so many events of a name.
func wantEvents(t testing.TB, w *watch, name string, n int) []told {
	t.Helper()
	var found []told
	eventually(t, name, func() bool {
		found = slices.DeleteFunc(eventsFor(t, w.Whom), func(e told) bool { return e.name != name })
		return len(found) >= n
	})
	if len(found) != n {
		t.Fatalf("%d times %s: %v", len(found), name, found)
	}
	return found
}

func client(e told) map[string]any { return e.data["client"].(map[string]any) }

var kindsOfLogin = map[string]struct {
	text  string
	login []nats.Option
}{
	"open":   {"", nil},
	"single": {`authorization {user: ann, password: right}`, []nats.Option{nats.UserInfo("ann", "right")}},
	"token":  {`authorization {token: right}`, []nats.Option{nats.Token("right")}},
	"users":  {`authorization {users: [{user: ann, password: right}]}`, []nats.Option{nats.UserInfo("ann", "right")}},
	"accounts": {
		`accounts {A {users: [{user: ann, password: right}]}, B {}}`, []nats.Option{nats.UserInfo("ann", "right")},
	},
	"system": {
		`accounts {S {users: [{user: ann, password: right}]}}, system_account: S`, []nats.Option{nats.UserInfo("ann", "right")},
	},
	"system without users": {`accounts {S {}}, system_account: S`, nil}, // the server makes a no_auth_user itself
	"no_auth_user": {
		`accounts {A {users: [{user: ann, password: right}]}}, no_auth_user: ann`, nil,
	},
}

func TestConnectionsAreToldWhateverTheLogin(t *testing.T) {
	for name, kind := range kindsOfLogin {
		t.Run(name, func(t *testing.T) {
			w := watching()
			_, s, err := tryStart(t, "port: -1, "+kind.text, overlay{Events: w})
			check(t, err)
			c := connect(t, s.ClientURL, append(kind.login, nats.Name("me"))...)
			if got := client(wantEvents(t, w, "client_connected", 1)[0])["name"]; got != "me" {
				t.Errorf("%v connected", got)
			}
			c.Close()
			if got := wantEvents(t, w, "client_disconnected", 1)[0].data["reason"]; got != "Client Closed" {
				t.Errorf("disconnected: %v", got)
			}
		})
	}
}

func TestEventsChangeNothingAboutWhoMayLogIn(t *testing.T) {
	strangers := map[string][]nats.Option{
		"nobody": nil, "wrong": {nats.UserInfo("ann", "wrong")}, "unknown": {nats.UserInfo("bob", "x")},
		"token": {nats.Token("wrong")},
	}
	for name, kind := range kindsOfLogin {
		t.Run(name, func(t *testing.T) {
			_, plain := start(t, "port: -1, "+kind.text)
			_, watched, err := tryStart(t, "port: -1, "+kind.text, overlay{Events: watching()})
			check(t, err)
			for who, options := range strangers {
				first, before := nats.Connect(plain.ClientURL, options...)
				second, after := nats.Connect(watched.ClientURL, options...)
				if (before == nil) != (after == nil) {
					t.Errorf("%s: %v without events, %v with them", who, before, after)
				}
				for _, c := range []*nats.Conn{first, second} {
					if c != nil {
						c.Close()
					}
				}
			}
		})
	}
}

func TestAReloadTellsNobodyTwice(t *testing.T) {
	for name, kind := range kindsOfLogin {
		t.Run(name, func(t *testing.T) {
			w := watching()
			handle, s, err := tryStart(t, "port: -1, "+kind.text, overlay{Events: w})
			check(t, err)
			connect(t, s.ClientURL, kind.login...)
			wantEvents(t, w, "client_connected", 1)
			for _, more := range []string{"accounts {X {}}", "debug: true"} {
				if kind.text != "" && more != "debug: true" {
					continue
				}
				j, err := applySettings(handle, "port: -1, "+kind.text+"\n"+more, overlay{Events: w})
				check(t, err)
				_, err = await(t, j)
				check(t, err)
			}
			connect(t, s.ClientURL, append(kind.login, nats.Name("late"))...)
			if late := wantEvents(t, w, "client_connected", 2)[1]; client(late)["name"] != "late" {
				t.Errorf("told again: %v", late)
			}
			for _, e := range eventsFor(t, w.Whom) {
				if e.name == "events_dropped" && name != "system without users" {
					t.Error("the connection inside was closed")
				}
			}
		})
	}
}

func TestAdvisoriesOfEveryAccount(t *testing.T) {
	w := watching()
	text := `port: -1, jetstream {store_dir: "` + t.TempDir() + `"}
		accounts {A {jetstream: true, users: [{user: ann, password: right}]}, B {jetstream: true, users: [{user: bob, password: right}]}`
	handle, s, err := tryStart(t, text+"}", overlay{Events: w})
	check(t, err)
	add := func(user, stream string) {
		t.Helper()
		js, err := connect(t, s.ClientURL, nats.UserInfo(user, "right")).JetStream()
		check(t, err)
		_, err = js.AddStream(&nats.StreamConfig{Name: stream, Subjects: []string{stream}, Storage: nats.MemoryStorage})
		check(t, err)
	}
	created := func(account, stream string) {
		t.Helper()
		eventually(t, account+" "+stream, func() bool {
			return slices.ContainsFunc(eventsFor(t, w.Whom), func(e told) bool {
				return e.data["account"] == account && e.data["subject"] == "$JS.EVENT.ADVISORY.STREAM.CREATED."+stream
			})
		})
	}
	add("ann", "one")
	created("A", "one")
	add("bob", "two")
	created("B", "two")
	text += `, C {jetstream: true, users: [{user: cay, password: right}]}}`
	j, err := applySettings(handle, text, overlay{Events: w})
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	add("cay", "three")
	created("C", "three")
	add("ann", "four")
	created("A", "four")
}

func TestAServerIsWatchedLater(t *testing.T) {
	handle, s := start(t, "port: -1, max_connections: 1")
	w := watching()
	j, err := watchServer(handle, w)
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	connect(t, s.ClientURL) // the one that may
	wantEvents(t, w, "client_connected", 1)
	if c, err := nats.Connect(s.ClientURL); err == nil {
		c.Close()
		t.Error("more than max_connections")
	}
}

func TestTheEndIsTold(t *testing.T) {
	w := watching()
	handle, s, err := tryStart(t, "port: -1", overlay{Events: w})
	check(t, err)
	connect(t, s.ClientURL)
	stop(t, handle)
	wantEvents(t, w, "shutdown", 1)
	all := eventsFor(t, w.Whom)
	if last := all[len(all)-1]; last.name != "shutdown" || last.data["server"].(map[string]any)["name"] != s.ServerName {
		t.Errorf("the last is %v", last)
	}
}

func TestAFatalLineLaterStopsTheServer(t *testing.T) {
	w := watching()
	handle, _, err := tryStart(t, "port: -1", overlay{Events: w})
	check(t, err)
	e, err := servers.get(handle)
	check(t, err)
	e.log.Fatalf("the roof %s", "falls in")
	if why := wantEvents(t, w, "failed", 1)[0].data["reason"]; why != "the roof falls in" {
		t.Errorf("failed: %v", why)
	}
	wantEvents(t, w, "shutdown", 1)
	<-e.gone
}

func TestAStopInTheMiddleOfARestartIsTold(t *testing.T) {
	w := watching()
	handle, _, err := tryStart(t, "port: -1", overlay{Events: w})
	check(t, err)
	e, err := servers.get(handle)
	check(t, err)
	e.mu.Lock()
	e.halt()
	e.srv.Store(nil) // as restart does before it starts again
	e.mu.Unlock()
	e.stop()
	<-e.gone
	wantEvents(t, w, "shutdown", 1)
}

func TestEventsGoOnWhereAReloadAsksForALogin(t *testing.T) {
	for range 5 {
		w := watching()
		handle, s, err := tryStart(t, "port: -1", overlay{Events: w})
		check(t, err)
		for range 20 {
			_, err := nats.Connect(s.ClientURL, nats.UserInfo("ann", "x"), nats.NoReconnect(),
				nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
			check(t, err)
		}
		j, err := applySettings(handle, "port: -1, authorization {token: right}", overlay{Events: w})
		check(t, err)
		_, err = await(t, j)
		check(t, err)
		connect(t, s.ClientURL, nats.Token("right"), nats.Name("late"))
		eventually(t, "late", func() bool {
			return slices.ContainsFunc(eventsFor(t, w.Whom), func(e told) bool {
				return e.name == "client_connected" && client(e)["name"] == "late"
			})
		})
		stop(t, handle)
	}
}
