package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

const responderName = "dotgnatly on_authenticate"

// responder answers the requests of auth callout, those of other servers of the cluster as well.
type responder struct {
	callout
	server            *server.Server
	opts              func() *server.Options // the live ones
	public            string
	issuer, key, user nkeys.KeyPair
	encrypted         bool // what is asked
	conn              atomic.Pointer[nats.Conn]

	ctx    context.Context // over when nobody is let in any more
	cancel context.CancelFunc
	busy   sync.RWMutex // read-locked while a request is answered

	mu         sync.Mutex
	admitted   map[uint64]*admitted // by cid
	homes      map[string]string    // the account of those who are known by a name
	configured map[string]login     // the users of the options below
	of         *server.Options
}

// newResponder gives nil where Python is not asked. The seeds are good: install has seen them.
func newResponder(c *callout, s *server.Server, opts func() *server.Options) *responder {
	if c == nil {
		return nil
	}
	block := opts().AuthCallout
	r := &responder{
		callout: *c, server: s, opts: opts, public: block.Issuer, encrypted: block.XKey != "",
		admitted: map[uint64]*admitted{}, homes: map[string]string{},
	}
	r.issuer, _ = nkeys.FromSeed([]byte(c.IssuerSeed))
	r.key, _ = nkeys.FromSeed([]byte(c.XKeySeed))
	r.user, _ = nkeys.FromSeed([]byte(c.UserSeed))
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// connect subscribes beside the start of the server, see besideStart.
func (r *responder) connect() (finish func() error) {
	if r == nil {
		return func() error { return nil }
	}
	return besideStart(r.subscribe, "on_authenticate cannot answer")
}

func (r *responder) subscribe() error {
	public, err := r.user.PublicKey()
	if err != nil {
		return err
	}
	conn, err := nats.Connect("", nats.InProcessServer(r.server), nats.Nkey(public, r.user.Sign),
		nats.Name(responderName), nats.MaxReconnects(-1),
		nats.ReconnectWait(10*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // else it writes to stderr
	if err != nil {
		return err
	}
	// Of those with the same keys one answers; those with others ignore what is not for them.
	if _, err = conn.QueueSubscribe(server.AuthCalloutSubject, r.public, r.receive); err == nil {
		err = conn.Flush()
	}
	if err != nil {
		conn.Close()
		return err
	}
	r.conn.Store(conn)
	return nil
}

// ready waits until it can answer again, should somebody have closed its connection: a reload asks about
// every client.
func (r *responder) ready() {
	if r == nil {
		return
	}
	conn := r.conn.Load()
	for end := time.Now().Add(lastWords); !conn.IsConnected() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	_ = conn.FlushTimeout(lastWords)
}

// receive answers each request on a goroutine of its own: Python may take its time. The answer need not be
// encrypted, as the request is: it holds no secret.
func (r *responder) receive(m *nats.Msg) {
	r.busy.RLock()
	go func() {
		defer r.busy.RUnlock()
		err := protect(func() error {
			if r.ctx.Err() != nil {
				return m.Respond(nil)
			}
			if request := r.open(m); request != nil {
				return m.Respond([]byte(r.decide(request)))
			}
			return nil
		})
		if err != nil {
			r.server.Warnf("on_authenticate cannot answer: %v", err)
		}
	}()
}

// open gives the request of a message. What is for another issuer is not ours to answer, and what the
// server that it names has not signed is forged: a server's id is its public key.
func (r *responder) open(m *nats.Msg) *jwt.AuthorizationRequestClaims {
	data := m.Data
	if r.encrypted {
		var err error
		if data, err = r.key.Open(data, m.Header.Get(server.AuthRequestXKeyHeader)); err != nil {
			return nil
		}
	}
	request, err := jwt.DecodeAuthorizationRequestClaims(string(data))
	if err != nil || request.Subject != r.public || request.Issuer != request.Server.ID {
		return nil
	}
	return request
}

// decide makes the answer to a request: the JWT of a user, or the reason why there is none.
func (r *responder) decide(request *jwt.AuthorizationRequestClaims) string {
	response := jwt.NewAuthorizationResponseClaims(request.UserNkey)
	response.Audience = request.Server.ID
	user, err := r.admit(request)
	if err == nil {
		response.Jwt, err = user.Encode(r.issuer)
	}
	if err != nil {
		response.Error = err.Error()
	}
	token, err := response.Encode(r.issuer)
	if err != nil {
		return "" // which refuses
	}
	return token
}

func (r *responder) admit(request *jwt.AuthorizationRequestClaims) (*jwt.UserClaims, error) {
	was := r.recall(request)
	login, err := newLogin(request)
	if err != nil {
		return nil, err
	}
	opts := r.opts()
	timeout := time.Duration(opts.AuthTimeout * float64(time.Second))
	data, err := json.Marshal(login)
	if err != nil {
		return nil, err
	}
	answer, err := ask(r.ctx, timeout, r.Whom, data)
	switch {
	case r.ctx.Err() != nil:
		return nil, errors.New("the server stops")
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errors.New("on_authenticate did not answer in time")
	case err != nil:
		return nil, err
	case len(answer) == 0:
		return nil, errors.New("on_authenticate refuses")
	}
	user := jwt.NewUserClaims(request.UserNkey)
	if err := json.Unmarshal(answer, user); err != nil {
		return nil, err
	}
	allowed := opts.AuthCallout.AllowedAccounts
	switch {
	case len(allowed) > 0 && user.Audience != server.DEFAULT_GLOBAL_ACCOUNT && !slices.Contains(allowed, user.Audience):
		// The server takes it, and does not ask about it at a reload.
		return nil, fmt.Errorf("the account %s is not among allowed_accounts", user.Audience)
	case was != nil && was.account != user.Audience:
		// It has to connect again: its subscriptions would stay in the old one. Not as if it were refused.
		_ = r.server.DisconnectClientByID(request.ClientInformation.ID)
		return nil, errors.New("the user moves to another account")
	}
	user.Subject, user.Name = request.UserNkey, r.remember(request, user.Audience)
	return user, nil
}

// admitted is a client that was let in. A reload asks about it again, when the server has forgotten its JWT
// and put the name that we gave it in the place of its nkey.
type admitted struct {
	account string
	name    string // that we gave it, or ""
	options jwt.ConnectOptions
}

// recall gives a client of this server that was let in before, and completes the request about it. One that
// says something else now logs in anew.
func (r *responder) recall(request *jwt.AuthorizationRequestClaims) *admitted {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.admitted[request.ClientInformation.ID]
	if request.Server.ID != r.server.ID() || client == nil {
		return nil
	}
	left, now := client.options, request.ConnectOptions
	if client.name != "" {
		left.Username, left.Nkey, left.Token = client.name, "", ""
	}
	if now.Username == left.Username && now.Password == left.Password &&
		now.Token == left.Token && now.Nkey == left.Nkey {
		request.ConnectOptions = client.options
	}
	return client
}

// remember gives the name that the server is to know the client by, "" for the one that it has. A reload
// closes clients with an nkey, and those who share a name with one of another account: see standIns.
func (r *responder) remember(request *jwt.AuthorizationRequestClaims, account string) (name string) {
	options, cid := request.ConnectOptions, request.ClientInformation.ID
	if request.Server.ID != r.server.ID() {
		return options.Nkey
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.admitted) > 2*(r.server.NumClients()+r.server.NumLeafNodes())+64 {
		r.prune()
	}
	name = options.Nkey
	if known := cmp.Or(name, options.Username); known != "" {
		if r.livesElsewhere(known, account) {
			name = fmt.Sprintf("%s#%d", known, cid)
		} else {
			r.homes[known] = account
		}
	}
	r.admitted[cid] = &admitted{account, name, options}
	return name
}

// livesElsewhere tells whether the server knows somebody of the name in another account.
func (r *responder) livesElsewhere(name, account string) bool {
	if opts := r.opts(); opts != r.of {
		r.configured, r.of = logins(opts), opts
	}
	if user, ok := r.configured[name]; ok && user.account != account {
		return true
	}
	if home, ok := r.homes[name]; !ok || home == account {
		return false
	}
	r.prune()
	home, ok := r.homes[name]
	return ok && home != account
}

// prune forgets who is gone.
func (r *responder) prune() {
	maps.DeleteFunc(r.admitted, func(cid uint64, _ *admitted) bool {
		return r.server.GetClient(cid) == nil && r.server.GetLeafNode(cid) == nil
	})
	clear(r.homes)
	for _, client := range r.admitted {
		known := cmp.Or(client.options.Nkey, client.options.Username)
		if client.name == "" || client.name == known { // else it lives beside
			r.homes[known] = client.account
		}
	}
}

// refuse lets nobody in from now on, and does not keep those waiting who ask: the server would wait for
// them.
func (r *responder) refuse() {
	if r == nil {
		return
	}
	r.cancel()
	r.settle()
	if conn := r.conn.Load(); conn != nil {
		_ = conn.FlushTimeout(lastWords)
	}
}

// settle waits until nothing is being answered.
func (r *responder) settle() {
	r.busy.Lock()
	defer r.busy.Unlock()
}

// close ends it when the server is gone.
func (r *responder) close() {
	if r == nil {
		return
	}
	r.cancel()
	if conn := r.conn.Load(); conn != nil {
		conn.Close()
	}
	r.settle()
	r.issuer.Wipe()
	r.key.Wipe()
	r.user.Wipe()
}
