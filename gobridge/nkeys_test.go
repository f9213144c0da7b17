package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

type pairOf struct{ Public, Seed string }

func newPair(t testing.TB, kind string) pairOf {
	t.Helper()
	data, err := createPair(kind)
	check(t, err)
	return decode[pairOf](t, data)
}

func TestPairsAreOfTheirKind(t *testing.T) {
	for kind, prefix := range map[string]nkeys.PrefixByte{
		"operator": nkeys.PrefixByteOperator, "account": nkeys.PrefixByteAccount, "user": nkeys.PrefixByteUser,
		"server": nkeys.PrefixByteServer, "cluster": nkeys.PrefixByteCluster, "curve": nkeys.PrefixByteCurve,
	} {
		pair := newPair(t, kind)
		if got := nkeys.Prefix(pair.Public); got != prefix {
			t.Errorf("%s: the public key is of the kind %s", kind, got)
		}
		public, err := publicKey([]byte(pair.Seed))
		if check(t, err); public != pair.Public {
			t.Errorf("%s: the seed is of %s, not of %s", kind, public, pair.Public)
		}
	}
}

func TestSignaturesAreThoseOfTheModule(t *testing.T) {
	pair := newPair(t, "user")
	ours, err := sign([]byte(pair.Seed), []byte("data"))
	check(t, err)
	theirs, err := nkeys.FromPublicKey(pair.Public)
	check(t, err)
	check(t, theirs.Verify([]byte("data"), ours))
	for data, want := range map[string]bool{"data": true, "date": false, "": false} {
		if got, err := verify(pair.Public, []byte(data), ours); got != want || err != nil {
			t.Errorf("verify(%q) = %v, %v", data, got, err)
		}
	}
	if ok, err := verify(pair.Public, []byte("data"), nil); ok || err != nil {
		t.Errorf("an empty signature: %v, %v", ok, err)
	}
}

func TestWrongKeysAreFaultsWithoutSecrets(t *testing.T) {
	curve, user := newPair(t, "curve"), newPair(t, "user")
	bent := user.Seed[:len(user.Seed)-1] + "7"
	for name, call := range map[string]func() error{
		"kind":              func() error { _, err := createPair("king"); return err },
		"no seed":           func() error { _, err := publicKey([]byte("SUAA")); return err },
		"empty":             func() error { _, err := publicKey(nil); return err },
		"bent":              func() error { _, err := sign([]byte(bent+"7"), nil); return err },
		"a public key":      func() error { _, err := sign([]byte(user.Public), nil); return err },
		"cannot sign":       func() error { _, err := sign([]byte(curve.Seed), []byte("a")); return err },
		"cannot verify":     func() error { _, err := verify(curve.Public, nil, nil); return err },
		"no public key":     func() error { _, err := verify("UAAA", nil, nil); return err },
		"a seed, to verify": func() error { _, err := verify(user.Seed, nil, nil); return err },
	} {
		err := call()
		if err == nil || asFault(err, codePanic).code != codeConfig {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), user.Seed[2:20]) || strings.Contains(err.Error(), curve.Seed[2:20]) {
			t.Errorf("%s: the error shows a seed: %v", name, err)
		}
	}
}

func TestSeedsAreWipedAfterUse(t *testing.T) {
	pair := newPair(t, "account")
	claims := []byte(`{"sub":"` + newPair(t, "user").Public + `","nats":{"type":"user"}}`)
	for name, use := range map[string]func(seed []byte) error{
		"public": func(seed []byte) error { _, err := publicKey(seed); return err },
		"sign":   func(seed []byte) error { _, err := sign(seed, []byte("data")); return err },
		"encode": func(seed []byte) error { _, err := encodeClaims(claims, seed); return err },
		"creds":  func(seed []byte) error { _, _ = formatCreds("", seed); return nil },
	} {
		seed := []byte(pair.Seed)
		check(t, use(seed))
		if !bytes.Equal(seed, make([]byte, len(seed))) {
			t.Errorf("%s keeps %s", name, seed)
		}
	}
}
