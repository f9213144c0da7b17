package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const scrapesOf = 9

func startScraped(t *testing.T, text string) (uint64, state) {
	t.Helper()
	handle, s, err := tryStart(t, plain+", http_port: -1"+text, overlay{Metrics: scrapesOf})
	check(t, err)
	return handle, s
}

func TestPythonAnswersAtMetrics(t *testing.T) {
	answering(t, func(asked scrape) string {
		return `{"status": 203, "headers": {"Content-Type": "text/x"}}` + "\n" +
			fmt.Sprintf("%s|%s|%s\n", asked.Query, asked.Accept, asked.AcceptEncoding)
	})
	_, s := startScraped(t, ", http_base_path: nats")
	request, err := http.NewRequest(http.MethodGet, s.MonitoringURL+"/metrics?prefix=nats&x", nil)
	check(t, err)
	request.Header.Add("Accept", "a/b")
	request.Header.Add("Accept", "c/d")
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer func() { _ = response.Body.Close() }()
	body := make([]byte, 100)
	n, _ := response.Body.Read(body)
	if response.StatusCode != 203 || response.Header.Get("Content-Type") != "text/x" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	if said := string(body[:n]); said != "prefix=nats&x|a/b,c/d|gzip\n" {
		t.Errorf("Python hears of %q", said)
	}
}

func TestAFailedScrapeIsAnInternalError(t *testing.T) {
	answering(t, func(scrape) string { return "" })
	_, s := startScraped(t, "")
	if status, _, body := get(t, s.MonitoringURL+"/metrics"); status != 500 || !strings.Contains(body, "log") {
		t.Errorf("%d %s", status, body)
	}
}

func TestAScrapeWaitsTwoSeconds(t *testing.T) {
	t.Parallel()
	_, s := startScraped(t, "")
	began := time.Now()
	status, _, body := get(t, s.MonitoringURL+"/metrics")
	if took := time.Since(began); status != 503 || took < scrapeTimeout || body != "the program did not answer within 2s\n" {
		t.Errorf("%d after %v: %s", status, took, body)
	}
}

func TestFewScrapesWait(t *testing.T) {
	t.Parallel()
	handle, s := startScraped(t, "")
	embeddedOf(t, handle).http.Load().scrapes.Add(mostScrapes)
	if status, _, body := get(t, s.MonitoringURL+"/metrics"); status != 503 || !strings.Contains(body, "too many") {
		t.Errorf("%d %s", status, body)
	}
}

// dialScraped asks for a page, on a connection from which nothing is read.
func dialScraped(t *testing.T, s state) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.MonitoringURL, "http://"))
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = conn.Write([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
	check(t, err)
	return conn
}

func TestWhoDoesNotReadAPageKeepsNobodyFromOne(t *testing.T) {
	page := `{"status": 200}` + "\n" + strings.Repeat("x", 32<<20) // more than a connection takes
	answering(t, func(scrape) string { return page })
	handle, s := startScraped(t, "")
	conn := dialScraped(t, s)
	_, err := conn.Read(make([]byte, 1)) // it is being written
	check(t, err)
	m := embeddedOf(t, handle).http.Load()
	eventually(t, "room for others", func() bool { return m.scrapes.Load() == 0 })
}

func TestAScrapeCountsUntilPythonHasAnswered(t *testing.T) {
	t.Parallel()
	handle, s := startScraped(t, "")
	began := time.Now()
	conn := dialScraped(t, s)
	m := embeddedOf(t, handle).http.Load()
	eventually(t, "the scrape", func() bool { return m.scrapes.Load() == 1 })
	check(t, conn.Close()) // Python makes its page all the same
	eventually(t, "its end", func() bool { return m.scrapes.Load() == 0 })
	if took := time.Since(began); took < scrapeTimeout {
		t.Errorf("it counted for %v", took)
	}
}

func TestAWaitingScrapeDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	handle, s := startScraped(t, "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if response, err := http.Get(s.MonitoringURL + "/metrics"); err == nil {
			_ = response.Body.Close()
		}
	}()
	m := embeddedOf(t, handle).http.Load()
	eventually(t, "the scrape", func() bool { return m.scrapes.Load() == 1 })
	began := time.Now()
	stop(t, handle)
	if took := time.Since(began); took > scrapeTimeout {
		t.Errorf("the stop took %v", took)
	}
	<-done
	eventually(t, "its end", func() bool { return m.scrapes.Load() == 0 }) // tests that follow count questions
}

func TestWithoutPythonThereAreNoMetrics(t *testing.T) {
	t.Parallel()
	_, s := start(t, plain+", http_port: -1")
	if status, _, _ := get(t, s.MonitoringURL+"/metrics"); status != 404 {
		t.Errorf("status is %d", status)
	}
}
