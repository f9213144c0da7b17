package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// samples are claims that say everything that claims can say; the Python tests read them as well.
func samples(t testing.TB) []json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/claims.json")
	check(t, err)
	return decode[[]json.RawMessage](t, data)
}

// strictly reads claims as the jwt module has them, and no key more.
func strictly(t testing.TB, data []byte) jwt.Claims {
	t.Helper()
	claims := map[string]jwt.Claims{
		"operator": &jwt.OperatorClaims{}, "account": &jwt.AccountClaims{}, "user": &jwt.UserClaims{},
	}[decode[struct{ Nats struct{ Type string } }](t, data).Nats.Type]
	reader := json.NewDecoder(bytes.NewReader(data))
	reader.DisallowUnknownFields()
	check(t, reader.Decode(claims))
	return claims
}

func signer(claims jwt.Claims) string {
	return map[bool]string{true: "account", false: "operator"}[claims.ClaimType() == jwt.UserClaim]
}

// unset are the fields of the jwt module's structs that claims leave out.
func unset(path string, v reflect.Value, into map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			unset(path, v.Elem(), into)
			return
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous && name == "" {
				unset(path, v.Field(i), into)
			} else {
				unset(path+"."+name, v.Field(i), into)
			}
		}
		return
	case reflect.Slice:
		found := map[string]bool{}
		for i := range v.Len() {
			here := map[string]bool{}
			unset(path+"[]", v.Index(i), here)
			if i == 0 {
				found = here
			}
			maps.DeleteFunc(found, func(name string, _ bool) bool { return !here[name] })
		}
		maps.Copy(into, found)
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if item := v.MapIndex(key); item.Kind() != reflect.Interface || !item.IsNil() {
				unset(path+"{}", item, into)
			}
		}
	}
	if v.IsZero() {
		into[path] = true
	}
}

func TestTheSamplesSayAllThatClaimsCanSay(t *testing.T) {
	left := map[jwt.ClaimType]map[string]bool{}
	for _, sample := range samples(t) {
		claims, found := strictly(t, sample), map[string]bool{}
		unset("", reflect.ValueOf(claims), found)
		if kind := claims.ClaimType(); left[kind] == nil {
			left[kind] = found
		} else {
			maps.DeleteFunc(left[kind], func(name string, _ bool) bool { return !found[name] })
		}
	}
	made := []string{".iat", ".iss", ".jti", ".nats.version"} // when they are signed
	for kind, names := range left {
		if got := slices.Sorted(maps.Keys(names)); !slices.Equal(got, made) {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

func TestClaimsAreEncodedAndDecodedAsTheModuleDoes(t *testing.T) {
	for _, sample := range samples(t) {
		want := strictly(t, sample)
		token, err := encodeClaims(sample, []byte(newPair(t, signer(want)).Seed))
		check(t, err)
		got, err := jwt.Decode(token)
		check(t, err)
		*want.Claims() = *got.Claims()
		field(want, "Version").SetInt(2)
		if got.String() != want.String() {
			t.Errorf("%s became\n%s", want, got)
		}
		data, err := decodeClaims(token)
		check(t, err)
		document := decode[map[string]json.RawMessage](t, data)
		if again := strictly(t, document["claims"]); again.String() != got.String() {
			t.Errorf("%s was decoded as\n%s", got, again)
		}
		if found := decode[findings](t, data); len(found.Errors) > 0 {
			t.Errorf("%s: %v", got, found)
		}
	}
}

func field(claims jwt.Claims, name string) reflect.Value {
	return reflect.ValueOf(claims).Elem().FieldByName(name)
}

func TestWhatClaimsDoNotSayHasNoLimit(t *testing.T) {
	operator, account, user := newPair(t, "operator"), newPair(t, "account"), newPair(t, "user")
	sign := func(public, kind, seed string) jwt.Claims {
		token, err := encodeClaims([]byte(`{"sub":"`+public+`","nats":{"type":"`+kind+`"}}`), []byte(seed))
		check(t, err)
		claims, err := jwt.Decode(token)
		check(t, err)
		return claims
	}
	limits := sign(account.Public, "account", operator.Seed).(*jwt.AccountClaims).Limits
	if !limits.NatsLimits.IsUnlimited() || !limits.AccountLimits.IsUnlimited() || limits.IsJSEnabled() {
		t.Errorf("account: %+v", limits)
	}
	if got := sign(user.Public, "user", account.Seed).(*jwt.UserClaims); !got.IsUnlimited() {
		t.Errorf("user: %+v", got.Limits)
	}
}

func TestWrongClaimsAreNotSigned(t *testing.T) {
	operator, account, user := newPair(t, "operator"), newPair(t, "account"), newPair(t, "user")
	for name, test := range map[string]struct{ claims, seed, path string }{
		"user by an operator":  {`{"sub":"` + user.Public + `","nats":{"type":"user"}}`, operator.Seed, "seed"},
		"account by a user":    {`{"sub":"` + account.Public + `","nats":{"type":"account"}}`, user.Seed, "seed"},
		"operator by account":  {`{"sub":"` + operator.Public + `","nats":{"type":"operator"}}`, account.Seed, "seed"},
		"no seed":              {`{"sub":"` + account.Public + `","nats":{"type":"account"}}`, "SO", "seed"},
		"subject of a user":    {`{"sub":"` + user.Public + `","nats":{"type":"account"}}`, operator.Seed, ""},
		"no subject":           {`{"nats":{"type":"account"}}`, operator.Seed, "sub"},
		"no type":              {`{"sub":"` + account.Public + `"}`, operator.Seed, "nats.type"},
		"another type":         {`{"sub":"` + account.Public + `","nats":{"type":"generic"}}`, operator.Seed, "nats.type"},
		"no JSON":              {`{`, operator.Seed, ""},
		"a string for a limit": {`{"sub":"` + account.Public + `","nats":{"type":"account","limits":{"conn":"1"}}}`, operator.Seed, ""},
		"no such wildcard":     {`{"sub":"` + account.Public + `","nats":{"type":"account","mappings":{"a.*":[{"subject":"b.$2"}]}}}`, operator.Seed, "nats.mappings.a.*"},
		"export without type":  {`{"sub":"` + account.Public + `","nats":{"type":"account","exports":[{"subject":"a"}]}}`, operator.Seed, ""},
		"no such network":      {`{"sub":"` + user.Public + `","nats":{"type":"user","src":["here"]}}`, account.Seed, ""},
	} {
		_, err := encodeClaims([]byte(test.claims), []byte(test.seed))
		if err == nil {
			t.Errorf("%s: it was signed", name)
			continue
		}
		f := asFault(err, codePanic)
		found, _ := f.facts["errors"].([]place)
		if f.code != codeConfig || len(found) == 0 || found[0][0] != test.path {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestTimesAreErrorsOfTheirOwn(t *testing.T) {
	account, user := newPair(t, "account"), newPair(t, "user")
	at := func(key string, by time.Duration) string {
		when, _ := json.Marshal(time.Now().Add(by).Unix())
		return `{"sub":"` + user.Public + `","` + key + `":` + string(when) + `,"nats":{"type":"user"}}`
	}
	for path, claims := range map[string]string{"exp": at("exp", -time.Hour), "nbf": at("nbf", time.Hour)} {
		token, err := encodeClaims([]byte(claims), []byte(account.Seed))
		check(t, err)
		data, err := decodeClaims(token)
		check(t, err)
		if found := decode[findings](t, data).Errors; len(found) != 1 || found[0][0] != path {
			t.Errorf("%s: %v", path, found)
		}
	}
}

func TestOtherJWTsAreNotDecoded(t *testing.T) {
	account := newPair(t, "account")
	activation := jwt.NewActivationClaims(account.Public)
	activation.ImportSubject, activation.ImportType = "a", jwt.Stream
	var token string
	check(t, withSeed([]byte(account.Seed), func(pair nkeys.KeyPair, _ string) (err error) {
		token, err = activation.Encode(pair)
		return err
	}))
	for name, given := range map[string]string{
		"activation": token, "empty": "", "two parts": "a.b", "no base64": "a.b.c", "tampered": token[:len(token)-4] + "AAAA",
	} {
		if _, err := decodeClaims(given); err == nil || asFault(err, codePanic).code != codeConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCredsAreThoseOfTheModule(t *testing.T) {
	account, user := newPair(t, "account"), newPair(t, "user")
	token, err := encodeClaims([]byte(`{"sub":"`+user.Public+`","nats":{"type":"user"}}`), []byte(account.Seed))
	check(t, err)
	ours, err := formatCreds(token, []byte(user.Seed))
	check(t, err)
	theirs, err := jwt.FormatUserConfig(token, []byte(user.Seed))
	if check(t, err); !bytes.Equal(ours, theirs) {
		t.Errorf("%s", ours)
	}
	data, err := parseCreds(ours)
	check(t, err)
	if got := decode[struct{ JWT, Seed string }](t, data); got.JWT != token || got.Seed != user.Seed {
		t.Errorf("%+v", got)
	}
	for name, call := range map[string]func() error{
		"seed of another": func() error { _, err := formatCreds(token, []byte(newPair(t, "user").Seed)); return err },
		"account's seed":  func() error { _, err := formatCreds(token, []byte(account.Seed)); return err },
		"no user":         func() error { _, err := formatCreds("a.b.c", []byte(user.Seed)); return err },
		"no creds":        func() error { _, err := parseCreds([]byte("hello")); return err },
		"empty":           func() error { _, err := parseCreds(nil); return err },
	} {
		if err := call(); err == nil || asFault(err, codePanic).code != codeConfig || strings.Contains(err.Error(), "SU") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
