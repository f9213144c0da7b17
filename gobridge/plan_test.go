package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlanTellsTheReason(t *testing.T) {
	t.Parallel()
	text := func(users string) string {
		return plain + ", accounts { A { users: [" + users + "] }, B { users: [ { user: b, password: b } ] } }"
	}
	handle, s := start(t, text("{ user: ann, password: a }, { user: bob, password: b }"))
	url := func(user string) string { return strings.Replace(s.ClientURL, "//", "//"+user+"@", 1) }
	for _, user := range []string{"ann:a", "bob:b", "b:b"} {
		connect(t, url(user))
	}
	for next, want := range map[string]string{
		"{ user: ann, password: a }, { user: bob, password: b }":    "[]",
		"{ user: ann, password: x }, { user: bob, password: b }":    "[ann: the password changes]",
		"{ user: bob, password: b }":                                "[ann: the user is removed]",
		"{ user: bob, password: b, connection_types: [WEBSOCKET] }": "[ann: the user is removed bob: the connection type is not allowed]",
	} {
		j, err := planChange(handle, "hot", text(next), overlay{})
		check(t, err)
		found, err := await(t, j)
		check(t, err)
		said := []string{}
		for _, c := range decode[[]affected](t, found) {
			said = append(said, c.User+": "+c.Reason)
		}
		if fmt.Sprint(said) != want {
			t.Errorf("%s: %v, not %s", next, said, want)
		}
	}
	wantLive(t, handle, text("{ user: ann, password: a }, { user: bob, password: b }"))
}

func TestLeafNodeIsClosedWhenItsPermissionsChange(t *testing.T) {
	t.Parallel()
	text := func(user string) string {
		return plain + `, leafnodes { listen: "127.0.0.1:-1" }, authorization { users: [{user: edge, password: e` + user +
			`}, {user: other, password: o}], default_permissions: {publish: ["b", "a"]} }`
	}
	handle, s := start(t, text(""))
	e := embeddedOf(t, handle)
	start(t, plain+fmt.Sprintf(`, leafnodes { reconnect: "20ms", remotes: [{url: "nats://edge:e@127.0.0.1:%d"}] }`,
		s.Ports["leafnodes"]))
	connected := func() uint64 {
		eventually(t, "the leaf node is connected", func() bool { return len(leafs(e.srv.Load())) == 1 })
		return leafs(e.srv.Load())[0].Cid
	}
	const reason = "[the permissions change]"
	for _, step := range []struct{ user, want string }{
		{``, "[]"},
		{`, permissions: {publish: {allow: ["a", "b"]}}`, "[]"}, // as the default ones
		{`, permissions: {publish: ["a"]}`, reason},
		{`, permissions: {publish: ["a"], subscribe: {}}, allowed_connection_types: [LEAFNODE]`, "[]"},
		{`, permissions: {publish: ["a"], subscribe: ">"}`, reason},
		{`, permissions: {publish: ["a"], subscribe: {allow: ">", deny: "c"}}`, reason},
		{`, permissions: {publish: ["a"], subscribe: {allow: ">", deny: "c"}, allow_responses: true}`, reason},
		{`, permissions: {publish: ["a"], subscribe: {allow: ">", deny: "c"}, allow_responses: {max: 1}}`, "[]"},
		{`, permissions: {publish: ["a"], subscribe: {allow: ">", deny: "c"}, allow_responses: {max: 2}}`, reason},
		{`, permissions: {}`, reason},
	} {
		before := connected()
		j, err := planChange(handle, "hot", text(step.user), overlay{})
		check(t, err)
		found, err := await(t, j)
		check(t, err)
		said := []string{}
		for _, c := range decode[[]affected](t, found) {
			said = append(said, c.Reason)
		}
		if fmt.Sprint(said) != step.want {
			t.Errorf("%s: %v, not %s", step.user, said, step.want)
		}
		_, err = apply(t, handle, text(step.user))
		check(t, err)
		if gone := e.srv.Load().GetLeafNode(before) == nil; gone != (step.want == reason) {
			t.Errorf("%s: the connection is gone: %t", step.user, gone)
		}
	}
}
