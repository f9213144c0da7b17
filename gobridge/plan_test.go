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
