//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile takes the whole file for this open file description, or says that somebody else has it.
func lockFile(file *os.File) (taken bool, err error) {
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil, err
}

// openOwnFile opens a file to append to that nobody else could have laid there: it may lie in a
// directory that everybody can write to.
func openOwnFile(path string) (*os.File, error) {
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !info.Mode().IsRegular() || !ok || int(owner.Uid) != os.Geteuid() {
			err = fmt.Errorf("%s is not a file of this user", path)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
