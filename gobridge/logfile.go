package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
}

func openFileSink(path string, sizeLimit, maxFiles int64) (sink, error) {
	f := &fileSink{path: path, sizeLimit: sizeLimit, maxFiles: maxFiles}
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
	err := f.tryWrite(line)
	if err != nil && !f.failing {
		fmt.Fprintf(os.Stderr, "log_file %s: %v\n", f.path, err)
	}
	if f.failing = err != nil; f.failing {
		_, _ = os.Stderr.Write(line)
	}
}

func (f *fileSink) tryWrite(line []byte) error {
	if f.sizeLimit > 0 && f.size > 0 && f.size+int64(len(line)) > f.sizeLimit {
		if err := f.rotate(); err != nil {
			return err
		}
	}
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

// rotate moves the file aside under a name that sorts by time, and removes the oldest such files.
// Source: logfile_size_limit and logfile_max_num, as documented for nats-server.
func (f *fileSink) rotate() error {
	f.forget() // Windows cannot rename an open file
	aside := f.path + time.Now().Format(".2006.01.02.15.04.05.000000000")
	if err := os.Rename(f.path, aside); err != nil || f.maxFiles <= 0 {
		return err
	}
	kept, err := filepath.Glob(f.path + ".[0-9][0-9][0-9][0-9].*")
	if err != nil {
		return err
	}
	slices.Sort(kept)
	for ; int64(len(kept)) >= max(f.maxFiles, 1); kept = kept[1:] { // the file in use counts as one
		if err := os.Remove(kept[0]); err != nil {
			return err
		}
	}
	return nil
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
