package main

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// parse gives the settings of a text that is valid.
func parse(t testing.TB, text string, over overlay) *settings {
	t.Helper()
	s, err := parseSettings(text, over)
	check(t, err)
	t.Cleanup(func() { closeResolver(s.opts) })
	return s
}

func TestAllFaultsAreFoundInAStableOrder(t *testing.T) {
	t.Parallel()
	text := `{"port": "x", "max_payload": "1MB", "unknown_key": 1, "cluster": {"port": true},
		"accounts": {"A.b": {"users": [{"user": "u", "password": "p", "odd": 1}, {"user": 1}]}},
		"tls": {"cert_file": "/nope", "key_file": "/nope"}, "debug": "yes", "ping_interval": 5,
		"write_deadline": 3.5, "leafnodes": {"remotes": [{"url": "nats://h"}, {"url": "::::"}]}}`
	want := []place{
		{"accounts.A.b.users[0].odd", `unknown field "odd"`},
		{"accounts.A.b.users[1].user", "expected a string, got an integer"},
		{"cluster.port", "expected an integer, got true or false"},
		{"debug", "expected true or false, got a string"},
		{"leafnodes.remotes[1].url", `error parsing leafnode url ["::::"]`},
		{"max_payload", "expected an integer, got a string"},
		{"port", "expected an integer, got a string"},
		{"tls", "error parsing X509 certificate/key pair: open /nope: no such file or directory"},
		{"unknown_key", `unknown field "unknown_key"`},
		{"write_deadline", "expected an integer, got a number"},
	}
	for range 20 { // the server reads the keys in the random order of a map
		_, err := parseSettings(text, overlay{})
		if found := faultPlaces(t, err); !slices.Equal(found, want) {
			t.Fatalf("faults are\n%q, not\n%q", found, want)
		}
	}
}

func TestOrderIsNatural(t *testing.T) {
	t.Parallel()
	got := []string{"users[10] a", "b:10:1", "users[9] z", "b:9:12", "b:9:2"}
	slices.SortFunc(got, naturally)
	want := []string{"b:9:2", "b:9:12", "b:10:1", "users[9] z", "users[10] a"}
	if !slices.Equal(got, want) {
		t.Errorf("order is %q", got)
	}
}

func TestSyntaxFaultNamesTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place{
		"port: 1\nhost: {":         {"2:7", "Unexpected EOF"},
		"port: 4222\n\nhost":       {"3:5", "no value"},
		"debug: on\nport: $GB_NOT": {"2:13", "'GB_NOT'"},
		"include gb-missing.conf":  {"1:1", "gb-missing.conf"},
	} {
		_, err := parseSettings(text, overlay{})
		found := faultPlaces(t, err)
		if len(found) != 1 || found[0][0] != want[0] || !strings.Contains(found[0][1], want[1]) {
			t.Errorf("%q: faults are %q", text, found)
		}
	}
}

func TestWarningsAloneAreNoFault(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"ping_interval": 5, "port": -1}`, overlay{})
	if len(s.warnings) != 1 || s.warnings[0][0] != "ping_interval" {
		t.Errorf("warnings are %q", s.warnings)
	}
	_, err := parseSettings(`{"ping_interval": 5, "port": "x"}`, overlay{})
	warnings, ok := wantFault(t, err, codeConfig)["warnings"].([]place)
	if !ok || len(warnings) != 1 || warnings[0][0] != "ping_interval" {
		t.Errorf("beside an error, warnings are %q", warnings)
	}
	for _, text := range []string{"", " ", "# nothing\n"} {
		parse(t, text, overlay{})
	}
}

// Some of the server's faults have no position, and panic when asked for it.
func TestFaultWithoutAPositionIsAFault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"authorization { auth_callout { issuer: X, auth_users: [a], allowed_accounts: 5 } }",
		"authorization { auth_callout { issuer: X, auth_users: 5 } }",
		"resolver: {type: full, dir: 5}", "operator: nowhere", "mappings: 5",
	} {
		_, err := parseSettings(text, overlay{})
		if err == nil {
			t.Errorf("%s was taken", text)
			continue
		}
		for _, p := range faultPlaces(t, err) {
			if p[1] == "" || strings.Contains(p[1], "interface {}") {
				t.Errorf("%s: fault is %q", text, p)
			}
		}
	}
}

func TestTypesAreNamedInPlainWords(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"1": "an integer", "1.5": "a number", "yes": "true or false", "{}": "a block", "[a]": "a list",
	} {
		_, err := parseSettings("server_name: "+value, overlay{})
		if message := faultPlaces(t, err)[0][1]; message != "expected a string, got "+want {
			t.Errorf("%s: %q", value, message)
		}
	}
	if got := plainWords("no type error"); got != "no type error" {
		t.Errorf("got %q", got)
	}
}

func TestOverlayTakesOutWhatTheBridgeDoesItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := fmt.Sprintf("log_file: %q, logfile_size_limit: 9, logfile_max_num: 3, logtime_utc: yes, "+
		"http: \"127.0.0.2:1\", syslog: yes, remote_syslog: \"udp://h\"", filepath.Join(dir, "a.log"))
	s := parse(t, text, overlay{DontListen: true, Stderr: true})
	o := s.opts
	if !o.NoSigs || !o.NoLog || !o.DontListen || !o.DisableJetStreamBanner {
		t.Error("an embedded server must not take signals, make loggers or listen")
	}
	if o.LogFile != "" || o.LogSizeLimit != 0 || o.LogMaxFiles != 0 || o.Syslog || o.RemoteSyslog != "" ||
		o.HTTPHost != "" || o.HTTPPort != 0 || o.HTTPSPort != 0 {
		t.Errorf("the server would log or listen itself: %+v", o)
	}
	wantLog := logSettings{
		stderr: true, file: filepath.Join(dir, "a.log"), sizeLimit: 9, maxFiles: 3,
		syslog: true, remoteSyslog: "udp://h", logtime: true, utc: true,
	}
	if s.log != wantLog {
		t.Errorf("log settings are %+v", s.log)
	}
	if want := (httpSettings{host: "127.0.0.2", port: 1}); s.http != want {
		t.Errorf("http settings are %+v", s.http)
	}
}

func TestMonitoringListensWhereClientsDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http_port: 1": "0.0.0.0", "http_port: 1, host: 127.0.0.3": "127.0.0.3", "http: \"h:1\", host: o": "h",
	} {
		if s := parse(t, text, overlay{}); s.http.host != want {
			t.Errorf("%s: host is %q", text, s.http.host)
		}
	}
}

// A resolver with a directory starts a goroutine when it is parsed.
func TestRefusedTextLeavesNoResolverBehind(t *testing.T) {
	leavesNothing(t, "parse", func(t *testing.T) {
		text := fmt.Sprintf("resolver: {type: cache, dir: %q, ttl: 1h}, odd: 1", filepath.ToSlash(t.TempDir()))
		for range 5 {
			_, err := parseSettings(text, overlay{})
			faultPlaces(t, err)
		}
	})
}

func TestOverlayIsRead(t *testing.T) {
	t.Parallel()
	over, err := parseOverlay([]byte(
		`{"dont_listen": true, "stderr": true, "private_store": true, "name": "n", "warnings": ["w"]}`))
	want := overlay{DontListen: true, Stderr: true, PrivateStore: true, Name: "n", Warnings: []string{"w"}}
	if !reflect.DeepEqual(over, want) || err != nil {
		t.Errorf("overlay is %+v, %v", over, err)
	}
	if _, err := parseOverlay([]byte("{")); err == nil {
		t.Error("broken JSON was taken")
	}
}
