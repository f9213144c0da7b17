package main

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestHashIsOfThePassword(t *testing.T) {
	t.Parallel()
	hash, err := await(t, hashPassword("secret", bcrypt.MinCost))
	check(t, err)
	check(t, bcrypt.CompareHashAndPassword(hash, []byte("secret")))
	_, err = await(t, hashPassword(strings.Repeat("x", 73), bcrypt.MinCost))
	wantFault(t, err, codeConfig, "password")
}
