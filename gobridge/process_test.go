package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionsAreThoseBuiltIn(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`^\d+\.\d+(\.\d+)?`)
	for _, name := range []string{"nats_server", "go"} {
		if v := versions()[name]; !number.MatchString(v) {
			t.Errorf("%s is %q", name, v)
		}
	}
}

func TestHostArgumentsAreHidden(t *testing.T) {
	t.Parallel()
	if len(os.Args) != 1 || os.Args[0] != "dotgnatly" {
		t.Errorf("os.Args is %q", os.Args)
	}
}

func TestEnvironBecomesThatOfPython(t *testing.T) {
	before := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		for _, entry := range before {
			name, value, _ := strings.Cut(entry, "=")
			_ = os.Setenv(name, value)
		}
	})
	want := map[string]string{"GB_TEST_NEW": "a=b\nç", "GB_TEST_EMPTY": "", "PATH": "/other"}
	set := func() {
		entries := []string{"=C:=nameless, as Windows has them"}
		for name, value := range want {
			entries = append(entries, name+"="+value)
		}
		check(t, setEnviron(strings.Join(entries, "\x00")))
		if n := len(os.Environ()); n != len(want) {
			t.Errorf("%d variables, not %d", n, len(want))
		}
		for name, value := range want {
			if got, ok := os.LookupEnv(name); !ok || got != value {
				t.Errorf("%s is %q, not %q", name, got, value)
			}
		}
	}
	set()
	delete(want, "GB_TEST_NEW")
	want["GB_TEST_EMPTY"] = "filled"
	set()
}

func TestCrashOutputIsTheUsersOwnFile(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) })
	path := filepath.Join(dir, "crash.log")
	check(t, openCrashOutput(path))
	check(t, openCrashOutput(path)) // there already
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}
		check(t, os.Symlink(path, filepath.Join(dir, "link")))
		if err := openCrashOutput(filepath.Join(dir, "link")); err == nil {
			t.Error("a link was followed")
		}
		if err := openCrashOutput("/dev/null"); err == nil {
			t.Error("a device was taken")
		}
	}
	if err := openCrashOutput(dir); err == nil {
		t.Error("a directory was taken")
	}
}
