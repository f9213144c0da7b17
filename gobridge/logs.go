package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Levels are those of Python's logging; trace lies below its DEBUG.
const (
	levelTrace = 5
	levelDebug = 10
	levelInfo  = 20
	levelWarn  = 30
	levelError = 40
	levelFatal = 50
)

var labels = map[int]string{
	levelTrace: "TRC", levelDebug: "DBG", levelInfo: "INF",
	levelWarn: "WRN", levelError: "ERR", levelFatal: "FTL",
}

// logLine is one line on its way to Python, an array on the wire.
type logLine struct {
	server string // its name
	level  int
	when   time.Time
	text   string
}

func (l logLine) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{l.server, l.level, l.when.UnixNano(), l.text})
}

func (logLine) owner() uint64 { return 0 } // all servers share the lines

var lines = newRing[logLine](4096)

func takeLines(r *ring[logLine]) ([]byte, error) {
	taken, dropped := r.take()
	return json.Marshal(map[string]any{"lines": taken, "dropped": dropped[0]})
}

// logSettings is what the configuration says of logging; it is taken out of the server's options,
// because the server's own file and syslog loggers end the process when they fail.
type logSettings struct {
	stderr       bool
	file         string
	sizeLimit    int64
	maxFiles     int64
	syslog       bool
	remoteSyslog string
	logtime, utc bool
}

// logger is the server's logger. It never exits: a fatal line is kept for whoever starts the server.
// It has no method called Close, because the server would call it at a reload.
type logger struct {
	fatal  chan fatalLine // the first one
	mu     sync.Mutex
	server string // its name, known once there is a server
	set    logSettings
	sink   sink                     // nil: lines go to Python only
	heard  *[]string                // warnings and errors while a change is applied
	failed atomic.Pointer[embedded] // who fails with a fatal line, once it is up
}

type fatalLine struct {
	text string
	err  error // the error among its arguments, if any
}

// sink writes whole lines somewhere.
type sink interface {
	write(level int, line []byte)
	io.Closer
}

func newLogger() *logger {
	return &logger{fatal: make(chan fatalLine, 1)}
}

// openSink opens where the lines go: to one place, as nats-server's do. Unchanged settings give the
// sink in use.
func (l *logger) openSink(set logSettings) (sink, error) {
	switch {
	case l.sink != nil && set == l.set:
		return l.sink, nil
	case set.file != "":
		return openFileSink(set.file, set.sizeLimit, set.maxFiles)
	case set.syslog || set.remoteSyslog != "":
		return openSyslog(set.remoteSyslog)
	case set.stderr:
		return stderrSink{}, nil
	}
	return nil, nil
}

// use replaces the sink and closes the one that is no longer used.
func (l *logger) use(set logSettings, current sink) {
	l.mu.Lock()
	old := l.sink
	l.set, l.sink = set, current
	l.mu.Unlock()
	closeUnused(old, current)
}

func closeUnused(old, current sink) {
	if old != nil && old != current {
		_ = old.Close()
	}
}

func (l *logger) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.sink.(*fileSink); ok {
		if err := f.reopen(); err != nil {
			return configFault("log_file", "%v", err)
		}
	}
	return nil
}

// listen collects warnings and errors until the returned function gives them.
func (l *logger) listen() func() []string {
	heard := &[]string{}
	l.mu.Lock()
	l.heard = heard
	l.mu.Unlock()
	return func() []string {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard = nil
		return *heard
	}
}

func (l *logger) listening() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard != nil
}

// name says whose lines these are from now on.
func (l *logger) name(server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
}

// forget drops what a server said that is gone.
func (l *logger) forget() {
	select {
	case <-l.fatal:
	default:
	}
}

var pid = os.Getpid()

func (l *logger) emit(level int, format string, args ...any) {
	now, text := time.Now(), hideTelltales(fmt.Sprintf(format, args...))
	if level == levelTrace {
		text = hideConnect(text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lines.put(logLine{l.server, level, now, text})
	if l.heard != nil && level >= levelWarn {
		*l.heard = append(*l.heard, text)
	}
	if l.sink != nil {
		l.sink.write(level, l.format(level, now, text))
	}
}

// format lays a line out as nats-server does, so that what reads its logs can read ours.
func (l *logger) format(level int, now time.Time, text string) []byte {
	line := fmt.Appendf(nil, "[%d] ", pid)
	if l.set.logtime {
		if l.set.utc {
			now = now.UTC()
		}
		line = now.AppendFormat(line, "2006/01/02 15:04:05.000000 ")
	}
	return fmt.Appendf(line, "[%s] %s\n", labels[level], text)
}

// Noticef passes over that the server is ready where something fatal was said before: its own logger
// would have exited then, and whoever waits for the line would take the server for started.
func (l *logger) Noticef(format string, args ...any) {
	if format != "Server is ready" || len(l.fatal) == 0 {
		l.emit(levelInfo, format, args...)
	}
}

func (l *logger) Warnf(format string, args ...any)  { l.emit(levelWarn, format, args...) }
func (l *logger) Errorf(format string, args ...any) { l.emit(levelError, format, args...) }
func (l *logger) Debugf(format string, args ...any) { l.emit(levelDebug, format, args...) }
func (l *logger) Tracef(format string, args ...any) { l.emit(levelTrace, format, args...) }

// Fatalf must not exit, as the server's own logger does: the start that waits on fatal undoes itself.
func (l *logger) Fatalf(format string, args ...any) {
	l.emit(levelFatal, format, args...)
	line := fatalLine{text: fmt.Sprintf(format, args...)}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			line.err = err
		}
	}
	select {
	case l.fatal <- line:
	default:
	}
	if e := l.failed.Load(); e != nil && !l.listening() {
		go e.fail(line.text)
	}
}

// stderrSink is the descriptor itself: Python's sys.stderr belongs to Python.
type stderrSink struct{}

func (stderrSink) write(_ int, line []byte) { _, _ = os.Stderr.Write(line) }
func (stderrSink) Close() error             { return nil }
