package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nats-io/nats-server/v2/conf"
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
	plain := plainKeys(keys)
	if path := notUnicode("", plain); path != "" { // JSON would replace what is wrong in it
		return nil, configFault(path, "is not Unicode (UTF-8)")
	}
	return json.Marshal(map[string]any{"config": plain, "warnings": warnings})
}

// verdict is what nats-server finds in a file that it is to check, and where the keys in it stand.
func verdict(path string) ([]byte, error) {
	opts, keys, warnings, err := loadConfig("file", path)
	defer closeResolver(opts)
	found := []place{}
	if f := (*fault)(nil); errors.As(err, &f) {
		found, _ = f.facts["errors"].([]place)
		warnings, _ = f.facts["warnings"].([]place)
	}
	if warnings == nil {
		warnings = []place{}
	}
	where := map[string]string{}
	visitKeys("", keys, func(path string, t located) {
		where[path] = fmt.Sprintf("%s:%d:%d", t.SourceFile(), t.Line(), t.Position())
	})
	return json.Marshal(map[string]any{"errors": found, "warnings": warnings, "places": where})
}

// notUnicode is the path of a string that JSON cannot hold, or "".
func notUnicode(path string, value any) string {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			if odd := notUnicode(joinKey(path, key), item); odd != "" || !utf8.ValidString(key) {
				return cmp.Or(odd, path)
			}
		}
	case []any:
		for i, item := range v {
			if odd := notUnicode(joinIndex(path, i), item); odd != "" {
				return odd
			}
		}
	case string:
		if !utf8.ValidString(v) {
			return path
		}
	}
	return ""
}

// plainKeys are the keys without the parser's tokens and without variables.
func plainKeys(keys map[string]any) any {
	variables := map[string]bool{}
	plain := resolve("", keys, variables)
	if top, ok := plain.(map[string]any); ok && len(variables) > 0 {
		dropVariables(top, variables)
	}
	return plain
}

func loadConfig(kind, data string) (*server.Options, map[string]any, []place, error) {
	file, parse := "", conf.ParseWithChecks
	opts := newOptions()
	process := opts.ProcessConfigString
	if kind == "file" {
		file, parse, process = data, conf.ParseFileWithChecks, opts.ProcessConfigFile
	}
	keys, err := parse(data)
	if err != nil {
		var missing *os.PathError
		if errors.As(err, &missing) {
			return nil, nil, nil, configFault(missing.Path, "%v", missing.Err)
		}
		syntax := configFaults([]place{syntaxPlace(err, file)}, nil)
		if kind == "file" {
			return nil, nil, nil, syntax.hide(addWrittenIn(nil, file, err.Error()))
		}
		return nil, nil, nil, syntax.hide(addWritten(nil, data))
	}
	warnings, err := problems(process(data), "")
	secrets := addSecrets(nil, "", keys)
	if f := (*fault)(nil); errors.As(err, &f) {
		err = f.hide(secrets)
	}
	return opts, keys, hidePlaces(warnings, secrets), err
}

// resolve takes the values out of the parser's tokens. It also gathers the paths of the keys that were
// used as variables: the server's parser leaves them among the keys.
func resolve(path string, value any, variables map[string]bool) any {
	if t, ok := value.(located); ok {
		if t.IsUsedVariable() {
			variables[path] = true
		}
		value = t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = resolve(joinKey(path, key), item, variables)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = resolve(joinIndex(path, i), item, variables)
		}
		return out
	}
	return value
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
	for _, p := range places(all.Errors(), keyPaths(text)) {
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

// compareConfigs names the options in which a file, read as nats-server reads it, and a text differ.
func compareConfigs(path, text string) ([]byte, error) {
	want, _, _, err := loadConfig("file", path)
	defer closeResolver(want)
	if err != nil {
		return nil, err
	}
	got := newOptions()
	defer closeResolver(got)
	if _, err := problems(got.ProcessConfigString(text), text); err != nil {
		return nil, err
	}
	want.ConfigFile = ""
	names := differences(want, got)
	slices.Sort(names)
	return json.Marshal(names)
}
