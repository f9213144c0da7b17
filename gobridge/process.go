package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

func init() {
	// expvar and pprof publish os.Args, which in a Python process can hold the host's secrets.
	os.Args = []string{"dotgnatly"}
}

func versions() map[string]string {
	out := map[string]string{"nats_server": server.VERSION, "go": strings.TrimPrefix(runtime.Version(), "go")}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/nats-io/nats.go" {
				out["nats_go"] = strings.TrimPrefix(dep.Version, "v")
			}
		}
	}
	return out
}

var environ sync.Mutex

// setEnviron makes Go's environment that of Python. Only what differs is touched, because each
// os.Setenv also writes to the C environment that other threads may be reading.
func setEnviron(data string) error {
	want := map[string]string{}
	for entry := range strings.SplitSeq(data, "\x00") {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" { // Windows has nameless ones
			want[name] = value
		}
	}
	environ.Lock()
	defer environ.Unlock()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if _, keep := want[name]; !keep && name != "" {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	for name, value := range want {
		if have, ok := os.LookupEnv(name); !ok || have != value {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// openCrashOutput has Go's crash reports appended to a file. The runtime keeps its own descriptor.
func openCrashOutput(path string) error {
	file, err := openOwnFile(path)
	if err != nil {
		return err
	}
	return errors.Join(debug.SetCrashOutput(file, debug.CrashOptions{}), file.Close())
}

// provoke panics on purpose, for the tests of guard and crash file.
func provoke(kind string) error {
	switch kind {
	case "panic":
		panic("provoked")
	case "nil":
		var p *int
		*p = 1 //nolint:govet,staticcheck // the point of it
	case "goroutine":
		go panic("provoked in a goroutine")
		select {}
	}
	return faultf(codeNotFound, "no fault is called %q", kind)
}
