package main

import (
	"cmp"
	"crypto/rand"
	"slices"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
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
	if isOperator(opts) {
		return configFault("operator", "has its auth callout in the JWTs of accounts, and takes no on_authenticate")
	}
	issuer, xkey, user, err := c.publicKeys()
	if err != nil {
		return err
	}
	if err := onlyDoor(opts); err != nil {
		return err
	}
	if opts.AuthCallout == nil {
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
	case opts.NoAuthUser != "" && slices.Contains(block.AuthUsers, opts.NoAuthUser):
		return configFault("no_auth_user", "must not be one of auth_users: nobody would be asked about")
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
	return nil
}

// leastPayload has room for the JWTs of an answer.
const leastPayload = 4096

// onlyDoor refuses what would let somebody in unasked, or leave no way to ask.
func onlyDoor(opts *server.Options) error {
	switch key := listenerLogins(opts); {
	case key != "":
		return configFault(key, "cannot stand beside on_authenticate")
	case opts.NoSystemAccount:
		return configFault("no_system_account", "must not be set with on_authenticate")
	case ownLogins(opts):
		return configFault("leafnodes.authorization", "lets leaf nodes in without on_authenticate")
	case opts.MaxPayload > 0 && opts.MaxPayload < leastPayload:
		return configFault("max_payload", "must be at least %d with on_authenticate, whose answers are messages",
			leastPayload)
	}
	return nil
}

func isOperator(opts *server.Options) bool {
	return len(opts.TrustedKeys)+len(opts.TrustedOperators) > 0
}

// listenerLogins is the key of a listener's block with a login of its own, or "": the server allows no list
// of users beside one.
func listenerLogins(opts *server.Options) string {
	switch ws, mqtt := &opts.Websocket, &opts.MQTT; {
	case ws.Username+ws.Token != "":
		return "websocket.authorization"
	case mqtt.Username+mqtt.Token != "":
		return "mqtt.authorization"
	}
	return ""
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

// standInPassword is nobody's: it looks like a hash, and is that of no password.
var standInPassword = "$2a$04$" + rand.Text()

// standIns are users for the clients that were let in by a callout. A reload closes every client whose name
// no user has, in place of asking about it again; with a wrong password it asks.
func (e *embedded) standIns(next *server.Options) []*server.User {
	if next.AuthCallout == nil || listenerLogins(next) != "" {
		return nil // the server allows no users beside those
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
