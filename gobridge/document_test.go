package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// refused asserts that a file is refused at a place for a reason.
func refused(t *testing.T, path, where, why string) {
	t.Helper()
	_, err := readConfig("file", path)
	if err == nil {
		t.Fatalf("%s was read", path)
	}
	found := faultPlaces(t, err)
	if len(found) != 1 || found[0][0] != where || !strings.Contains(found[0][1], why) {
		t.Errorf("faults are %q, not %s: %s", found, where, why)
	}
}

// The parser would follow it until the stack of the process is exhausted, which nothing survives.
func TestIncludeOfItselfIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.conf"), filepath.Join(dir, "b.conf")
	for text, want := range map[string][2]string{
		"port: 1\n  include a.conf":          {a + ":2:3", "a.conf"},
		"include './b.conf'":                 {b + ":1:11", "a.conf"},
		"x: {INCLUDE\u00a0\t\"a.conf\"}":     {"", ""},
		"port: 1; include b.conf; debug: on": {b + ":1:11", "a.conf"},
		"cluster { a: b, include a.conf }":   {a + ":1:17", "a.conf"},
		"host: $GB_NO_SUCH\ninclude a.conf":  {a + ":2:1", "a.conf"},
	} {
		write(t, a, text)
		write(t, b, "cluster { include \"../"+filepath.Base(dir)+"/a.conf\" }")
		if want[0] == "" { // the parser's path begins with the space that it does not know
			if _, err := readConfig("file", a); err == nil {
				t.Errorf("%q was read", text)
			}
			continue
		}
		refused(t, a, want[0], "includes itself")
	}
}

func TestIncludeThatIsNoneIsNoLoop(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.conf")
	for _, text := range []string{
		"# include a.conf\nport: 1",
		"port: 1 // one may include a.conf",
		"port: 1\nclient_advertise: \"a;\ninclude a.conf \"",
		"port: 1\nclient_advertise: ' include a.conf '",
		"port: 1\nserver_tags: [ # include a.conf\n a ]",
		"port: 1\nclient_advertise: (\ninclude a.conf\n)\n",
		"port: 1\ncluster { # include a.conf\n }",
		"P: 1\nport: $P # include a.conf",
	} {
		if _, err := readConfig("file", write(t, path, text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestIncludesAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 40 {
		text := fmt.Sprintf("include f%d.conf\ninclude f%d.conf\n", i+1, i+1)
		write(t, filepath.Join(dir, fmt.Sprintf("f%d.conf", i)), text)
	}
	refused(t, filepath.Join(dir, "f0.conf"), filepath.Join(dir, "f32.conf")+":1:1", "too many")
	write(t, filepath.Join(dir, "f20.conf"), "port: 1") // a million files of it, none too deep
	refused(t, filepath.Join(dir, "f0.conf"), filepath.Join(dir, "f19.conf")+":2:1", "too many")
	if runtime.GOOS != "windows" {
		check(t, os.Symlink(".", filepath.Join(dir, "again")))
		path := write(t, filepath.Join(dir, "a.conf"), "include again/a.conf")
		_, err := readConfig("file", path)
		if err == nil || !strings.Contains(err.Error(), "includes itself") {
			t.Errorf("a loop over a link: %v", err)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.conf")
	for _, pair := range []string{"[]", "{}"} {
		for _, depth := range []int{1000, 1_000_000} {
			open, end := pair[:1], pair[1:]
			if pair == "{}" {
				open = "{a:"
			}
			write(t, path, "port: 1\nx: "+strings.Repeat(open, depth)+strings.Repeat(end, depth))
			_, err := readConfig("file", path)
			if err == nil || !strings.Contains(err.Error(), "within one another") {
				t.Errorf("%d of %s: %v", depth, pair, err)
			}
		}
	}
}

// Each variable is twice the one before; the server's digest of a file writes all of it out.
func TestVariablesAreBounded(t *testing.T) {
	t.Parallel()
	text := "a0: [x, x]\n"
	for i := range 60 {
		text += fmt.Sprintf("a%d: [$a%d, $a%d]\n", i+1, i, i)
	}
	_, err := readConfig("file", write(t, filepath.Join(t.TempDir(), "a.conf"), text))
	if err == nil || !strings.Contains(err.Error(), "with variables in place") {
		t.Errorf("not refused: %v", err)
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.conf"), "port: 1\nhost: a\x00b")
	refused(t, path, path+":2:8", "NUL")
	outer := write(t, filepath.Join(dir, "b.conf"), "include a.conf")
	refused(t, outer, path+":2:8", "NUL")
	write(t, outer, "port: 1 # include a.conf")
	_, err := readConfig("file", outer)
	check(t, err)
	large := filepath.Join(dir, "c.conf")
	check(t, os.Truncate(write(t, large, ""), maxText+1))
	refused(t, large, large, "larger than 64 MiB")
	if runtime.GOOS != "windows" {
		refused(t, "/dev/zero", "/dev/zero", "larger than 64 MiB")
		write(t, outer, "include ../../../../../../../../dev/zero")
		refused(t, outer, "/dev/zero", "not a regular file")
	}
}
