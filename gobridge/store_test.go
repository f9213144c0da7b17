package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestStoreIsLockedWhileInUse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "store")
	first, err := openStore(dir, "east-1", false)
	check(t, err)
	other := dir
	if runtime.GOOS != "windows" { // by another name it is the same directory
		other = filepath.Join(t.TempDir(), "link")
		check(t, os.Symlink(dir, other))
	}
	_, err = openStore(other, "east-2", false)
	holder := fmt.Sprintf("process %d, server east-1", os.Getpid())
	facts := wantFault(t, err, codeStoreInUse, other, holder)
	if facts["holder"] != holder || facts["store_dir"] != other || facts["key"] != "jetstream.store_dir" {
		t.Errorf("facts are %v", facts)
	}
	first.close()

	second, err := openStore(dir, "", false)
	check(t, err)
	if text := read(t, filepath.Join(dir, lockName)); !strings.HasSuffix(text, ", server unnamed\n") {
		t.Errorf("the lock is signed %q", text)
	}
	second.close()
	if names := list(t, dir); !slices.Equal(names, []string{lockName}) {
		t.Errorf("the store has %q", names)
	}
}

func TestPrivateStoreIsRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "private")
	s, err := openStore(dir, "", true)
	check(t, err)
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v", info.Mode(), err)
	}
	write(t, filepath.Join(dir, "message"), "")
	s.close()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestPrivateStoreIsNeverSomebodyElses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "message"), "")
	_, err := openStore(dir, "", true)
	if p := faultPlaces(t, err); p[0][0] != "jetstream.store_dir" {
		t.Errorf("the fault is about %q", p[0][0])
	}
	if names := list(t, dir); !slices.Equal(names, []string{"message"}) {
		t.Errorf("the directory has %q", names)
	}
}

func TestStoreThatCannotBeMadeNamesTheKey(t *testing.T) {
	t.Parallel()
	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err := openStore(dir, "", false)
		if p := faultPlaces(t, err); p[0][0] != "jetstream.store_dir" || !strings.Contains(p[0][1], file) {
			t.Errorf("%s: the fault is %q", dir, p)
		}
	}
}

func TestNoStoreIsClosedWithoutHarm(t *testing.T) {
	t.Parallel()
	var none *store
	none.close()
}
