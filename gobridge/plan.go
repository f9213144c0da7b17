package main

import (
	"cmp"
	"encoding/json"
	"math"
	"reflect"
	"slices"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/crypto/bcrypt"
)

// affected is a connection that a change would close.
type affected struct {
	CID     uint64 `json:"cid"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	User    string `json:"user"`
	Account string `json:"account"`
	Reason  string `json:"reason"`
}

// planChange tells which connections a reload, or a restart, with these settings would close.
func planChange(h uint64, kind, text string, over overlay) (uint64, error) {
	return startLocked(h, func(_ *job, e *embedded) ([]byte, error) {
		next, err := newServerSettings(text, over)
		if err != nil {
			return nil, withoutSecrets(err, text)
		}
		defer closeResolver(next.opts)
		why := closer(e.set.opts, next.opts)
		if kind == "restart" {
			why = func(*server.ConnInfo) string { return "the server restarts" }
		}
		return json.Marshal(e.affected(next.opts, why))
	})
}

func (e *embedded) affected(next *server.Options, why func(*server.ConnInfo) string) []affected {
	found, stay := []affected{}, []*server.ConnInfo{}
	add := func(c *server.ConnInfo, reason string) {
		found = append(found, affected{c.Cid, c.Kind, c.Name, c.AuthorizedUser, c.Account, reason})
	}
	for _, c := range e.clients() {
		if reason := why(c); reason != "" {
			add(c, reason)
		} else {
			stay = append(stay, c)
		}
	}
	for _, c := range newest(stay, mostClients(next)-len(e.inside())) {
		add(c, "max_connections is reached")
	}
	for _, c := range leafs(e.srv.Load()) {
		if reason := why(c); reason != "" {
			add(c, reason)
		}
	}
	slices.SortFunc(found, func(a, b affected) int { return cmp.Compare(a.CID, b.CID) })
	return found
}

// clients are the connected ones, the oldest first.
func (e *embedded) clients() []*server.ConnInfo { return e.others(connections(e.srv.Load(), "Client")) }

// leafs are the leaf node connections, likewise.
func leafs(s *server.Server) []*server.ConnInfo {
	if s.NumLeafNodes() == 0 {
		return nil // without asking every client
	}
	return connections(s, "Leafnode")
}

func connections(s *server.Server, kind string) []*server.ConnInfo {
	all, err := s.Connz(&server.ConnzOptions{Username: true, Sort: server.ByCid, Limit: math.MaxInt32})
	if err != nil {
		return nil
	}
	for _, c := range all.Conns {
		c.Account = cmp.Or(c.Account, server.DEFAULT_GLOBAL_ACCOUNT) // which the server leaves out
	}
	return slices.DeleteFunc(all.Conns, func(c *server.ConnInfo) bool { return c.Kind != kind })
}

// newest are those beyond the first so many.
func newest(clients []*server.ConnInfo, most int) []*server.ConnInfo {
	return clients[min(max(most, 0), len(clients)):]
}

// login is what a user may connect as.
type login struct {
	account, password string
	types             map[string]struct{}
	permissions       *server.Permissions
}

func logins(o *server.Options) map[string]login {
	name := func(a *server.Account) string {
		if a == nil {
			return server.DEFAULT_GLOBAL_ACCOUNT
		}
		return a.Name
	}
	all := map[string]login{}
	for _, u := range o.Users {
		if isStandIn(u) {
			continue
		}
		all[u.Username] = login{name(u.Account), u.Password, u.AllowedConnectionTypes, u.Permissions}
	}
	for _, u := range o.Nkeys {
		all[u.Nkey] = login{name(u.Account), "", u.AllowedConnectionTypes, u.Permissions}
	}
	return all
}

// calledOut tells whether an auth callout has let a client in.
func calledOut(o *server.Options, c *server.ConnInfo) bool {
	return o.AuthCallout != nil && !slices.Contains(o.AuthCallout.AuthUsers, c.AuthorizedUser)
}

// ownLogins tells whether leaf nodes log in with what the leafnodes block says, and not as users do.
func ownLogins(o *server.Options) bool {
	return o.LeafNode.Username != "" || o.LeafNode.Nkey != "" || len(o.LeafNode.Users) > 0
}

// closer gives the reason why a reload would close a client, or "". It follows what the server does:
// Server.reloadAuthorization, Server.recheckPinnedCerts, Server.processClientOrLeafAuthentication (2.15);
// and, of leaf nodes, what closeLeafs does.
func closer(now, next *server.Options) func(*server.ConnInfo) string {
	before, after := logins(now), logins(next)
	accounts := map[string]bool{server.DEFAULT_GLOBAL_ACCOUNT: true, server.DEFAULT_SYSTEM_ACCOUNT: true}
	for _, account := range next.Accounts {
		accounts[account.Name] = true
	}
	pinned := next.TLSPinnedCerts
	if reflect.DeepEqual(now.TLSPinnedCerts, pinned) {
		pinned = nil
	}
	mustLogIn := (len(after) > 0 || next.Username != "" || next.Authorization != "") && next.NoAuthUser == ""
	return func(c *server.ConnInfo) string {
		was, had := before[c.AuthorizedUser]
		is, has := after[c.AuthorizedUser]
		leaf := c.Kind == "Leafnode"
		switch {
		case now.TrustedKeys != nil: // the JWT decides, and stays what it is
		case leaf && !accounts[c.Account]:
			return "the account is removed"
		case leaf && ownLogins(now): // which no reload changes
		case calledOut(now, c):
			switch { // else who is asked decides
			case !accounts[c.Account]:
				return "the account is removed"
			case has && is.account != c.Account:
				return "a user of the name is in another account"
			}
		case had && !has:
			return "the user is removed"
		case had && was.account != is.account:
			return "the user moves to another account"
		case had && !samePassword(was.password, is.password):
			return "the password changes"
		case had && !allowed(c, is.types):
			return "the connection type is not allowed"
		case leaf && had && !samePermissions(was.permissions, is.permissions):
			return "the permissions change" // which a leaf node is told when it logs in, and never again
		case leaf: // the server looks at clients only, and closeLeafs at what is above
		case now.Username != "" && c.AuthorizedUser == now.Username:
			return "a reload closes the clients of a single user"
		case !had && c.AuthorizedUser != "" && now.Authorization == "":
			return "a reload closes clients with a name that no user has"
		case !had && now.Authorization != "" && now.Authorization != next.Authorization:
			return "the token changes"
		case !had && now.Authorization == "" && c.AuthorizedUser == "" && mustLogIn:
			return "clients must log in"
		}
		if c.Proxy != nil && !trusted(next.Proxies, c.Proxy.Key) {
			return "the proxy is not trusted"
		}
		if pinned != nil && c.Type == "nats" && !matches(pinned, c) {
			return "the certificate is not pinned"
		}
		return ""
	}
}

// samePassword compares two passwords of the configuration, of which either may be a hash.
func samePassword(a, b string) bool {
	return a == b || bcrypt.CompareHashAndPassword([]byte(a), []byte(b)) == nil ||
		bcrypt.CompareHashAndPassword([]byte(b), []byte(a)) == nil
}

// samePermissions compares what two users may do. To say nothing of it is to allow everything.
func samePermissions(a, b *server.Permissions) bool {
	whole := func(p *server.Permissions) server.Permissions {
		all := *cmp.Or(p, &server.Permissions{})
		all.Publish = cmp.Or(all.Publish, &server.SubjectPermission{})
		all.Subscribe = cmp.Or(all.Subscribe, &server.SubjectPermission{})
		return all
	}
	return same(reflect.ValueOf(whole(a)), reflect.ValueOf(whole(b)))
}

func allowed(c *server.ConnInfo, types map[string]struct{}) bool {
	if len(types) == 0 {
		return true
	}
	kind := map[string]string{"nats": "STANDARD", "websocket": "WEBSOCKET", "mqtt": "MQTT"}[c.Type]
	switch {
	case c.Kind == "Leafnode":
		kind = "LEAFNODE"
	case c.IP == "":
		kind = "IN_PROCESS"
	}
	_, ok := types[kind]
	_, ws := types[kind+"_WS"] // monitoring does not tell the two apart
	return ok || ws
}

func trusted(proxies *server.ProxiesConfig, key string) bool {
	return proxies != nil && slices.ContainsFunc(proxies.Trusted, func(p *server.ProxyConfig) bool {
		return p.Key == key
	})
}

func matches(pinned server.PinnedCertSet, c *server.ConnInfo) bool {
	if len(c.TLSPeerCerts) == 0 {
		return false
	}
	_, ok := pinned[c.TLSPeerCerts[0].SubjectPKISha256]
	return ok
}
