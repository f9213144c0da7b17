package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nats-io/nats-server/v2/server"
)

// readConfig reads a file or a text as nats-server would and gives its keys as they are written, with
// includes, variables, units and the environment resolved.
func readConfig(kind, data string) ([]byte, error) {
	if kind == "verdict" {
		return verdict(data)
	}
	opts, keys, warnings, err := loadConfig(kind, data)
	defer closeResolver(opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"config": keys, "warnings": warnings})
}

// verdict is what nats-server finds in a file that it is told to check.
func verdict(path string) ([]byte, error) {
	d, err := openDocument("file", path)
	warnings := []place{}
	if err == nil {
		opts, processed := d.options()
		defer closeResolver(opts)
		warnings, err = problems(processed, d.file, "")
		warnings, err = d.hideWarnings(warnings), d.withoutSecrets(err)
	}
	found := []place{}
	if f := (*fault)(nil); errors.As(err, &f) {
		found, _ = f.facts["errors"].([]place)
		if beside, ok := f.facts["warnings"].([]place); ok {
			warnings = beside
		}
	}
	return json.Marshal(map[string]any{"errors": found, "warnings": warnings})
}

// loadConfig gives the options that nats-server makes of a file or a text, and its keys as values.
func loadConfig(kind, data string) (*server.Options, any, []place, error) {
	d, err := openDocument(kind, data)
	if err != nil {
		return nil, nil, nil, err
	}
	var opts *server.Options
	var processed error
	process := func() { opts, processed = d.options() }
	if !d.isReadAgain() {
		process = meanwhile(process)
	}
	plain, variables, err := d.keys()
	if err == nil || !d.isReadAgain() {
		process()
	}
	if err != nil {
		return opts, nil, nil, d.withoutSecrets(err)
	}
	warnings, err := problems(processed, d.file, "")
	if err == nil && len(variables) > 0 {
		dropVariables(plain.(map[string]any), variables)
	}
	return opts, plain, d.hideWarnings(warnings), d.withoutSecrets(err)
}

// meanwhile starts fn; what it returns waits for its end.
func meanwhile(fn func()) (wait func()) {
	done := make(chan error, 1)
	go func() { done <- protect(func() error { fn(); return nil }) }()
	return func() {
		if err := <-done; err != nil {
			panic(err)
		}
	}
}

const maxDepth = 100 // lists and blocks within one another; the server's own keys need ten

// values takes the values out of the parser's tokens, in place.
type values struct {
	file      string // where it says none
	at        []step
	size      int
	variables map[string]bool // paths of keys that were used as variables: the parser leaves them
}

// step is a part of a key path: a key, or an index.
type step struct {
	key   string
	index int
}

func (v *values) path() (path string) {
	for _, s := range v.at {
		if s.index >= 0 {
			path = joinIndex(path, s.index)
		} else {
			path = joinKey(path, s.key)
		}
	}
	return path
}

func (v *values) take(value any) (any, error) {
	t, ok := value.(located)
	if ok {
		if t.IsUsedVariable() {
			v.variables[v.path()] = true
		}
		value = t.Value()
	}
	refuse := func(format string, args ...any) (any, error) {
		where := ""
		if t != nil {
			where = placeOfToken(t, v.file)
		}
		return nil, configFault(where, format, args...)
	}
	if v.size += 2; v.size > maxText {
		return refuse("more than %d MiB with variables in place", maxText>>20)
	}
	if len(v.at) > maxDepth {
		return refuse("more than %d blocks and lists within one another", maxDepth)
	}
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			if !utf8.ValidString(key) { // JSON would replace what is wrong in it
				return refuse("a key is not Unicode (UTF-8)")
			}
			taken, err := v.within(step{key, -1}, item)
			if err != nil {
				return nil, err
			}
			value[key] = taken
		}
	case []any:
		for i, item := range value {
			taken, err := v.within(step{"", i}, item)
			if err != nil {
				return nil, err
			}
			value[i] = taken
		}
	case string:
		if !utf8.ValidString(value) {
			return refuse("%s is not Unicode (UTF-8)", v.path())
		}
		v.size += len(value)
	}
	return value, nil
}

func (v *values) within(s step, item any) (any, error) {
	v.size += len(s.key)
	v.at = append(v.at, s)
	taken, err := v.take(item)
	v.at = v.at[:len(v.at)-1]
	return taken, err
}

// dropVariables removes the variables that are no keys of the server's. Which those are only the
// server knows: it is asked, by having it read the resolved keys, where nothing is a variable any more.
// What it finds fault with then is none of its keys. Any name can be an account's; there the server
// passes over variables.
func dropVariables(plain map[string]any, variables map[string]bool) {
	for key, value := range plain {
		if accounts, ok := value.(map[string]any); ok && strings.EqualFold(key, "accounts") {
			maps.DeleteFunc(accounts, func(name string, _ any) bool { return variables[joinKey(key, name)] })
		}
	}
	text := confText(plain)
	opts := &server.Options{}
	defer closeResolver(opts)
	var all interface{ Errors() []error }
	if !errors.As(opts.ProcessConfigString(text), &all) {
		return
	}
	unknown := map[string]bool{}
	for _, p := range places(all.Errors(), "", keyPaths(text)) {
		if variables[p[0]] {
			unknown[p[0]] = true
		}
	}
	removeKeys("", plain, unknown)
}

func removeKeys(path string, value any, gone map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if at := joinKey(path, key); gone[at] {
				delete(v, key)
			} else {
				removeKeys(at, item, gone)
			}
		}
	case []any:
		for i, item := range v {
			removeKeys(joinIndex(path, i), item, gone)
		}
	}
}

// confText writes plain values as the server's parser reads them: JSON, but for the escapes in strings
// and for keys, which know none.
func confText(value any) string {
	parts := []string{}
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			quote := `"`
			if strings.Contains(key, quote) {
				quote = "'"
			}
			parts = append(parts, quote+key+quote+": "+confText(item))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, confText(item))
		}
		return "[" + strings.Join(parts, ", ") + " ]" // the parser takes "1]" for a word
	case string:
		return `"` + unquotable.ReplaceAllStringFunc(v, func(c string) string {
			return fmt.Sprintf(`\x%02x`, c)
		}) + `"`
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

var unquotable = regexp.MustCompile(`[\x00-\x1f"\\]`)

// checkConfig has the server check a text without starting anything: NewServer runs its cross-field
// rules and opens no port.
func checkConfig(text string, over overlay) ([]byte, error) {
	set, err := newServerSettings(text, over)
	if err != nil {
		return nil, withoutSecrets(err, text)
	}
	closeResolver(set.opts)
	return json.Marshal(map[string]any{"warnings": hidePlaces(set.warnings, secretsOf(text))})
}

func newServerSettings(text string, over overlay) (*settings, error) {
	set, err := parseSettings(text, over)
	if err != nil {
		return nil, err
	}
	if err := set.http.validate(set.opts); err != nil {
		closeResolver(set.opts)
		return nil, err
	}
	if _, err := server.NewServer(set.opts); err != nil {
		closeResolver(set.opts)
		return nil, configFault("", "%v", err)
	}
	return set, nil
}

// Go ends the process where memory cannot be had, so what the server makes room for at once has a bound.
const (
	mostClosedClients = 10_000_000
	mostPooledRoutes  = 65_535
)

func bounded(opts *server.Options) error {
	if n := opts.MaxClosedClients; n < 0 || n > mostClosedClients {
		return configFault("max_closed_clients", "is not from 0 to %d", mostClosedClients)
	}
	if opts.Cluster.PoolSize > mostPooledRoutes {
		return configFault("cluster.pool_size", "is more than %d", mostPooledRoutes)
	}
	if opts.NoSystemAccount && (opts.AuthCallout != nil || isOperator(opts)) {
		// In operator mode the JWT of an account can have a callout at any time.
		return configFault("no_system_account", "must not be set where an auth callout can be: the first one panics")
	}
	return nil
}

// compareConfigs names the options in which a file, read as nats-server reads it, and a text differ.
func compareConfigs(path, text string) ([]byte, error) {
	want, _, _, err := loadConfig("file", path)
	defer closeResolver(want)
	if err != nil {
		return nil, err
	}
	got := newOptions()
	defer closeResolver(got)
	if _, err := problems(got.ProcessConfigString(text), "", text); err != nil {
		return nil, err
	}
	want.ConfigFile = ""
	names := differences(want, got)
	slices.Sort(names)
	return json.Marshal(names)
}
