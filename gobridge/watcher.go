package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// What happens to the connections of a server, and to its streams, it says itself, in its system account: a
// client inside the process listens there.

const watcherName = "dotgnatly events"

const (
	// Clients can publish advisories of their own, as many as wait.
	largestAdvisory = 64 << 10

	advisories = server.JSAdvisoryPrefix + ".>"
	adopted    = "dotgnatly." // before those of another account
)

// watcher listens for one server, from its start, or from when Python first asks, to its end.
type watcher struct {
	watch
	server *server.Server
	opts   func() *server.Options // the live ones
	users  []string               // of the bridge's own connections: this one, and that of a responder
	conn   atomic.Pointer[nats.Conn]
	heard  chan *nats.Msg // in the order in which they were sent
	ended  chan struct{}  // nothing more will be told
	ctx    context.Context
	cancel context.CancelFunc
	still  sync.RWMutex // read-locked while it connects

	mu      sync.Mutex
	own     map[uint64]struct{} // its connections, the former as well
	present map[uint64]string   // who has logged in, by cid: of the global account what it is
	counts  map[string]int      // of present, by kind
	follows map[*server.Account]*nats.Subscription
	others  map[string]int             // connections of accounts that have some of the bridge's own
	slow    atomic.Bool                // messages were lost, and are not counted yet
	lost    map[*nats.Subscription]int // of each
}

func newWatcher(wanted *watch, e *embedded) *watcher {
	w := &watcher{
		watch: *wanted, server: e.srv.Load(), opts: e.opts.Load, users: []string{watcherKey()},
		heard: make(chan *nats.Msg, 1024), ended: make(chan struct{}),
		own: map[uint64]struct{}{}, present: map[uint64]string{}, counts: map[string]int{},
		others: map[string]int{},
	}
	if r := e.responder.Load(); r != nil {
		key, _ := r.user.PublicKey()
		w.users = append(w.users, key)
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	go w.listen()
	return w
}

func (w *watcher) tell(name string, data any) {
	happened.put(event{w.Whom, name, data})
}

func (w *watcher) tellLost(count any) {
	w.watch.tell(w.server, "events_dropped", map[string]any{"count": count})
}

// begin connects beside the start of the server, see besideStart.
func (w *watcher) begin() (finish func() error) {
	if w == nil {
		return func() error { return nil }
	}
	return besideStart(w.connect, "the server does not tell its events")
}

// pause has it not connect while the server reloads: that would close the new connection as well, in the
// middle of what both sides have to say; and as a pipe holds nothing, each would wait for the other to read.
func (w *watcher) pause() (resume func()) {
	if w == nil {
		return func() {}
	}
	w.still.Lock()
	return w.still.Unlock
}

// connect subscribes, and takes those for present who are connected.
func (w *watcher) connect() error {
	w.still.RLock()
	defer w.still.RUnlock()
	options := []nats.Option{
		nats.InProcessServer(w.server), nats.Name(watcherName), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				w.slow.Store(true)
			}
		}),
		nats.ClosedHandler(w.lose),
	}
	login, err := w.login()
	if err != nil {
		return err
	}
	conn, err := nats.Connect("", append(options, login...)...)
	if err != nil {
		return err
	}
	if err = w.subscribe(conn); err != nil {
		conn.Close()
		return err
	}
	if conn.IsClosed() {
		w.lose(conn)
	}
	return nil
}

func (w *watcher) login() ([]nats.Option, error) {
	if w.Credentials != "" {
		token, pair, err := readCreds([]byte(w.Credentials))
		if err != nil {
			return nil, err
		}
		if system := w.server.SystemAccount(); system != nil && system.Name != accountOf(token) {
			return nil, errors.New("the credentials are of no user of the system account")
		}
		sign := func(nonce []byte) ([]byte, error) { return pair.Sign(nonce) }
		return []nats.Option{nats.UserJWT(func() (string, error) { return token, nil }, sign)}, nil
	}
	switch opts := w.opts(); {
	case slices.ContainsFunc(opts.Nkeys, isWatcher):
		return []nats.Option{nats.Nkey(watcherKey(), watcherUser().Sign)}, nil
	case slices.ContainsFunc(opts.Users, isWatcherByName):
		password, _ := watcherPassword()
		return []nats.Option{nats.UserInfo(watcherKey(), password)}, nil
	}
	return nil, nil // the server is open, or has made a no_auth_user, which its options did not say
}

// accountOf is that of a user's JWT.
func accountOf(token string) string {
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return ""
	}
	return ownerOf(claims)
}

func (w *watcher) subscribe(conn *nats.Conn) error {
	cid, err := conn.GetClientID()
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.own[cid] = struct{}{}
	if err := conn.Flush(); err != nil {
		return err
	}
	system, inside := w.server.SystemAccount(), w.server.GetClient(cid)
	if system == nil || inside == nil {
		return errors.New("there is no system account yet")
	}
	if w.Credentials == "" {
		// It waits for us: nobody else looks at its account now.
		inside.RegisterUser(&server.User{Account: system, Permissions: watcherPermissions})
	}
	w.follows, w.lost = map[*server.Account]*nats.Subscription{}, map[*nats.Subscription]int{}
	for _, subject := range []string{
		"$SYS.ACCOUNT.*.CONNECT", "$SYS.ACCOUNT.*.DISCONNECT", "$SYS.ACCOUNT.*.SERVER.CONNS",
		"$SYS.SERVER." + w.server.ID() + ".CLIENT.AUTH.ERR",
	} {
		if _, err := w.hearOn(conn, subject); err != nil {
			return err
		}
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	if err := conn.LastError(); err != nil {
		return err // the credentials do not allow it
	}
	clear(w.present)
	clear(w.counts)
	login := w.Credentials != "" || hasUsers(w.opts())
	for _, c := range append(connections(w.server, "Client"), leafs(w.server)...) {
		if login && c.AuthorizedUser == "" {
			continue // it has not logged in yet
		}
		if !w.ours(c.Cid, c.AuthorizedUser) {
			w.enter(c.Cid, inGlobal(c.Account, c.Kind))
		}
	}
	if err := w.followAll(conn); err != nil {
		return err
	}
	w.conn.Store(conn)
	return nil
}

// hearOn subscribes. mu is held.
func (w *watcher) hearOn(conn *nats.Conn, subject string) (*nats.Subscription, error) {
	sub, err := conn.ChanSubscribe(subject, w.heard)
	if err == nil {
		w.lost[sub] = 0
	}
	return sub, err
}

func (w *watcher) hearNoMore(sub *nats.Subscription) {
	_ = sub.Unsubscribe()
	delete(w.lost, sub)
}

// again makes up for what a reload has undone, and hears of what else is wanted.
func (w *watcher) again(wanted *watch) (err error) {
	for end := time.Now().Add(lastWords); time.Now().Before(end); time.Sleep(time.Millisecond) {
		conn := w.conn.Load()
		if conn == nil || conn.FlushTimeout(lastWords) != nil {
			err = nats.ErrConnectionClosed // by the reload, and it is just coming back
			continue
		}
		w.mu.Lock()
		w.Advisories = w.Advisories || wanted != nil && wanted.Advisories
		err = w.followAll(conn)
		w.mu.Unlock()
		if err == nil {
			return nil
		}
	}
	return faultf(codeState, "not all events are heard: %v", err)
}

// lose goes on without a connection that the server has closed: in a reload that makes an open server one
// with users, or the other way, or because somebody kicked it.
func (w *watcher) lose(conn *nats.Conn) {
	if !w.conn.CompareAndSwap(conn, nil) || w.ctx.Err() != nil {
		return
	}
	w.tellLost(nil) // nobody knows how many
	go func() {
		// At once after a reload; but credentials that have expired will not be good in a millisecond.
		for pause := time.Millisecond; w.ctx.Err() == nil && w.connect() != nil; pause = min(2*pause, time.Second) {
			select {
			case <-w.ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
}

// expectEnd has it not come back: the server stops.
func (w *watcher) expectEnd() {
	if w != nil {
		w.cancel()
	}
}

// close ends it when the server is gone, with all told that it had said.
func (w *watcher) close() {
	if w == nil {
		return
	}
	w.cancel()
	if conn := w.conn.Load(); conn != nil {
		conn.Close()
	}
	w.heard <- nil
	<-w.ended
}

func (w *watcher) listen() {
	defer close(w.ended)
	for m := range w.heard {
		if m == nil {
			return
		}
		if err := protect(func() error { return w.hear(m) }); err != nil {
			w.server.Warnf("an event is not understood: %v", err)
		}
		if len(w.heard) == 0 && w.slow.CompareAndSwap(true, false) {
			w.countLost()
		}
	}
}

// countLost reports what nats.go had no room for.
func (w *watcher) countLost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost := 0
	for sub, known := range w.lost {
		if n, err := sub.Dropped(); err == nil {
			lost += n - known
			w.lost[sub] = n
		}
	}
	if lost > 0 {
		w.tellLost(lost)
	}
}

// said is what the messages of the system account have in common.
type said struct {
	Server struct {
		ID string `json:"id"`
	} `json:"server"`
	Client struct {
		ID      uint64 `json:"id"`
		User    string `json:"user"`
		Account string `json:"acc"`
		Kind    string `json:"kind"`
	} `json:"client"`
	Reason string `json:"reason"`
}

func (w *watcher) hear(m *nats.Msg) error {
	if inside, subject, ok := advisory(m.Subject); ok {
		if len(m.Data) > largestAdvisory {
			w.tellLost(1)
			return nil
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(m.Data, &object) != nil || object == nil {
			return nil // anybody in the account may publish there, and this is not JetStream's
		}
		w.watch.tell(w.server, "jetstream_advisory", map[string]any{
			"account": inside, "subject": subject, "advisory": json.RawMessage(m.Data),
		})
		return nil
	}
	var about said
	if err := json.Unmarshal(m.Data, &about); err != nil {
		return err
	}
	cid := about.Client.ID
	if about.Server.ID != w.server.ID() {
		return nil // it is another member of the cluster
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	data := json.RawMessage(m.Data)
	switch tokens := strings.Split(m.Subject, "."); tokens[len(tokens)-1] {
	case "CONNECT":
		// Of somebody who is there, a reload has asked once more who it is.
		if _, there := w.present[cid]; !there && !w.ours(cid, about.Client.User) {
			err := w.followNew(about.Client.Account)
			kind := inGlobal(about.Client.Account, about.Client.Kind)
			w.enter(cid, kind)
			w.tell("client_connected", data)
			w.countGlobal(kind)
			return err
		}
	case "DISCONNECT":
		kind, there := w.present[cid]
		if there {
			delete(w.present, cid)
			w.counts[kind]--
		}
		switch {
		case there:
			if strings.HasPrefix(about.Reason, "Slow Consumer") {
				w.tell("slow_consumer", data)
			}
			w.tell("client_disconnected", data)
			w.countGlobal(kind)
		case about.Reason == server.AuthenticationTimeout.String():
			w.tell("authentication_failed", data)
		}
	case "ERR":
		w.tell("authentication_failed", data)
	case "CONNS":
		return w.tellConnections(data)
	}
	return nil
}

// ours tells whether a connection is one of the bridge's own. mu is held.
func (w *watcher) ours(cid uint64, user string) bool {
	_, own := w.own[cid]
	return own || slices.Contains(w.users, user)
}

// tellConnections leaves the bridge's own connections out of what the server counts.
func (w *watcher) tellConnections(data json.RawMessage) error {
	var count server.AccountNumConns
	if err := json.Unmarshal(data, &count); err != nil {
		return err
	}
	own := 0
	if count.Account == w.server.SystemAccount().Name {
		own++
	}
	if block := w.opts().AuthCallout; block != nil && len(w.users) > 1 && count.Account == block.Account {
		own++
	}
	if account, err := w.server.LookupAccount(count.Account); own > 0 && err == nil {
		count.Conns = max(account.NumLocalConnections()-own, 0)
		count.TotalConns = count.Conns + count.LeafNodes
		if count.TotalConns == w.others[count.Account] {
			return nil // it is we that came
		}
		w.others[count.Account] = count.TotalConns
	}
	w.tell("account_connections", &count)
	return nil
}

// enter notes who is there. mu is held.
func (w *watcher) enter(cid uint64, kind string) {
	w.present[cid] = kind
	w.counts[kind]++
}

// inGlobal is the kind of a connection, or "" where it is in another account.
func inGlobal(account, kind string) string {
	if account != server.DEFAULT_GLOBAL_ACCOUNT {
		return ""
	}
	return kind
}

// countGlobal counts the connections of the global account, when one of a kind has come or gone: of these
// the server tells nothing. mu is held.
func (w *watcher) countGlobal(kind string) {
	if kind == "" {
		return
	}
	conns, leafs, name := w.counts["Client"], w.counts["Leafnode"], server.DEFAULT_GLOBAL_ACCOUNT
	w.tell("account_connections", &server.AccountNumConns{
		Server:     serverOf(w.server),
		TypedEvent: server.TypedEvent{Type: server.AccountNumConnsMsgType, Time: time.Now().UTC()},
		AccountStat: server.AccountStat{
			Account: name, Name: name, Conns: conns, LeafNodes: leafs, TotalConns: conns + leafs,
		},
	})
}
