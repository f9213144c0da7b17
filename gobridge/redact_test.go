package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTelltalesAreHiddenWhereverTheyStand(t *testing.T) {
	t.Parallel()
	seed := "SUAHKQUEGC56ANZIDJAWHMMA7R2YNSBIGCYFDCIKBN3LWI6FN4ZQZOSNEA"
	for text, want := range map[string]string{
		"route to nats://u:p@w@host:1/x failed":       "route to nats://***@host:1/x failed",
		`"a@b" and "ws://u@h", nats://h`:              `"a@b" and "ws://***@h", nats://h`,
		`[CONNECT {"jwt":"eyJ0eXAiOiJKV1Q.a-b.c_d"}]`: `[CONNECT {"jwt":"***"}]`,
		"seed " + seed + ".":                          "seed ***.",
		"MSG SUBSCRIBE SAME PING":                     "MSG SUBSCRIBE SAME PING",
	} {
		if got := hideTelltales(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

func TestConnectOfTheTraceHasNoSecret(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`{"user":"u","pass":"[REDACTED],b}c"}`:       `{"pass":"***","user":"u"}`, // as the server leaves it
		`{"pass":"[REDACTED]"b", "user":"u"}`:        `***`,                       // it was a\"b
		`{"PASS":"a","Auth_Token":"b","lang":"x y"}`: `{"Auth_Token":"***","PASS":"***","lang":"x y"}`,
		`{"p\u0061ss":"a","jwt":"b","sig":"c"}`:      `{"jwt":"***","pass":"***","sig":"***"}`,
		`{"pass": 17}`:                               `{"pass":"***"}`,
		`{"pass":"a"`:                                `***`,
		`clientID=c username=u password=****`:        `clientID=c username=u password=****`,
	} {
		const before = `127.0.0.1:1 - cid:6 - <<- [CONNECT `
		if got := hideConnect(before + sent + "]"); got != before+want+"]" {
			t.Errorf("%s became %s", sent, got)
		}
	}
	if line := `<<- MSG_PAYLOAD: ["pass"]`; hideConnect(line) != line {
		t.Error("what is no CONNECT was changed")
	}
}

func TestSecretsAreHiddenAsWords(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"port":   `*** is no ports: "a" a`,
		"a":      `port is no ports: "***" a`,
		"ports:": `port is no *** "a" a`,
		"":       `port is no ports: "a" a`,
	} {
		if got := hideSecrets(`port is no ports: "a" a`, []string{secret}); got != want {
			t.Errorf("%q: %q, not %q", secret, got, want)
		}
	}
	if got := hideSecrets(`invalid "a\"b\nc"`, []string{"a\"b\nc"}); got != `invalid "***"` {
		t.Errorf("a quoted secret is in %q", got)
	}
}

func TestSecretsAreFoundByTheirKeys(t *testing.T) {
	t.Parallel()
	text := `
		authorization { PASS: one, users: [ { user: u, nkey: ` + strings.Repeat("U", 56) + ` } ] }
		leafnodes { remotes: [ { urls: ["nats://two:three@h"], seed: four } ] }
		resolver_preload { A: five }
		jetstream { ek: 66 }
		shared = seven, websocket { headers { a: $shared } }`
	found := secretsOf(text)
	for _, secret := range []string{"one", "two:three", "two", "three", "four", "five", "66", "seven"} {
		if !strings.Contains("\n"+strings.Join(found, "\n")+"\n", "\n"+secret+"\n") {
			t.Errorf("%s is not among %q", secret, found)
		}
	}
	if strings.Contains(strings.Join(found, " "), "UUU") {
		t.Errorf("a public key is among %q", found)
	}
}

func TestSyntaxErrorsOfIncludedFilesAreHidden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "users.conf"), "user: u\npassword: $ecret\n")
	path := write(t, filepath.Join(dir, "a.conf"), "port: -1\nauthorization {\n include users.conf\n}\n")
	_, err := readConfig("file", path)
	found := faultPlaces(t, err)
	if len(found) != 1 || strings.Contains(found[0][1], "ecret") {
		t.Errorf("faults are %q", found)
	}
	check(t, os.WriteFile(path, []byte("port: -1\nserver_name: $MISSING_NAME\n"), 0o600))
	_, err = readConfig("file", path)
	if found := faultPlaces(t, err); !strings.Contains(found[0][1], "MISSING_NAME") {
		t.Errorf("faults are %q", found)
	}
}

func TestVariablesThatAreNoTextAreHidden(t *testing.T) {
	t.Parallel()
	for text, hidden := range map[string]bool{
		"password: $\x80cret":    true,
		"PassWord = $\x80cret":   true,
		"server_name: $\x80cret": false,
	} {
		_, err := readConfig("text", text)
		found := faultPlaces(t, err)
		if len(found) != 1 || strings.Contains(found[0][1], "cret") == hidden {
			t.Errorf("%q: faults are %q", text, found)
		}
	}
}

func TestNoJobOfAServerSaysASecret(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	wrong := plain + ", accounts { A { nkey: hunter2 } }"
	for name, ask := range map[string]func() (uint64, error){
		"apply":   func() (uint64, error) { return applySettings(handle, wrong, overlay{}) },
		"restart": func() (uint64, error) { return restartServer(handle, wrong, overlay{}) },
		"plan":    func() (uint64, error) { return planChange(handle, "hot", wrong, overlay{}) },
		"compare": func() (uint64, error) { return compareLive(handle, "text", wrong) },
	} {
		j, err := ask()
		check(t, err)
		_, err = await(t, j)
		wantFault(t, err, codeConfig, "nkey")
		if strings.Contains(fmt.Sprint(err, faultPlaces(t, err)), "hunter2") {
			t.Errorf("%s: a secret is in %v", name, err)
		}
	}
}
