package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// fileSink is log_file. Unlike the server's it cannot end the process: what goes wrong after the file
// was opened is told on stderr once, and the lines go there until the file works again.
type fileSink struct {
	path      string
	sizeLimit int64 // 0: no rotation
	maxFiles  int64 // 0: keep all
	file      *os.File
	size      int64
	failing   bool
	made      bool // it was not there before
}

func openFileSink(path string, sizeLimit, maxFiles int64) (sink, error) {
	f := &fileSink{path: path, sizeLimit: sizeLimit, maxFiles: maxFiles}
	_, err := os.Stat(path)
	f.made = errors.Is(err, fs.ErrNotExist)
	if err := f.open(); err != nil {
		return nil, configFault("log_file", "%v", err)
	}
	return f, nil
}

func (f *fileSink) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// removeIfMade takes back a file that came to be for a change that was refused.
func (f *fileSink) removeIfMade() {
	if f.made && f.size == 0 {
		_ = os.Remove(f.path)
	}
}

// reopen keeps the open file if a new one cannot be had.
func (f *fileSink) reopen() error {
	old := f.file
	if err := f.open(); err != nil {
		return err
	}
	closeFile(old)
	return nil
}

func (f *fileSink) write(_ int, line []byte) {
	var rotating error
	if f.sizeLimit > 0 && f.size > 0 && f.size+int64(len(line)) > f.sizeLimit {
		rotating = f.rotate()
	}
	writing := f.append(line)
	err := errors.Join(rotating, writing)
	if err != nil && !f.failing {
		fmt.Fprintf(os.Stderr, "log_file %s: %v\n", f.path, err)
	}
	f.failing = err != nil
	if writing != nil {
		_, _ = os.Stderr.Write(line)
	}
}

func (f *fileSink) append(line []byte) error {
	if f.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	if err != nil {
		f.forget()
	}
	return err
}

// forget closes the file; the next line opens it again.
func (f *fileSink) forget() {
	closeFile(f.file)
	f.file, f.size = nil, 0
}

const stampLayout = "2006.01.02.15.04.05.000000000"

// rotate moves the file aside under a name that sorts by time, and removes the oldest such files.
// Source: logfile_size_limit and logfile_max_num, as documented for nats-server.
func (f *fileSink) rotate() error {
	f.forget() // Windows cannot rename an open file
	err := os.Rename(f.path, f.path+"."+time.Now().Format(stampLayout))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // somebody else moved it
		return err
	}
	if f.maxFiles <= 0 {
		return nil
	}
	dir, base := filepath.Split(f.path)
	entries, err := os.ReadDir(filepath.Clean(dir)) // sorted, so the oldest come first
	aside := []string{}
	for _, entry := range entries {
		stamp, ours := strings.CutPrefix(entry.Name(), base+".")
		if _, odd := time.Parse(stampLayout, stamp); ours && odd == nil {
			aside = append(aside, dir+entry.Name())
		}
	}
	for ; int64(len(aside)) >= f.maxFiles; aside = aside[1:] { // the file in use counts as one
		err = errors.Join(err, os.Remove(aside[0]))
	}
	return err
}

func (f *fileSink) Close() error {
	closeFile(f.file)
	return nil
}

func closeFile(file *os.File) {
	if file != nil {
		_ = file.Close()
	}
}
