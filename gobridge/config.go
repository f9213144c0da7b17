package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/conf"
	"github.com/nats-io/nats-server/v2/server"
)

// readConfig reads a file or a text as nats-server would and gives its keys as they are written, with
// includes, variables, units and the environment resolved.
func readConfig(kind, data string) ([]byte, error) {
	opts, keys, warnings, err := loadConfig(kind, data)
	defer closeResolver(opts)
	if err != nil {
		return nil, err
	}
	plain, variables := resolve(keys)
	if len(variables) > 0 {
		dropVariables(plain, variables)
	}
	return json.Marshal(map[string]any{"config": plain, "warnings": warnings})
}

func loadConfig(kind, data string) (*server.Options, map[string]any, []place, error) {
	file, parse := "", conf.ParseWithChecks
	opts := &server.Options{}
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
		return nil, nil, nil, configFaults([]place{syntaxPlace(err, file)}, nil)
	}
	err = process(data)
	var found interface{ Warnings() []error }
	warnings := []place{}
	if errors.As(err, &found) {
		warnings = places(found.Warnings(), nil)
	}
	return opts, keys, warnings, problems(err, "")
}

// resolve takes the values out of the parser's tokens. It also gives the names of the keys that were
// used as variables: the server's parser leaves them among the keys.
func resolve(value any) (any, []string) {
	var variables []string
	if t, ok := value.(located); ok {
		value = t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			if t, ok := item.(located); ok && t.IsUsedVariable() {
				variables = append(variables, key)
			}
			plain, inner := resolve(item)
			out[key] = plain
			variables = append(variables, inner...)
		}
		return out, variables
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			plain, inner := resolve(item)
			out[i] = plain
			variables = append(variables, inner...)
		}
		return out, variables
	}
	return value, nil
}

// dropVariables removes the variables that are no keys of the server's. Which those are only the
// server knows: it is asked, by having it read the resolved keys, where nothing is a variable any more.
func dropVariables(plain any, variables []string) {
	text, err := json.Marshal(plain)
	if err != nil {
		return
	}
	opts := &server.Options{}
	defer closeResolver(opts)
	var all interface{ Errors() []error }
	if !errors.As(opts.ProcessConfigString(string(text)), &all) {
		return
	}
	unknown := map[string]bool{}
	for _, err := range all.Errors() {
		for _, name := range variables {
			if strings.HasSuffix(err.Error(), fmt.Sprintf("unknown field %q", name)) {
				unknown[name] = true
			}
		}
	}
	removeKeys(plain, unknown)
}

func removeKeys(value any, names map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(key string, _ any) bool { return names[key] })
		for _, item := range v {
			removeKeys(item, names)
		}
	case []any:
		for _, item := range v {
			removeKeys(item, names)
		}
	}
}

// checkConfig has the server check a text without starting anything: NewServer runs its cross-field
// rules and opens no port.
func checkConfig(text string, over overlay) ([]byte, error) {
	set, err := newServerSettings(text, over)
	if err != nil {
		return nil, err
	}
	closeResolver(set.opts)
	return json.Marshal(map[string]any{"warnings": []place{}})
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
	got := &server.Options{}
	defer closeResolver(got)
	if err := problems(got.ProcessConfigString(text), text); err != nil {
		return nil, err
	}
	want.ConfigFile = ""
	names := differences(want, got)
	slices.Sort(names)
	return json.Marshal(names)
}
