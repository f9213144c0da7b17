package main

import (
	"fmt"
	"path/filepath"
	"regexp"
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
	return confText(keys)
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

func TestCompareSeesIntoEveryBlock(t *testing.T) {
	path, _ := everyBlock(t, "every-block.conf")
	text := resolved(t, path)
	for change, want := range map[[2]string]string{
		{`"60%"`, `"59%"`}:                                                 "Accounts",
		{`"old.>": "new.>"`, `"old.>": "other.>"`}:                         "Accounts",
		{`"to": "bought.>"`, `"to": "sold.>"`}:                             "Accounts",
		{`"subject": "latency.ask"`, `"subject": "latency.asked"`}:         "Accounts",
		{`"max_leafnodes": 5`, `"max_leafnodes": 6`}:                       "Accounts",
		{`"dest": "trace.apps"`, `"dest": "trace.others"`}:                 "Accounts",
		{`"max_streams": 10`, `"max_streams": 11`}:                         "Accounts",
		{`"expires": "1m"`, `"expires": "2m"`}:                             "Nkeys",
		{`"public.>"`, `"open.>"`}:                                         "Users",
		{`"apps.private.>"`, `"apps.secret.>"`}:                            "Accounts",
		{`"allowed_accounts": ["APPS"`, `"allowed_accounts": ["SERVICES"`}: "AuthCallout",
		{`"max_inflight_total": 100`, `"max_inflight_total": 99`}:          "JetStreamLimits.MaxBatchInflightTotal",
		{`"cipher": "chachapoly"`, `"cipher": "aes"`}:                      "JetStreamCipher",
		{`"local.>"`, `"near.>"`}:                                          "Cluster.Permissions",
		{`"50ms"`, `"60ms"`}:                                               "Cluster.Compression",
		{`"west"`, `"north"`}:                                              "Gateway.Gateways",
		{`"9a3f`, `"9a3e`}:                                                 "Gateway.TLSPinnedCerts",
		{`"private.>"`, `"hidden.>"`}:                                      "LeafNode.Remotes",
		{`"https://example.com"`, `"https://example.org"`}:                 "Websocket.AllowedOrigins",
		{`"DENY"`, `"SAMEORIGIN"`}:                                         "Websocket.Headers",
		{`"ack_wait": "40s"`, `"ack_wait": "41s"`}:                         "MQTT.AckWait",
		{`"region:east"`, `"region:west"`}:                                 "Tags",
		{`"owner": "tests"`, `"owner": "others"`}:                          "Metadata",
		{`"NCRPZ7DEMGOMBMYP54FMXPDS33EN5YCLYHILLO6VY5J776UX37CR3VTJ"`,
			`"ADSCCTOUSSSUEEI6VGD5O3DDCCIOW6XFATYF6CDRQ4DCFQA4IF3NHBYV"`}: "Proxies",
	} {
		if strings.Count(text, change[0]) == 0 {
			t.Errorf("%s is not in the text", change[0])
		}
		names, err := compareConfigs(path, strings.Replace(text, change[0], change[1], 1))
		check(t, err)
		if !strings.Contains(string(names), strconv.Quote(want)) || strings.Count(string(names), ",") > 1 {
			t.Errorf("%s instead of %s differs in %s, not %s", change[1], change[0], names, want)
		}
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
	directory := regexp.MustCompile(`(?s)resolver \{.*?\}`)
	memory := write(t, filepath.Join(t.TempDir(), "memory.conf"), directory.ReplaceAllString(read(t, path), "resolver: MEMORY"))
	wantSteady(t, resolved(t, memory))
}

func TestResolversOfOldConfigurationsAreClosed(t *testing.T) {
	if raceDetector {
		t.Skip("a reload of nats-server looks into the resolver's locks")
	}
	leavesNothing(t, "reloads", func(t *testing.T) {
		path, _ := everyBlock(t, "operator.conf")
		text := resolved(t, path)
		wantSteady(t, text)
		handle, _ := start(t, text)
		_, err := apply(t, handle, text)
		check(t, err)
		before := goroutines()
		for range 5 {
			_, err := apply(t, handle, text)
			check(t, err)
			_, err = apply(t, handle, text+"\nserver_name: two")
			wantFault(t, err, codeRestart)
		}
		eventually(t, "no goroutine more", func() bool { return goroutines() <= before })
	})
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
		"mapped":       `tls { cert_file: <cert>, key_file: <key>, ca_file: <ca>, verify_and_map: true }, authorization { users: [ { user: "CN=a" } ] }`,
		"url resolver": `resolver: MEMORY`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := makeCertificates(t, "a")
			files := strings.NewReplacer("<cert>", strconv.Quote(c.cert), "<key>", strconv.Quote(c.key), "<ca>", strconv.Quote(c.ca))
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
