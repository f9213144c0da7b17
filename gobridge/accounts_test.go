package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
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
