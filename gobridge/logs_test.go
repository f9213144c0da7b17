package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	stock "github.com/nats-io/nats-server/v2/logger"
	"github.com/nats-io/nats-server/v2/server"
)

type batch struct {
	Lines   [][4]json.RawMessage
	Dropped int
}

func linesOf(t testing.TB, r *ring[logLine]) (texts []string, dropped int) {
	t.Helper()
	data, err := takeLines(r)
	check(t, err)
	b := decode[batch](t, data)
	for _, line := range b.Lines {
		texts = append(texts, decode[string](t, line[3]))
	}
	return texts, b.Dropped
}

func TestLineOnTheWire(t *testing.T) {
	t.Parallel()
	line := logLine{server: "hub", level: levelWarn, when: time.Unix(3, 4), text: "a \"b\" \xff"}
	data, err := json.Marshal(line)
	check(t, err)
	if want := `["hub",30,3000000004,"a \"b\" ` + "\\ufffd" + `"]`; string(data) != want {
		t.Errorf("line is %s, not %s", data, want)
	}
}

// One logger of each kind writes the same lines; what reads nats-server's logs can read ours.
func TestLinesLookLikeThoseOfNatsServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, set := range map[string]logSettings{
		"plain": {}, "timed": {logtime: true}, "utc": {logtime: true, utc: true},
	} {
		set.file = filepath.Join(dir, name+"-ours.log")
		ours := newLogger()
		s, err := ours.openSink(set)
		check(t, err)
		ours.use(set, s)

		file := filepath.Join(dir, name+"-theirs.log")
		theirs := stock.NewFileLogger(file, set.logtime, true, true, true, stock.LogUTC(set.utc))
		for _, l := range []server.Logger{ours, theirs} {
			l.Noticef("notice %d", 1)
			l.Warnf("%s", "warn")
			l.Errorf("error")
			l.Debugf("debug")
			l.Tracef("trace")
		}
		ours.use(logSettings{}, nil)
		check(t, theirs.Close())
		clock := regexp.MustCompile(`\d\d:\d\d:\d\d\.\d{6}`)
		got := clock.ReplaceAllString(read(t, set.file), "now")
		want := clock.ReplaceAllString(read(t, file), "now")
		if got != want || strings.Count(got, "\n") != 5 || set.logtime != strings.Contains(got, " now [INF]") {
			t.Errorf("%s: lines are\n%snot\n%s", name, got, want)
		}
	}
}

func TestFatalLineIsKeptAndEndsNothing(t *testing.T) {
	t.Parallel()
	l := newLogger()
	why := errors.New("why")
	l.Fatalf("first: %v", why)
	l.Fatalf("second")
	line := <-l.fatal
	if line.text != "first: why" || line.err != why { //nolint:errorlint // itself
		t.Errorf("the fatal line is %+v", line)
	}
	select {
	case line := <-l.fatal:
		t.Errorf("a second fatal line was kept: %+v", line)
	default:
	}
}

// The server closes a logger that can be closed when it reloads or shuts down.
func TestLoggerCannotBeClosedByTheServer(t *testing.T) {
	t.Parallel()
	var l any = newLogger()
	if _, ok := l.(io.Closer); ok {
		t.Error("the logger has a method called Close")
	}
	if _, ok := l.(server.Logger); !ok {
		t.Error("the logger is none of the server's")
	}
}

func TestListenHearsWarningsAndErrorsOnly(t *testing.T) {
	t.Parallel()
	l := newLogger()
	l.Warnf("before")
	heard := l.listen()
	l.Noticef("notice")
	l.Warnf("warning %d", 1)
	l.Errorf("error")
	if got := fmt.Sprint(heard()); got != "[warning 1 error]" {
		t.Errorf("heard %s", got)
	}
	l.Warnf("after")
	if got := fmt.Sprint(l.listen()()); got != "[]" {
		t.Errorf("heard %s", got)
	}
}

func TestUnchangedSettingsKeepTheSink(t *testing.T) {
	t.Parallel()
	l := newLogger()
	set := logSettings{file: filepath.Join(t.TempDir(), "a.log")}
	first, err := l.openSink(set)
	check(t, err)
	l.use(set, first)
	t.Cleanup(func() { l.use(logSettings{}, nil) })
	if again, err := l.openSink(set); again != first || err != nil {
		t.Errorf("unchanged settings gave %v, %v", again, err)
	}
	l.Noticef("one")
	set.logtime = true
	second, err := l.openSink(set)
	check(t, err)
	l.use(set, second)
	l.Noticef("two")
	if got := read(t, set.file); !regexp.MustCompile(`\[INF\] one\n\[.*\] \d.* \[INF\] two\n`).MatchString(got) {
		t.Errorf("the file has %q", got)
	}
}

func TestLogFileThatCannotBeOpenedNamesTheKey(t *testing.T) {
	t.Parallel()
	_, err := newLogger().openSink(logSettings{file: filepath.Join(t.TempDir(), "missing", "a.log")})
	if p := faultPlaces(t, err); p[0][0] != "log_file" {
		t.Errorf("the fault is about %q", p[0][0])
	}
}

func TestReopenWithoutAFileDoesNothing(t *testing.T) {
	t.Parallel()
	l := newLogger()
	check(t, l.reopen())
	l.use(logSettings{stderr: true}, stderrSink{})
	check(t, l.reopen())
}

func TestLinesGoToStderr(t *testing.T) {
	stderr := divertStderr(t)
	l := newLogger()
	l.use(logSettings{stderr: true}, stderrSink{})
	l.Warnf("odd")
	l.use(logSettings{}, nil)
	l.Warnf("unheard")
	if got, want := stderr(), fmt.Sprintf("[%d] [WRN] odd\n", os.Getpid()); got != want {
		t.Errorf("stderr has %q, not %q", got, want)
	}
}

func TestStderrIsOnlyForTextsThatNameNoOtherPlace(t *testing.T) {
	t.Parallel()
	l := newLogger()
	if s, err := l.openSink(logSettings{stderr: true}); s != (stderrSink{}) || err != nil {
		t.Errorf("sink is %v, %v", s, err)
	}
	if s, err := l.openSink(logSettings{}); s != nil || err != nil {
		t.Errorf("sink is %v, %v", s, err)
	}
	path := filepath.Join(t.TempDir(), "a.log")
	s, err := l.openSink(logSettings{stderr: true, file: path})
	check(t, err)
	check(t, s.Close())
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
