package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/conf"
)

type readResult struct {
	Config   map[string]any
	Warnings []place
}

// readText reads a text as nats-server would and asserts what it says, in JSON.
func wantRead(t *testing.T, kind, data, want string) readResult {
	t.Helper()
	raw, err := readConfig(kind, data)
	check(t, err)
	got := decode[readResult](t, raw)
	if !reflect.DeepEqual(got.Config, decode[map[string]any](t, []byte(want))) {
		t.Errorf("config is %s, not %s", raw, want)
	}
	return got
}

func TestUnitsAndTypesAreResolved(t *testing.T) {
	t.Parallel()
	got := wantRead(t, "text", `
		port = 4222; debug: yes, max_payload: 1MB
		max_control_line = 2k
		server_tags: ["a", b]
		authorization { timeout: 2.5, users: [{user: u, password: "$2a$11$x"}] }
		ping_interval: "2m"`,
		`{"port": 4222, "debug": true, "max_payload": 1048576, "max_control_line": 2000,
		"server_tags": ["a", "b"], "authorization": {"timeout": 2.5, "users": [{"user": "u",
		"password": "$2a$11$x"}]}, "ping_interval": "2m"}`)
	if len(got.Warnings) != 0 || got.Warnings == nil {
		t.Errorf("warnings are %v", got.Warnings)
	}
}

func TestWarningsOfAFileNameTheirPlace(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "a.conf"), "port: -1\nping_interval: 5\n")
	got := wantRead(t, "file", path, `{"port": -1, "ping_interval": 5}`)
	if len(got.Warnings) != 1 || got.Warnings[0][0] != path+":2:1" {
		t.Errorf("warnings are %q", got.Warnings)
	}
}

func TestFaultsOfFilesNameTheirPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.conf"), "port: 4222\ninclude b.conf\ndebug: 3\n")
	inner := write(t, filepath.Join(dir, "b.conf"), "\n  max_payload: yes\n unheard: 1")
	_, err := readConfig("file", path)
	want := []place{
		{path + ":3:1", "expected true or false, got an integer"},
		{inner + ":2:3", "expected an integer, got true or false"},
		{inner + ":3:2", `unknown field "unheard"`},
	}
	if found := faultPlaces(t, err); !reflect.DeepEqual(found, want) {
		t.Errorf("faults are %q, not %q", found, want)
	}
	for text, want := range map[string]place{
		"port: 1\nhost {\n":                          {":3:1", "EOF"},
		"port: 1\nhost\n":                            {":3:1", "no value"},
		"port: 1\n  include no.conf":                 {":2:3", "no.conf: no such file"},
		"port: 1\nhost: a\n  debug: true false":      {":3:15", "but got 'f'"},
		"host: a b":                                  {":1:9", "but got 'b'"},
		"port: 1, max_payload: 99999999999999999999": {":1:42", "out of the range"},
		"port: 1\nhost:  $GB_NO_SUCH\n":              {":2:18", "can not be found"},
		"host: \"a\\q\"":                             {":1:10", "escape"},
	} {
		write(t, path, text)
		_, err := readConfig("file", path)
		found := faultPlaces(t, err)
		if len(found) != 1 || found[0][0] != path+want[0] || !strings.Contains(found[0][1], want[1]) {
			t.Errorf("%q: faults are %q", text, found)
		}
	}
	write(t, inner, "host: a\nport: 1 2")
	write(t, path, "include b.conf")
	if _, err := readConfig("file", path); faultPlaces(t, err)[0][0] != inner+":2:9" {
		t.Errorf("a fault in an include is %v", err)
	}
	for name, what := range map[string]string{filepath.Join(dir, "no.conf"): "no such file", dir: "directory"} {
		_, err := readConfig("file", name)
		if found := faultPlaces(t, err); found[0][0] != name || !strings.Contains(found[0][1], what) {
			t.Errorf("%s: faults are %q", name, found)
		}
	}
}

func TestIncludesAreResolvedBesideTheirFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "parts"), 0o700))
	write(t, filepath.Join(dir, "parts", "users.conf"), `users: [{user: u, password: p}]`)
	path := write(t, filepath.Join(dir, "a.conf"), "port: -1\nauthorization { include parts/users.conf }\n")
	wantRead(t, "file", path, `{"port": -1, "authorization": {"users": [{"user": "u", "password": "p"}]}}`)
}

func TestVariablesAreDroppedAndKeysAreKept(t *testing.T) {
	t.Setenv("GB_TEST_PORT", "5555")
	// `name` and `user` are variables where they stand first and keys elsewhere; `port` is both at once.
	wantRead(t, "text", `
		name = east, user = u, odd = 1
		X = { timeout: $odd }
		port: 4333
		server_name: $name
		cluster { name: $name, port: $port, pool_size: $odd }
		http_port: $GB_TEST_PORT
		authorization: $X
		accounts { A { users: [ { user: $user, password: "a\"\\\x01<&>" } ]
			exports: [ { stream: "foo.>" } ], mappings { "odd": "user.X" } }
			B { users: [ { user: b, password: b } ] } }
		websocket { listen: "127.0.0.1:-1", no_tls: yes, headers { odd: "x" }, same: true, same_origin: $same }`+
		"\n", `{"port": 4333, "server_name": "east",
		"cluster": {"name": "east", "port": 4333, "pool_size": 1}, "http_port": 5555,
		"authorization": {"timeout": 1},
		"accounts": {"A": {"users": [{"user": "u", "password": "a\"\\\u0001<&>"}],
			"exports": [{"stream": "foo.>"}], "mappings": {"odd": "user.X"}},
			"B": {"users": [{"user": "b", "password": "b"}]}},
		"websocket": {"listen": "127.0.0.1:-1", "no_tls": true, "headers": {"odd": "x"}, "same_origin": true}}`)
}

func TestStringThatIsNotUnicodeIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place{
		`server_name: "a\xff"`:               {"1:1", "server_name is not Unicode (UTF-8)"},
		"\n server_tags: [a,\n  \"\xff\"]":   {"3:4", "server_tags[1] is not Unicode (UTF-8)"},
		"server_metadata { \"\xff\": a }":    {"1:1", "a key is not Unicode (UTF-8)"},
		"accounts { A { nkey: \"\\xc3\" } }": {"1:16", "accounts.A.nkey is not Unicode (UTF-8)"},
	} {
		_, err := readConfig("text", text)
		if found := faultPlaces(t, err); !reflect.DeepEqual(found, []place{want}) {
			t.Errorf("%s: faults are %q", text, found)
		}
	}
	wantRead(t, "text", `server_name: "\xc3\xbc"`, `{"server_name": "ü"}`)
}

func TestPlainValuesAreReadBackAsWritten(t *testing.T) {
	t.Parallel()
	value := map[string]any{
		"text":    "$VAR \" ' \\ \n \x00 # // { ] ü 😀",
		"numbers": []any{1.5, 12345678.5, int64(1), int64(-2)},
		"nested":  map[string]any{"a.b": []any{map[string]any{}, []any{int64(3)}, true}, `quo"ted`: "x"},
	}
	text := confText(value)
	got, err := conf.Parse(text)
	if err != nil || !reflect.DeepEqual(got, value) {
		t.Errorf("%s was read as %v, %v", text, got, err)
	}
}

func TestCheckStartsNothing(t *testing.T) {
	leavesNothing(t, "check", func(t *testing.T) {
		dir := t.TempDir()
		store := filepath.ToSlash(filepath.Join(dir, "store"))
		text := fmt.Sprintf(`{"port": %d, "ping_interval": 7, "jetstream": {"store_dir": %q}}`, taken(t), store)
		data, err := checkConfig(text, overlay{})
		check(t, err)
		got := decode[readResult](t, data)
		if len(got.Warnings) != 1 || got.Warnings[0][0] != "ping_interval" {
			t.Errorf("result is %s", data)
		}
		if names := list(t, dir); len(names) != 0 {
			t.Errorf("check made %q", names)
		}
	})
}

func TestCheckFindsWhatOnlyTheWholeCanShow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]place{
		`{"https_port": 1}`:                                              {"https_port", "tls"},
		`{"http_port": 1, "https_port": 2}`:                              {"https_port", "both"},
		`{"no_auth_user": "nobody", "port": -1}`:                         {"", "no_auth_user"},
		`{"cluster": {"port": -1}, "jetstream": {}, "port": -1}`:         {"", "server_name"},
		`{"lame_duck_duration": "30s", "lame_duck_grace_period": "60s"}`: {"", "lame duck"},
	} {
		_, err := checkConfig(text, overlay{})
		found := faultPlaces(t, err)
		if len(found) != 1 || found[0][0] != want[0] || !strings.Contains(found[0][1], want[1]) {
			t.Errorf("%s: faults are %q", text, found)
		}
	}
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "a.conf"), `
		P = 4222
		port: $P
		max_payload: 2MB
		cluster { name: c, pool_size: 4 }
		accounts { A { users: [{user: a, password: a}], exports: [{stream: "a.>"}] } }`)
	same := `{"port": 4222, "max_payload": 2097152, "cluster": {"name": "c", "pool_size": 4},
		"accounts": {"A": {"users": [{"user": "a", "password": "a"}], "exports": [{"stream": "a.>"}]}}}`
	for text, want := range map[string]string{
		same:                                     `[]`,
		strings.Replace(same, "2097152", "1", 1): `["MaxPayload"]`,
		strings.Replace(same, `size": 4`, `size": 5`, 1):     `["Cluster.PoolSize"]`,
		strings.Replace(same, `word": "a"`, `word": "b"`, 1): `["Users"]`,
		strings.Replace(same, "a.>", "b.>", 1):               `["Accounts"]`,
	} {
		data, err := compareConfigs(path, text)
		check(t, err)
		if string(data) != want {
			t.Errorf("%s differs in %s, not %s", text, data, want)
		}
	}
	if _, err := compareConfigs(path, `{"odd": 1}`); err == nil {
		t.Error("an invalid text was compared")
	}
	if _, err := compareConfigs(path+"x", "{}"); err == nil {
		t.Error("a missing file was compared")
	}
}

func TestReadResultIsJSON(t *testing.T) {
	t.Parallel()
	data, err := readConfig("text", "")
	check(t, err)
	if !json.Valid(data) || string(data) != `{"config":{},"warnings":[["","config has no values or is empty"]]}` {
		t.Errorf("an empty text is %s", data)
	}
}

func TestPlacesOfEveryKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inner := write(t, filepath.Join(dir, "b.conf"), "\n  host: a")
	path := write(t, filepath.Join(dir, "a.conf"), "port: 1, server_tags: [a,\n  b]\ncluster { include b.conf }")
	data, err := configPlaces("file", path)
	check(t, err)
	want := fmt.Sprintf(`["", {"port": [%q], "server_tags": [%q, [[%q], [%q]]], "cluster": [%q, {"host": [%q]}]}]`,
		path+":1:1", path+":1:10", path+":1:24", path+":2:3", path+":3:1", inner+":2:3")
	if !reflect.DeepEqual(decode[any](t, data), decode[any](t, []byte(want))) {
		t.Errorf("places are %s, not %s", data, want)
	}
}

func TestWhatTheServerMakesRoomForIsBounded(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, plain)
	for key, text := range map[string]string{
		"max_closed_clients": "max_closed_clients: 281474976710656",
		"cluster.pool_size":  "cluster { port: -1, pool_size: 281474976710656 }",
	} {
		text = plain + ", " + text
		_, _, err := tryStart(t, text, overlay{})
		wantFault(t, err, codeConfig, key)
		for _, ask := range []func() (uint64, error){
			func() (uint64, error) { return applySettings(handle, text, overlay{}) },
			func() (uint64, error) { return restartServer(handle, text, overlay{}) },
			func() (uint64, error) { return planChange(handle, "hot", text, overlay{}) },
			func() (uint64, error) { return compareLive(handle, "text", text) },
		} {
			j, err := ask()
			check(t, err)
			_, err = await(t, j)
			wantFault(t, err, codeConfig, key)
		}
	}
	wantLive(t, handle, plain)
}
