package main

import (
	"encoding/json"

	"github.com/nats-io/nkeys"
)

// Seeds are wiped here as soon as they have been used: they are the caller's, and kept nowhere.

var makePair = map[string]func() (nkeys.KeyPair, error){
	"operator": nkeys.CreateOperator, "account": nkeys.CreateAccount, "user": nkeys.CreateUser,
	"server": nkeys.CreateServer, "cluster": nkeys.CreateCluster, "curve": nkeys.CreateCurveKeys,
}

// createPair makes a key pair; JSON with both keys, for the caller to wipe.
func createPair(kind string) ([]byte, error) {
	create, ok := makePair[kind]
	if !ok {
		return nil, configFault("kind", "must be operator, account, user, server, cluster or curve")
	}
	pair, err := create()
	if err != nil {
		return nil, err
	}
	defer pair.Wipe()
	public, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"public": public, "seed": string(seed)})
}

// withSeed gives the key pair of a seed, which it wipes, to fn.
func withSeed(seed []byte, fn func(pair nkeys.KeyPair, public string) error) error {
	defer clear(seed)
	pair, err := nkeys.FromSeed(seed)
	if err != nil {
		return configFault("seed", "is no seed of an nkey")
	}
	defer pair.Wipe()
	public, err := pair.PublicKey()
	if err != nil {
		return configFault("seed", "is no seed of an nkey")
	}
	return fn(pair, public)
}

func publicKey(seed []byte) (public string, err error) {
	err = withSeed(seed, func(_ nkeys.KeyPair, key string) error {
		public = key
		return nil
	})
	return public, err
}

func sign(seed, data []byte) (signature []byte, err error) {
	err = withSeed(seed, func(pair nkeys.KeyPair, public string) error {
		if signature, err = pair.Sign(data); err != nil {
			return configFault("seed", "is one of a %s key, which cannot sign", nkeys.Prefix(public))
		}
		return nil
	})
	return signature, err
}

func verify(public string, data, signature []byte) (bool, error) {
	pair, err := nkeys.FromPublicKey(public)
	if err != nil || nkeys.Prefix(public) == nkeys.PrefixByteCurve {
		return false, configFault("public", "is no public nkey that could have signed")
	}
	return pair.Verify(data, signature) == nil, nil
}
