package main

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// answering has questions answered by a function, as Python does, until the test is over.
func answering[T any](t testing.TB, answer func(T) string) {
	t.Helper()
	done := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
			data, err := inquiries.take()
			if err != nil {
				t.Error(err)
			}
			for _, q := range decode[[][4]json.RawMessage](t, data) {
				answerQuestion(decode[uint64](t, q[1]), []byte(answer(decode[T](t, q[3]))))
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		reader.Wait()
	})
}

func newCallout(t testing.TB) *callout {
	t.Helper()
	return &callout{
		Whom: 7, IssuerSeed: newPair(t, "account").Seed, XKeySeed: newPair(t, "curve").Seed,
		UserSeed: newPair(t, "user").Seed,
	}
}

// letIn lets in who has the password, to the global account.
func letIn(request loginRequest) string {
	if request.Password != "right" {
		return ""
	}
	return `{"aud": "$G"}`
}

func TestAFunctionDecidesWhoMayLogIn(t *testing.T) {
	answering(t, letIn)
	_, s, err := tryStart(t, "port: -1, authorization {}", overlay{Callout: newCallout(t)})
	check(t, err)
	connect(t, s.ClientURL, nats.UserInfo("ann", "right"))
	for _, password := range []string{"", "wrong"} {
		if _, err := nats.Connect(s.ClientURL, nats.UserInfo("ann", password)); err == nil {
			t.Errorf("the password %q lets in", password)
		}
	}
}

func TestTheUserInsideIsOfUseToNobodyElse(t *testing.T) {
	answering(t, letIn)
	callout := newCallout(t)
	_, s, err := tryStart(t, "port: -1, authorization {}", overlay{Callout: callout})
	check(t, err)
	pair, err := nkeys.FromSeed([]byte(callout.UserSeed))
	check(t, err)
	public, err := pair.PublicKey()
	check(t, err)
	if _, err := nats.Connect(s.ClientURL, nats.Nkey(public, pair.Sign)); err == nil {
		t.Error("it connects over the network")
	}
}

func TestForgedRequestsAreNotAnswered(t *testing.T) {
	t.Parallel()
	issuer, err := nkeys.CreateAccount()
	check(t, err)
	public, err := issuer.PublicKey()
	check(t, err)
	r := &responder{public: public}
	request := jwt.NewAuthorizationRequestClaims(public)
	user, err := nkeys.CreateUser()
	check(t, err)
	request.UserNkey, err = user.PublicKey()
	check(t, err)
	for _, honest := range []bool{true, false} {
		signer, err := nkeys.CreateServer()
		check(t, err)
		id, err := signer.PublicKey()
		check(t, err)
		if honest {
			request.Server.ID = id
		}
		token, err := request.Encode(signer)
		check(t, err)
		if opened := r.open(&nats.Msg{Data: []byte(token)}); (opened != nil) != honest {
			t.Errorf("a request of %s for %s is opened: %v", id, request.Server.ID, opened != nil)
		}
	}
}

func TestLiveOptionsAreComparedWithoutStandIns(t *testing.T) {
	answering(t, letIn)
	const text = "port: -1, authorization {}"
	over := overlay{Callout: newCallout(t)}
	handle, s, err := tryStart(t, text, over)
	check(t, err)
	connect(t, s.ClientURL, nats.UserInfo("ann", "right"))
	j, err := applySettings(handle, text, over)
	check(t, err)
	_, err = await(t, j)
	check(t, err)
	j, err = compareLive(handle, "text", text)
	check(t, err)
	names, err := await(t, j)
	if check(t, err); string(names) != "[]" {
		t.Errorf("%s differ", names)
	}
}

func TestSeedsOfTheWrongKindAreRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ issuer, xkey, key string }{
		{"", newPair(t, "curve").Seed, "issuer_seed"},
		{newPair(t, "user").Seed, newPair(t, "curve").Seed, "issuer_seed"},
		{newPair(t, "account").Seed, newPair(t, "account").Seed, "xkey_seed"},
	} {
		_, err := parseSettings("", overlay{Callout: &callout{IssuerSeed: row.issuer, XKeySeed: row.xkey}})
		if found := faultPlaces(t, err); found[0][0] != row.key {
			t.Errorf("the fault is of %s, not of %s", found[0][0], row.key)
		}
		if seed := row.issuer; seed != "" && strings.Contains(err.Error(), seed) {
			t.Error("the seed is shown")
		}
	}
}

func TestOnlyTheOwnerOfAnNkeyHasSigned(t *testing.T) {
	t.Parallel()
	pair, err := nkeys.CreateUser()
	check(t, err)
	public, err := pair.PublicKey()
	check(t, err)
	for _, row := range [][3]string{
		{public, "nonce", ""}, {public, "nonce", "AAAA"}, {public, "", ""}, {"UAAA", "nonce", "AAAA"},
	} {
		if hasSigned(row[0], row[1], row[2]) {
			t.Errorf("%q is taken for a signature", row[2])
		}
	}
}
