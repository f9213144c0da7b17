package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEveryEndpointAnswers(t *testing.T) {
	t.Parallel()
	_, s := start(t, jetStream(t.TempDir())+", http_port: -1")
	for _, path := range []string{
		"varz", "connz", "routez", "gatewayz", "leafz", "subsz", "subscriptionsz", "accountz", "accstatz",
		"jsz", "healthz", "ipqueuesz",
	} {
		status, header, body := get(t, s.MonitoringURL+"/"+path)
		if status != 200 || header.Get("Content-Type") != "application/json" || !json.Valid([]byte(body)) {
			t.Errorf("/%s: %d %s %s", path, status, header, body)
		}
	}
	for path, want := range map[string]int{"/": 200, "/stacksz": 200, "/debug/vars": 404, "/debug/pprof/": 404, "/nothing": 404} {
		if status, _, _ := get(t, s.MonitoringURL+path); status != want {
			t.Errorf("%s: %d, not %d", path, status, want)
		}
	}
	if _, _, body := get(t, s.MonitoringURL+"/raftz"); body != "No Raft nodes registered" {
		t.Errorf("/raftz: %s", body)
	}
	// Ours answers as the server's own do; this version of the server knows no JSONP.
	_, ours, body := get(t, s.MonitoringURL+"/varz?callback=f")
	_, theirs, _ := get(t, s.MonitoringURL+"/connz?callback=f")
	for _, name := range []string{"Content-Type", "Access-Control-Allow-Origin"} {
		if ours.Get(name) != theirs.Get(name) {
			t.Errorf("%s is %q, not %q", name, ours.Get(name), theirs.Get(name))
		}
	}
	if !json.Valid([]byte(body)) {
		t.Errorf("with a callback: %s", body)
	}
}

func TestVarzShowsTheListenerAndItsUse(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain+", http_port: -1")
	type document struct {
		Host  string         `json:"http_host"`
		Port  int            `json:"http_port"`
		Base  string         `json:"http_base_path"`
		Stats map[string]int `json:"http_req_stats"`
	}
	get(t, s.MonitoringURL+"/connz")
	for n := range 3 {
		_, _, body := get(t, s.MonitoringURL+"/varz")
		v := decode[document](t, []byte(body))
		if v.Host != "127.0.0.1" || v.Port != s.Ports["monitoring"] || v.Stats["/varz"] != n+1 || v.Stats["/connz"] != 1 {
			t.Errorf("varz says %+v", v)
		}
	}
	data, err := embeddedOf(t, handle).document("varz", []byte("{}"))
	check(t, err)
	if v := decode[document](t, data); v.Port != s.Ports["monitoring"] || v.Stats["/varz"] != 3 {
		t.Errorf("varz says %+v", v)
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	for base, clean := range map[string]string{"nats": "/nats", "/nats": "/nats", "/nats/": "/nats", "/a/{b": "/a/{b"} {
		_, s := start(t, plain+", http_port: -1, http_base_path: \""+base+"\"")
		root, ok := strings.CutSuffix(s.MonitoringURL, clean)
		if !ok {
			t.Errorf("the URL is %s", s.MonitoringURL)
		}
		for path, want := range map[string]int{clean: 200, clean + "/varz": 200, "/varz": 404, "/": 404} {
			if status, _, _ := get(t, root+path); status != want {
				t.Errorf("%s: %d, not %d", path, status, want)
			}
		}
	}
}

// trusting gives a client that trusts an authority and asks for each handshake anew.
func trusting(c certificates) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
}

func TestHTTPSFollowsTheCertificate(t *testing.T) {
	t.Parallel()
	before, after := makeCertificates(t, "before"), makeCertificates(t, "after")
	text := func(c certificates) string {
		// A client's certificate is asked for on the client port, not here.
		return plain + ", https_port: -1, " + strings.Replace(c.block(), "}", ", verify: true }", 1)
	}
	handle, s := start(t, text(before))
	url := s.MonitoringURL + "/varz"
	if status, _, _ := getWith(t, trusting(before), url); status != 200 {
		t.Errorf("status is %d", status)
	}
	_, err := apply(t, handle, text(after))
	check(t, err)
	_, _, body := getWith(t, trusting(after), url)
	if v := decode[map[string]any](t, []byte(body)); v["https_port"] != float64(s.Ports["monitoring"]) {
		t.Errorf("https_port is %v", v["https_port"])
	}
	if _, err := trusting(before).Get(url); err == nil {
		t.Error("the old certificate is still shown")
	}
}

func TestSilentPeersDoNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	handle, s := start(t, plain+", http_port: -1")
	address := fmt.Sprintf("127.0.0.1:%d", s.Ports["monitoring"])
	for range 3 {
		peer, err := net.Dial("tcp", address)
		check(t, err)
		t.Cleanup(func() { _ = peer.Close() })
	}
	get(t, s.MonitoringURL+"/varz") // those before it are accepted, too
	began := time.Now()
	stop(t, handle)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if !canListen(s.Ports["monitoring"]) {
		t.Error("the port is still taken")
	}
}

func TestMonitorThatWasNeverServedIsClosed(t *testing.T) {
	t.Parallel()
	var none *monitor
	none.close()
	m, err := listenHTTP(httpSettings{host: "127.0.0.1", port: -1})
	check(t, err)
	port := m.port()
	m.close()
	if !canListen(port) {
		t.Error("the port is still taken")
	}
	if m, err := listenHTTP(httpSettings{host: "127.0.0.1"}); m != nil || err != nil {
		t.Errorf("without a port: %v, %v", m, err)
	}
	_, err = listenHTTP(httpSettings{host: "256.0.0.1", port: 1})
	wantFault(t, err, codeStart, "http_port")
}
