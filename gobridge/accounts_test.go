package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"
)

const twoAccounts = `, accounts {
	A { users: [{user: a, password: a}], jetstream: enabled, exports: [{service: s}] }
	B { users: [{user: b, password: b}], imports: [{service: {account: A, subject: s}}] }
}`

func urlOf(s state, user string) string {
	return strings.Replace(s.ClientURL, "//", "//"+user+":"+user+"@", 1)
}

func TestServiceOfNewAccountIsAnswered(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain)
	_, err := apply(t, handle, plain+twoAccounts)
	check(t, err)
	a, b := connect(t, urlOf(s, "a")), connect(t, urlOf(s, "b"))
	_, err = a.Subscribe("s", func(m *nats.Msg) { _ = m.Respond(nil) })
	check(t, err)
	check(t, a.Flush())
	_, err = b.Request("s", nil, patience)
	check(t, err)
}

func TestStreamsOfAccountGoOnWhenItComesBack(t *testing.T) {
	t.Parallel()
	js := jetStream(t.TempDir())
	handle, s := start(t, js+twoAccounts)
	publish := func() uint64 {
		nc, err := nats.Connect(urlOf(s, "a"), nats.Timeout(patience))
		check(t, err)
		defer nc.Close()
		stream, err := nc.JetStream(nats.MaxWait(patience))
		check(t, err)
		_, err = stream.AddStream(&nats.StreamConfig{Name: "S", Subjects: []string{"stored"}})
		check(t, err)
		ack, err := stream.Publish("stored", nil, nats.RetryWait(time.Millisecond))
		check(t, err)
		return ack.Sequence
	}
	publish()
	for _, text := range []string{js + ", accounts { C {} }", js + twoAccounts} {
		_, err := apply(t, handle, text)
		check(t, err)
	}
	if seq := publish(); seq != 2 {
		t.Errorf("the message after it is number %d", seq)
	}
}

func TestLeafNodeThatLogsInDuringAChangeHasItsPermissions(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("e"), 7) // it takes a while to log in
	check(t, err)
	text := func(subject string) string {
		return plain + fmt.Sprintf(`, leafnodes { listen: "127.0.0.1:-1", authorization { timeout: 20 } },
			authorization { users: [{user: edge, password: %q, permissions: {subscribe: %s}}] }`, hash, subject)
	}
	handle, s := start(t, text("a"))
	_, leaf := start(t, plain+fmt.Sprintf(
		`, leafnodes { reconnect: "1ms", remotes: [{url: "nats://edge:e@127.0.0.1:%d"}] }`, s.Ports["leafnodes"]))
	nc := connect(t, leaf.ClientURL)
	for _, subject := range []string{"a", "b"} {
		_, err := nc.SubscribeSync(subject)
		check(t, err)
	}
	hears := func(subject string) bool {
		found, err := embeddedOf(t, handle).srv.Load().Leafz(&server.LeafzOptions{Subscriptions: true})
		check(t, err)
		return len(found.Leafs) == 1 && slices.Contains(found.Leafs[0].Subs, subject)
	}
	eventually(t, "it hears a", func() bool { return hears("a") })
	for pause := range 6 {
		for _, subject := range []string{"a", "b"} { // at the second one it is coming back from the first
			_, err := apply(t, handle, text(subject))
			check(t, err)
			time.Sleep(time.Duration(pause) * 3 * time.Millisecond)
		}
		eventually(t, "it hears b alone", func() bool { return hears("b") && !hears("a") })
	}
}
