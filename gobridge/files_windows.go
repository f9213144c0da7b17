package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes one byte far behind the contents, because a Windows lock forbids reading, too, and
// the contents say who holds the lock.
func lockFile(file *os.File) (taken bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	at := &windows.Overlapped{OffsetHigh: 1}
	err = windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, at)
	return err == nil, err
}

// openOwnFile opens a file to append to. The temporary directory is the user's own on Windows.
func openOwnFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
