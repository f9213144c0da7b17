package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fileLogger is a logger on a file, closed after the test.
func fileLogger(t testing.TB, set logSettings) *logger {
	t.Helper()
	l := newLogger()
	s, err := l.openSink(set)
	check(t, err)
	l.use(set, s)
	t.Cleanup(func() { l.use(logSettings{}, nil) })
	return l
}

// texts are the lines of all files of a directory, oldest file first.
func texts(t testing.TB, dir, name string) []string {
	t.Helper()
	names := list(t, dir)
	if i := slices.Index(names, name); i >= 0 { // the one in use is the newest
		names = append(slices.Delete(names, i, i+1), name)
	}
	found := []string{}
	for _, file := range names {
		for line := range strings.Lines(read(t, filepath.Join(dir, file))) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), "[INF] ")
			found = append(found, text)
		}
	}
	return found
}

func numbered(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("line %05d", i))
	}
	return all
}

func TestLogFileIsAppendedTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.log"), "[1] [INF] line 00000\n")
	l := fileLogger(t, logSettings{file: path})
	l.Noticef("line %05d", 1)
	if got := texts(t, dir, "a.log"); !slices.Equal(got, numbered(2)) {
		t.Errorf("the file has %q", got)
	}
}

func TestRotationLosesNoLine(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logs[1]*") // what a pattern would misread
	check(t, os.Mkdir(dir, 0o700))
	const limit = 1000
	l := fileLogger(t, logSettings{file: filepath.Join(dir, "a.log"), sizeLimit: limit})
	for _, text := range numbered(500) {
		l.Noticef("%s", text)
	}
	if got := texts(t, dir, "a.log"); !slices.Equal(got, numbered(500)) {
		t.Errorf("%d lines of 500 are there, or in another order", len(got))
	}
	if n := len(list(t, dir)); n < 10 {
		t.Errorf("there are %d files only", n)
	}
	for _, name := range list(t, dir) {
		if size := len(read(t, filepath.Join(dir, name))); size > limit {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
}

func TestRotationKeepsTheNewestFiles(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 3} {
		dir := filepath.Join(t.TempDir(), "logs[1]*")
		check(t, os.Mkdir(dir, 0o700))
		strangers := []string{"a.log.2020.notes", "a.log.old", "b.log.2020.01.01.00.00.00.000000000"}
		for _, name := range strangers {
			write(t, filepath.Join(dir, name), "")
		}
		l := fileLogger(t, logSettings{file: filepath.Join(dir, "a.log"), sizeLimit: 200, maxFiles: most})
		for _, text := range numbered(100) {
			l.Noticef("%s", text)
		}
		names := list(t, dir)
		for _, name := range strangers {
			if !slices.Contains(names, name) {
				t.Errorf("%s is gone", name)
			}
		}
		if n := int64(len(names) - len(strangers)); n != most {
			t.Errorf("%d files, not %d: %q", n, most, names)
		}
		got := slices.DeleteFunc(texts(t, dir, "a.log"), func(text string) bool { return text == "" })
		if !slices.Equal(got, numbered(100)[100-len(got):]) || len(got) == 0 {
			t.Errorf("the newest lines are not kept: %q", got)
		}
	}
}

func TestReopenFollowsARename(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	l := fileLogger(t, logSettings{file: path})
	l.Noticef("line 00000")
	check(t, os.Rename(path, filepath.Join(dir, "a.log.1")))
	l.Noticef("line 00001") // still into the renamed file
	check(t, l.reopen())
	l.Noticef("line 00002")
	if got := texts(t, dir, "a.log"); !slices.Equal(got, numbered(3)) {
		t.Errorf("the files have %q", got)
	}
	if got := read(t, path); strings.Count(got, "\n") != 1 {
		t.Errorf("the new file has %q", got)
	}
}

func TestReopenThatFailsKeepsTheFile(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "logs")
	check(t, os.Mkdir(dir, 0o700))
	l := fileLogger(t, logSettings{file: filepath.Join(dir, "a.log")})
	check(t, os.Rename(dir, filepath.Join(top, "moved")))
	if p := faultPlaces(t, l.reopen()); p[0][0] != "log_file" {
		t.Errorf("the fault is about %q", p[0][0])
	}
	l.Noticef("line 00000")
	if got := texts(t, filepath.Join(top, "moved"), "a.log"); !slices.Equal(got, numbered(1)) {
		t.Errorf("the file has %q", got)
	}
}

// divertStderr has the process's stderr collected in a file. Not for parallel tests.
func divertStderr(t *testing.T) func() string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(path)
	check(t, err)
	before := os.Stderr
	os.Stderr = file
	t.Cleanup(func() {
		os.Stderr = before
		_ = file.Close()
	})
	return func() string { return read(t, path) }
}

func TestFailingDiskIsToldOnceAndRecovers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	stderr := divertStderr(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	check(t, os.Symlink("/dev/full", path))
	l := fileLogger(t, logSettings{file: path})
	l.Noticef("line 00000")
	l.Noticef("line 00001")
	check(t, os.Remove(path)) // the disk has room again
	l.Noticef("line 00002")
	l.Noticef("line 00003")

	told := stderr()
	if strings.Count(told, "no space left") != 1 || strings.Count(told, "log_file "+path) != 1 {
		t.Errorf("told: %q", told)
	}
	for _, text := range numbered(2) {
		if strings.Count(told, "[INF] "+text) != 1 {
			t.Errorf("%q is not on stderr: %q", text, told)
		}
	}
	if got := texts(t, dir, "a.log"); !slices.Equal(got, numbered(4)[2:]) {
		t.Errorf("the file has %q", got)
	}
}

func TestMissingDirectoryRecovers(t *testing.T) {
	stderr := divertStderr(t)
	top := t.TempDir()
	dir := filepath.Join(top, "logs")
	check(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "a.log")
	l := fileLogger(t, logSettings{file: path, sizeLimit: 40})
	l.Noticef("line 00000")
	check(t, os.Rename(dir, filepath.Join(top, "moved")))
	l.Noticef("line 00001, for which there is no room") // has to rotate, and cannot
	l.Noticef("line 00002")
	check(t, os.Mkdir(dir, 0o700))
	l.Noticef("line 00003")
	if told := stderr(); strings.Count(told, "log_file ") != 1 || strings.Count(told, "[INF] ") != 2 {
		t.Errorf("told: %q", told)
	}
	if got := texts(t, dir, "a.log"); !slices.Equal(got, numbered(4)[3:]) {
		t.Errorf("the file has %q", got)
	}
}

// A file that cannot be moved aside grows over its limit: better than a line on stderr.
func TestRotationThatFailsLosesNoLine(t *testing.T) {
	stderr := divertStderr(t)
	dir, name := t.TempDir(), strings.Repeat("a", 250) // with a time behind it, too long for a name
	l := fileLogger(t, logSettings{file: filepath.Join(dir, name), sizeLimit: 40})
	for _, text := range numbered(20) {
		l.Noticef("%s", text)
	}
	if got := texts(t, dir, name); !slices.Equal(got, numbered(20)) {
		t.Errorf("the file has %q", got)
	}
	if told := stderr(); strings.Count(told, "\n") != 1 {
		t.Errorf("told: %q", told)
	}
}

func TestLogFileIsSafeBetweenThreads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := fileLogger(t, logSettings{file: filepath.Join(dir, "a.log"), sizeLimit: 2000})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				l.Noticef("line %d", i)
				if i%50 > 0 {
					continue
				}
				if err := l.reopen(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(texts(t, dir, "a.log")); n != 800 {
		t.Errorf("%d lines of 800", n)
	}
}
