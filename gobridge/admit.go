package main

import (
	"cmp"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/bcrypt"
)

// watcherUser is the user of that client where users have to log in; nobody else has its seed.
var watcherUser = sync.OnceValue(func() nkeys.KeyPair {
	pair, err := nkeys.CreateUser()
	if err != nil {
		panic(err) // there is no randomness
	}
	return pair
})

func watcherKey() string {
	key, _ := watcherUser().PublicKey()
	return key
}

// watcherPassword is that of the same user where it has none by its key. The server knows its hash only: it
// warns of users with plain passwords.
var watcherPassword = sync.OnceValues(func() (password, hash string) {
	password = rand.Text()
	made, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		panic(err) // it is no longer than 72 bytes
	}
	return password, string(made)
})

var watcherPermissions = &server.Permissions{
	Subscribe: &server.SubjectPermission{
		Allow: []string{"$SYS.ACCOUNT.>", "$SYS.SERVER.>", advisories, adopted + ">"},
	},
	Publish: &server.SubjectPermission{Deny: []string{">"}},
}

// defaultSystem has the name of the system account where the options have none. It is only the name that
// the server goes by; one object for all, so that options are equal.
var defaultSystem = server.NewAccount(server.DEFAULT_SYSTEM_ACCOUNT)

// admitWatcher adds the user to options by which somebody must log in. Nobody else is let in or refused
// by it. A server that is open has no users, and would be open no more with one. Where it is not the first
// of its kind nobody can notice it, and it is there before events are wanted, which then takes no reload.
func admitWatcher(opts *server.Options, wanted bool) {
	if !hasUsers(opts) || opts.NoSystemAccount || isOperator(opts) || listenerLogins(opts) != "" {
		return
	}
	system := cmp.Or(opts.SystemAccount, server.DEFAULT_SYSTEM_ACCOUNT)
	account := findAccount(opts, system)
	// Where there were no nkeys the first one would have the server ask clients to sign, and refuse those that
	// have one beside a good password. A user among others changes nothing, but must not have to show a
	// certificate.
	if opts.Users != nil && opts.Nkeys == nil && opts.AuthCallout == nil && !opts.TLSMap {
		_, hash := watcherPassword()
		opts.Users = append(opts.Users, &server.User{
			Username: watcherKey(), Password: hash, Account: account,
			AllowedConnectionTypes: insideOnly(), Permissions: watcherPermissions,
		})
		return
	}
	if opts.Nkeys == nil && opts.AuthCallout == nil && !wanted {
		return
	}
	opts.Nkeys = append(opts.Nkeys, &server.NkeyUser{
		Nkey: watcherKey(), Account: account, AllowedConnectionTypes: insideOnly(), Permissions: watcherPermissions,
	})
	if opts.AuthCallout != nil {
		opts.AuthCallout.AuthUsers = append(opts.AuthCallout.AuthUsers, watcherKey())
	}
}

func insideOnly() map[string]struct{} { return map[string]struct{}{jwt.ConnectionTypeInProcess: {}} }

func isWatcher(u *server.NkeyUser) bool { return u.Nkey == watcherKey() }

func isWatcherByName(u *server.User) bool { return u.Username == watcherKey() }

func hasUsers(opts *server.Options) bool {
	return opts.Users != nil || opts.Nkeys != nil || opts.Username != "" || opts.Authorization != ""
}

func isAdmitted(opts *server.Options) bool {
	return slices.ContainsFunc(opts.Nkeys, isWatcher) || slices.ContainsFunc(opts.Users, isWatcherByName)
}

// watcherFault tells why nobody can listen inside a server with such options.
func watcherFault(opts *server.Options, credentials string) error {
	switch key := listenerLogins(opts); {
	case opts.NoSystemAccount:
		return configFault("no_system_account", "must not be set where events are wanted")
	case opts.MaxConn < 0:
		return configFault("max_connections", "lets nobody in, not even who listens for events")
	case isOperator(opts) && credentials == "":
		return configFault("operator", "events need the credentials of a user of the system account")
	case !isOperator(opts) && credentials != "":
		return configFault("operator", "is not set, so that the credentials for events are of no use")
	case !isOperator(opts) && hasUsers(opts) && key != "":
		return configFault(key, "allows no user beside it, as events need one")
	}
	return nil
}

// nameSystem puts the watcher's user into the default system account. A start must not: there is none yet,
// and the client is moved as soon as it is there.
func nameSystem(opts *server.Options) {
	for _, u := range opts.Nkeys {
		if isWatcher(u) && u.Account == nil {
			u.Account = defaultSystem
		}
	}
	for _, u := range opts.Users {
		if isWatcherByName(u) && u.Account == nil {
			u.Account = defaultSystem
		}
	}
}
