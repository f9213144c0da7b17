package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
)

// realm is an operator with a system account and another one, and the text of a server's configuration.
type realm struct{ operator, system, account pairOf }

func newRealm(t testing.TB) realm {
	t.Helper()
	return realm{newPair(t, "operator"), newPair(t, "account"), newPair(t, "account")}
}

func (r realm) sign(t testing.TB, sub, nats string) string {
	t.Helper()
	token, err := encodeClaims([]byte(`{"sub":"`+sub+`","nats":{`+nats+`}}`), []byte(r.operator.Seed))
	check(t, err)
	return token
}

func (r realm) text(t testing.TB, resolver string) string {
	t.Helper()
	return fmt.Sprintf("port: -1, operator: %s, system_account: %s, resolver: %s, resolver_preload { %s: %s }",
		r.sign(t, r.operator.Public, `"type":"operator"`), r.system.Public, resolver,
		r.system.Public, r.sign(t, r.system.Public, `"type":"account"`))
}

func push(t testing.TB, handle uint64, token string) (string, error) {
	t.Helper()
	j, err := pushAccount(handle, token)
	check(t, err)
	answer, err := await(t, j)
	return string(answer), err
}

func TestADirectoryKeepsWhatIsPushed(t *testing.T) {
	r, dir := newRealm(t), t.TempDir()
	resolver := fmt.Sprintf("{ type: full, dir: %q }", filepath.ToSlash(dir))
	handle, _ := start(t, r.text(t, resolver))
	for _, conn := range []string{"1", "2"} { // in the same second, which saveIfNewer would pass over
		token := r.sign(t, r.account.Public, `"type":"account","limits":{"conn":`+conn+`}`)
		answer, err := push(t, handle, token)
		if check(t, err); answer != `{"account":"`+r.account.Public+`","kept":true}` {
			t.Error(answer)
		}
		kept, err := os.ReadFile(filepath.Join(dir, r.account.Public+".jwt"))
		if check(t, err); string(kept) != token {
			t.Errorf("conn %s: it keeps %s", conn, kept)
		}
		account, err := embeddedOf(t, handle).srv.Load().LookupAccount(r.account.Public)
		if check(t, err); fmt.Sprint(account.MaxActiveConnections()) != conn {
			t.Errorf("conn %s: the limit is %d", conn, account.MaxActiveConnections())
		}
	}
}

func TestMemoryKeepsNothing(t *testing.T) {
	r := newRealm(t)
	handle, _ := start(t, r.text(t, "MEMORY"))
	answer, err := push(t, handle, r.sign(t, r.account.Public, `"type":"account"`))
	if check(t, err); !strings.Contains(answer, `"kept":false`) {
		t.Error(answer)
	}
	if _, err := embeddedOf(t, handle).srv.Load().LookupAccount(r.account.Public); err == nil {
		t.Error("the server has it")
	}
}

func TestWhatTheServerWouldNotTakeIsNotPushed(t *testing.T) {
	r, other, dir := newRealm(t), newRealm(t), t.TempDir()
	handle, _ := start(t, r.text(t, fmt.Sprintf("{ type: full, dir: %q }", filepath.ToSlash(dir))))
	good := r.sign(t, r.account.Public, `"type":"account"`)
	self, err := encodeClaims([]byte(`{"sub":"`+r.account.Public+`","nats":{"type":"account"}}`), []byte(r.account.Seed))
	check(t, err)
	for name, token := range map[string]string{
		"another operator's": other.sign(t, r.account.Public, `"type":"account"`),
		"self-signed":        self,
		"an operator":        r.sign(t, r.operator.Public, `"type":"operator"`),
		"tampered":           good[:len(good)-4] + "AAAA",
		"empty":              "",
	} {
		if _, err := push(t, handle, token); err == nil || asFault(err, codePanic).code != codeConfig {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, r.account.Public+".jwt")); err == nil {
		t.Error("something was kept")
	}
	plain, _ := start(t, "port: -1")
	if _, err := push(t, plain, good); err == nil || asFault(err, codePanic).code != codeState {
		t.Errorf("without a resolver: %v", err)
	}
	if claims, err := jwt.DecodeAccountClaims(good); err != nil || claims.Issuer != r.operator.Public {
		t.Errorf("%v, %v", claims, err) // else the cases above say nothing
	}
}
