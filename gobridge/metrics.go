package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	metricsPath   = "/metrics"
	scrapeTimeout = 2 * time.Second // a busy interpreter must not hold up who watches it
	mostScrapes   = 16              // wait at once: logins are asked about in the same way
)

// scrape is a request for the metrics, as Python hears of it.
type scrape struct {
	Query          string `json:"query"`
	Accept         string `json:"accept"`
	AcceptEncoding string `json:"accept_encoding"`
}

// scraped is the first line of what Python answers; the body follows.
type scraped struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
}

// handleMetrics passes a request on to Python, where the makers of such pages are. It holds no lock.
func (m *monitor) handleMetrics(w http.ResponseWriter, r *http.Request) {
	whom := m.set.Load().metrics
	if whom == 0 {
		http.NotFound(w, r)
		return
	}
	answer, err := m.askForMetrics(r, whom)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	head, body, _ := bytes.Cut(answer, []byte("\n"))
	var page scraped
	if err := json.Unmarshal(head, &page); err != nil {
		http.Error(w, "the metrics could not be made: the log of the program says why", http.StatusInternalServerError)
		return
	}
	for name, value := range page.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(page.Status)
	_, _ = w.Write(body)
}

func (m *monitor) askForMetrics(r *http.Request, whom uint64) ([]byte, error) {
	defer m.scrapes.Add(-1) // before the page is written: who does not read it keeps nobody else from one
	if m.scrapes.Add(1) > mostScrapes {
		return nil, errors.New("too many requests for metrics wait")
	}
	data, err := json.Marshal(scrape{
		Query: r.URL.RawQuery, Accept: strings.Join(r.Header.Values("Accept"), ","),
		AcceptEncoding: strings.Join(r.Header.Values("Accept-Encoding"), ","),
	})
	if err != nil {
		return nil, err
	}
	// Python makes the page also for who has gone, so that he counts until then.
	answer, err := ask(context.WithoutCancel(r.Context()), scrapeTimeout, whom, data)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("the program did not answer within %v", scrapeTimeout)
	}
	return answer, err
}
