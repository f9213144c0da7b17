package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Who may log in is decided by Python through the server's own auth callout: a client inside the process
// gets its requests, asks, and signs the answers.

// callout is what Python says of it in the overlay: the same for as long as the controller lives.
type callout struct {
	Whom       uint64 `json:"whom"` // to ask, see ask
	IssuerSeed string `json:"issuer_seed"`
	XKeySeed   string `json:"xkey_seed"`
	UserSeed   string `json:"user_seed"` // of the client inside
}

// install makes the options of a server that calls out. Where the text has an auth_callout block, that one
// stands. The default is the system account, which shares nothing with others: the requests in it are
// encrypted all the same.
func (c *callout) install(opts *server.Options) error {
	if c == nil {
		return nil
	}
	if len(opts.TrustedKeys)+len(opts.TrustedOperators) > 0 {
		return configFault("operator", "has its auth callout in the JWTs of accounts, and takes no on_authenticate")
	}
	issuer, xkey, user, err := c.publicKeys()
	if err != nil {
		return err
	}
	if opts.AuthCallout == nil {
		if opts.NoSystemAccount {
			return configFault("no_system_account", "must not be set with on_authenticate")
		}
		opts.SystemAccount = cmp.Or(opts.SystemAccount, server.DEFAULT_SYSTEM_ACCOUNT)
		opts.AuthCallout = &server.AuthCallout{Issuer: issuer, XKey: xkey, Account: opts.SystemAccount}
		if findAccount(opts, opts.SystemAccount) == nil {
			opts.Accounts = append(opts.Accounts, server.NewAccount(opts.SystemAccount))
		}
	}
	block := opts.AuthCallout
	account := findAccount(opts, block.Account)
	switch {
	case block.Issuer != issuer:
		return configFault("authorization.auth_callout.issuer", "is not the public key of issuer_seed")
	case block.XKey != "" && block.XKey != xkey:
		return configFault("authorization.auth_callout.xkey", "is not the public key of xkey_seed")
	case account == nil && block.Account != "" && block.Account != server.DEFAULT_GLOBAL_ACCOUNT:
		return configFault("authorization.auth_callout.account", "is no account")
	}
	block.AuthUsers = append(block.AuthUsers, user)
	opts.Nkeys = append(opts.Nkeys, &server.NkeyUser{
		Nkey: user, Account: account,
		AllowedConnectionTypes: map[string]struct{}{jwt.ConnectionTypeInProcess: {}},
		Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Allow: []string{server.AuthCalloutSubject}},
			Publish:   &server.SubjectPermission{Allow: []string{server.InboxPrefix + ">"}},
		},
	})
	opts.AlwaysEnableNonce = true // else nkeys could not be verified
	return nil
}

func findAccount(opts *server.Options, name string) *server.Account {
	i := slices.IndexFunc(opts.Accounts, func(a *server.Account) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return opts.Accounts[i]
}

func (c *callout) publicKeys() (issuer, xkey, user string, err error) {
	for _, key := range []struct {
		public     *string
		seed, name string
		kind       nkeys.PrefixByte
	}{
		{&issuer, c.IssuerSeed, "issuer_seed", nkeys.PrefixByteAccount},
		{&xkey, c.XKeySeed, "xkey_seed", nkeys.PrefixByteCurve},
		{&user, c.UserSeed, "user_seed", nkeys.PrefixByteUser},
	} {
		if *key.public, err = publicKey([]byte(key.seed)); err != nil || nkeys.Prefix(*key.public) != key.kind {
			return "", "", "", configFault(key.name, "is no seed of the kind %s", key.kind)
		}
	}
	return issuer, xkey, user, nil
}

const responderName = "dotgnatly on_authenticate"

// responder answers the requests of auth callout, those of other servers of the cluster as well.
type responder struct {
	callout
	server            *server.Server
	public            string
	issuer, key, user nkeys.KeyPair
	timeout           time.Duration
	conn              *nats.Conn

	ctx    context.Context // over when nobody is let in any more
	cancel context.CancelFunc
	busy   sync.RWMutex // read-locked while a request is answered

	mu       sync.Mutex
	admitted map[uint64]*admitted // by cid
	homes    map[string]string    // the account of who last came by a name
}

// newResponder gives nil where Python is not asked. The seeds are good: install has seen them.
func newResponder(c *callout, s *server.Server, opts *server.Options) *responder {
	if c == nil {
		return nil
	}
	r := &responder{
		callout: *c, server: s, public: opts.AuthCallout.Issuer,
		timeout: time.Duration(opts.AuthTimeout * float64(time.Second)), admitted: map[uint64]*admitted{}, homes: map[string]string{},
	}
	r.issuer, _ = nkeys.FromSeed([]byte(c.IssuerSeed))
	r.key, _ = nkeys.FromSeed([]byte(c.XKeySeed))
	r.user, _ = nkeys.FromSeed([]byte(c.UserSeed))
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// connect subscribes beside the start of the server: before it lets any other client in, if it can. The
// function that it returns is called after the start, and waits.
func (r *responder) connect() (finish func() error) {
	if r == nil {
		return func() error { return nil }
	}
	started, connected := make(chan struct{}), make(chan error, 1)
	go func() {
		err := r.subscribe()
		for err != nil {
			select {
			case <-started:
				connected <- r.subscribe()
				return
			case <-time.After(100 * time.Microsecond): // as long as a start takes, or less
				err = r.subscribe()
			}
		}
		connected <- nil
	}()
	return func() error {
		close(started)
		if err := <-connected; err != nil {
			return faultf(codeStart, "on_authenticate cannot answer: %v", err)
		}
		return nil
	}
}

func (r *responder) subscribe() error {
	public, err := r.user.PublicKey()
	if err != nil {
		return err
	}
	conn, err := nats.Connect("", nats.InProcessServer(r.server), nats.Nkey(public, r.user.Sign),
		nats.Name(responderName), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond),
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
	r.conn = conn
	return nil
}

// receive answers each request on a goroutine of its own: Python may take its time. The answer need not be
// encrypted, as the request is: it holds no secret.
func (r *responder) receive(m *nats.Msg) {
	r.busy.RLock()
	go func() {
		defer r.busy.RUnlock()
		_ = protect(func() error {
			if request := r.open(m); request != nil {
				return m.Respond([]byte(r.decide(request)))
			}
			return nil
		})
	}()
}

// open gives the request of a message. What is for another issuer is not ours to answer.
func (r *responder) open(m *nats.Msg) *jwt.AuthorizationRequestClaims {
	data := m.Data
	if asker := m.Header.Get(server.AuthRequestXKeyHeader); asker != "" {
		var err error
		if data, err = r.key.Open(data, asker); err != nil {
			return nil
		}
	}
	request, err := jwt.DecodeAuthorizationRequestClaims(string(data))
	if err != nil || request.Subject != r.public {
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
	before := r.recall(request)
	login, err := newLogin(request)
	if err != nil {
		return nil, err
	}
	login.Timeout = r.timeout.Nanoseconds()
	data, err := json.Marshal(login)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.timeout)
	defer cancel()
	answer, err := ask(ctx, r.Whom, data)
	switch {
	case ctx.Err() != nil:
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
	if before != nil && before.account != user.Audience {
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
	options jwt.ConnectOptions
}

// recall gives a client of this server that is asked about again, and completes the request.
func (r *responder) recall(request *jwt.AuthorizationRequestClaims) *admitted {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.admitted[request.ClientInformation.ID]
	if request.Server.ID != r.server.ID() || client == nil {
		return nil
	}
	request.ConnectOptions = client.options
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
	if len(r.admitted) > 2*r.server.NumClients()+64 {
		maps.DeleteFunc(r.admitted, func(cid uint64, _ *admitted) bool {
			return r.server.GetClient(cid) == nil && r.server.GetLeafNode(cid) == nil
		})
		clear(r.homes)
		for _, client := range r.admitted {
			r.homes[cmp.Or(client.options.Nkey, client.options.Username)] = client.account
		}
	}
	name = options.Nkey
	if known := cmp.Or(name, options.Username); known != "" {
		if home, ok := r.homes[known]; ok && home != account {
			name = fmt.Sprintf("%s#%d", known, cid)
		} else {
			r.homes[known] = account
		}
	}
	r.admitted[cid] = &admitted{account, options}
	return name
}

// standInPassword is nobody's: it looks like a hash, and is that of no password.
var standInPassword = "$2a$04$" + rand.Text()

// standIns are users for the clients that were let in by a callout. A reload closes every client whose name
// no user has, in place of asking about it again; with a wrong password it asks.
func (e *embedded) standIns(next *server.Options) []*server.User {
	if next.AuthCallout == nil {
		return nil
	}
	var users []*server.User
	names := logins(next)
	for _, c := range e.clients() {
		_, there := names[c.AuthorizedUser]
		account := findAccount(next, c.Account)
		if there || c.AuthorizedUser == "" || account == nil && c.Account != server.DEFAULT_GLOBAL_ACCOUNT {
			continue
		}
		names[c.AuthorizedUser] = login{}
		users = append(users, &server.User{
			Username: c.AuthorizedUser, Password: standInPassword, Account: account,
		})
	}
	return users
}

func isStandIn(u *server.User) bool { return u.Password == standInPassword }

// refuse lets nobody in from now on, and does not keep those waiting who ask: the server would wait for
// them.
func (r *responder) refuse() {
	if r == nil {
		return
	}
	r.cancel()
	r.settle()
	if r.conn != nil {
		_ = r.conn.FlushTimeout(lastWords)
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
	if r.conn != nil {
		r.conn.Close()
	}
	r.settle()
	r.issuer.Wipe()
	r.key.Wipe()
	r.user.Wipe()
}

// loginRequest is what Python is asked about.
type loginRequest struct {
	User        string `json:"user"`
	Password    string `json:"password"`
	Token       string `json:"token"`
	Nkey        string `json:"nkey"` // has signed
	JWT         string `json:"jwt"`
	Account     string `json:"account"` // of the JWT
	Name        string `json:"name"`
	Lang        string `json:"lang"`
	Version     string `json:"version"`
	CID         uint64 `json:"cid"`
	Kind        string `json:"kind"`
	Type        string `json:"type"`
	Host        string `json:"host"`
	MQTTClient  string `json:"mqtt_client"`
	TLSVersion  string `json:"tls_version"`
	TLSSubject  string `json:"tls_subject"`
	Certificate string `json:"certificate"`
	ServerName  string `json:"server_name"`
	ServerID    string `json:"server_id"`
	Timeout     int64  `json:"timeout_ns"`
}

// newLogin is what is known of who wants to log in. It fails where he does not own the key that he names.
func newLogin(request *jwt.AuthorizationRequestClaims) (*loginRequest, error) {
	client, options := &request.ClientInformation, &request.ConnectOptions
	login := &loginRequest{
		User: options.Username, Password: options.Password, Token: options.Token, Nkey: options.Nkey,
		JWT: options.JWT, Name: options.Name, Lang: options.Lang, Version: options.Version,
		CID: client.ID, Kind: client.Kind, Type: client.Type, Host: client.Host, MQTTClient: client.MQTT,
		ServerName: request.Server.Name, ServerID: request.Server.ID,
	}
	if claims, err := jwt.DecodeUserClaims(options.JWT); err == nil {
		login.Account = cmp.Or(claims.IssuerAccount, claims.Issuer)
		if !claims.BearerToken {
			login.Nkey = claims.Subject
		}
	}
	if login.Nkey != "" && !hasSigned(login.Nkey, client.Nonce, options.SignedNonce) {
		return nil, errors.New("the client has not signed with its nkey")
	}
	if tls := request.TLS; tls != nil {
		login.TLSVersion = tls.Version
		if len(tls.VerifiedChains) > 0 && len(tls.VerifiedChains[0]) > 0 {
			login.Certificate = tls.VerifiedChains[0][0]
			if block, _ := pem.Decode([]byte(login.Certificate)); block != nil {
				if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
					login.TLSSubject = certificate.Subject.ToRDNSequence().String() // as verify_and_map
				}
			}
		}
	}
	return login, nil
}

func hasSigned(nkey, nonce, signature string) bool {
	pair, err := nkeys.FromPublicKey(nkey)
	if err != nil {
		return false
	}
	data, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		data, err = base64.StdEncoding.DecodeString(signature) // which the server takes, too
	}
	return err == nil && nonce != "" && pair.Verify([]byte(nonce), data) == nil
}
