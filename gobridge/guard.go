package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
)

// fault is an error with a code of abi.h and the attributes of its Python exception.
type fault struct {
	code    int32
	message string
	facts   map[string]any
}

func (f *fault) Error() string { return f.message }

func faultf(code int32, format string, args ...any) *fault {
	return &fault{code: code, message: fmt.Sprintf(format, args...)}
}

// about names the configuration key that the fault is about.
func (f *fault) about(key string) *fault { return f.with("key", key) }

func (f *fault) with(name string, value any) *fault {
	if f.facts == nil {
		f.facts = map[string]any{}
	}
	f.facts[name] = value
	return f
}

// configFault refuses one key.
func configFault(path, format string, args ...any) *fault {
	return configFaults([]place{{path, fmt.Sprintf(format, args...)}}, nil)
}

// place is one fault of a configuration, a pair on the wire: where, and what.
type place [2]string

func configFaults(found, warnings []place) *fault {
	f := &fault{code: codeConfig, facts: map[string]any{"errors": found}}
	if len(warnings) > 0 {
		f.facts["warnings"] = warnings
	}
	for i, p := range found {
		if i > 0 {
			f.message += "; "
		}
		if p[0] != "" {
			f.message += p[0] + ": "
		}
		f.message += p[1]
	}
	return f
}

// asFault gives any error a code: what has none is the fallback's.
func asFault(err error, fallback int32) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return &fault{code: fallback, message: err.Error()}
}

func (f *fault) factsJSON() []byte {
	if len(f.facts) == 0 {
		return nil
	}
	data, err := json.Marshal(f.facts)
	if err != nil {
		return nil
	}
	return data
}

// protect runs fn and makes an error of its panic. Every export and every job goes through it: a panic
// that crossed the C frame, or ended a goroutine of ours, would end the interpreter.
func protect(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = faultf(codePanic, "panic: %v\n%s", r, debug.Stack())
		}
	}()
	return fn()
}
