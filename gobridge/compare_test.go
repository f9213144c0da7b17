package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

// everyBlock sets the environment for a file of tests/data that has every block, and gives its path.
func everyBlock(t *testing.T, name string) (path string, c certificates) {
	t.Helper()
	dir := filepath.ToSlash(t.TempDir())
	c = makeCertificates(t, "every")
	environment := map[string]string{
		"CERT": c.cert, "KEY": c.key, "CA": c.ca, "STORE_DIR": dir + "/store", "OCSP_DIR": dir + "/ocsp",
		"PORTS_DIR": dir, "LOG_FILE": dir + "/a.log", "PID_FILE": dir + "/pid", "RESOLVER_DIR": dir + "/jwt",
	}
	for _, port := range []string{"CLIENT", "HTTP", "PROF", "CLUSTER", "GATEWAY", "LEAF", "WEBSOCKET", "MQTT"} {
		environment[port+"_PORT"] = "-1"
	}
	for key, value := range environment {
		t.Setenv(key, filepath.ToSlash(value))
	}
	return filepath.Join("..", "tests", "data", name), c
}

// resolved is a file as the text that it says, with nothing left to look up.
func resolved(t testing.TB, path string) string {
	t.Helper()
	opts, keys, _, err := loadConfig("file", path)
	defer closeResolver(opts)
	check(t, err)
	return confText(plainKeys(keys))
}

func TestEveryBlockIsReadAsWritten(t *testing.T) {
	for _, file := range []string{"every-block.conf", "operator.conf"} {
		leavesNothing(t, file, func(t *testing.T) {
			path, _ := everyBlock(t, file)
			names, err := compareConfigs(path, resolved(t, path))
			check(t, err)
			if string(names) != "[]" {
				t.Errorf("%s differ", names)
			}
			_, err = checkConfig(resolved(t, path), overlay{})
			check(t, err)
		})
	}
}

// wantSteady starts a text and asserts that the live options are those of the text, also after a reload.
func wantSteady(t *testing.T, text string) {
	t.Helper()
	handle, _ := start(t, text)
	wantLive(t, handle, text)
	_, err := apply(t, handle, text)
	check(t, err)
	wantLive(t, handle, text)
	_, err = apply(t, handle, text+"\nmax_payload: 1234")
	check(t, err)
	if names := differs(t, handle, "text", text); fmt.Sprint(names) != "[MaxPayload]" {
		t.Errorf("%q differ", names)
	}
}

func TestOperatorModeStaysAsItIsOverReloads(t *testing.T) {
	path, _ := everyBlock(t, "operator.conf")
	wantSteady(t, resolved(t, path))
}

func TestEveryKindOfAuthorizationStaysAsItIsOverReloads(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"user":   `authorization { user: a, password: b, timeout: 2 }`,
		"token":  `authorization { token: "$2a$11$x" }`,
		"users":  `authorization { users: [ { user: b, password: b }, { user: a, password: a } ], default_permissions { publish: a } }, no_auth_user: a`,
		"nkey":   `authorization { users: [ { nkey: UCPR6SWDTWCBKPIQNR7IKDZLGLBBG253AHIANZDFIRDO7ZFHMQB3GAAP } ] }`,
		"hashed": `authorization { users: [ { user: a, password: "$2a$04$ICzxx1OrhnIlN0YDzhfGCezNCAsaxFmKDvCAfLHeGGaz8mlDPGTI6" } ] }`,
		"accounts": `accounts { B { users: [ { user: b, password: b } ], exports: [ { service: s } ] }
			A { users: [ { user: a, password: a } ], imports: [ { service { account: B, subject: s } } ] } }`,
		"system":       `accounts { $SYS { users: [ { user: s, password: s } ] } }`,
		"no system":    `no_system_account: true`,
		"mapped":       `tls { cert_file: CERT, key_file: KEY, ca_file: CA, verify_and_map: true }, authorization { users: [ { user: "CN=a" } ] }`,
		"url resolver": `resolver: MEMORY`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := makeCertificates(t, "a")
			files := strings.NewReplacer("CERT", strconv.Quote(c.cert), "KEY", strconv.Quote(c.key), "CA", strconv.Quote(c.ca))
			wantSteady(t, plain+"\n"+files.Replace(text))
		})
	}
}

// A stock configuration file starts a server, one flag is changed, and nothing else is.
func TestEveryBlockStaysAsItIsOverReloads(t *testing.T) {
	path, c := everyBlock(t, "every-block.conf")
	text := resolved(t, path)
	handle, s := start(t, text)
	for _, name := range []string{
		"client", "monitoring", "prof", "cluster", "gateway", "leafnodes", "websocket", "mqtt",
	} {
		if s.Ports[name] == 0 {
			t.Errorf("nobody listens for %s: %v", name, s.Ports)
		}
	}
	if names := differs(t, handle, "file", path); len(names) > 0 {
		t.Errorf("after the start, %q differ", names)
	}

	inside := connect(t, s.ClientURL, nats.UserInfo("app", "secret"), nats.RootCAs(c.ca))
	sub, err := inside.SubscribeSync("orders.v2.new") // by a mapping
	check(t, err)
	check(t, inside.Flush())
	changed := strings.Replace(text, `"debug": false`, `"debug": true`, 1)
	for _, step := range []struct{ text, differs string }{
		{changed, `[Debug]`}, {changed, `[Debug]`}, {text, `[]`},
	} {
		_, err := apply(t, handle, step.text)
		check(t, err)
		if names := differs(t, handle, "file", path); fmt.Sprint(names) != step.differs {
			t.Errorf("%q differ, not %s", names, step.differs)
		}
		if names := differs(t, handle, "text", step.text); len(names) > 0 {
			t.Errorf("%q differ", names)
		}
		check(t, inside.Publish("orders.new", nil))
		_, err = sub.NextMsg(patience)
		check(t, err)
	}
}
