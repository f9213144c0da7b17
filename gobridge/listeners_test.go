package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// Each is a text that asks for one kind of listener on a port.
var listeners = map[string]string{
	"port":           "port: %d",
	"http_port":      "port: -1, http_port: %d",
	"cluster.port":   "port: -1, cluster { name: c, listen: \"127.0.0.1:%d\" }",
	"gateway.port":   "port: -1, gateway { name: g, listen: \"127.0.0.1:%d\" }",
	"leafnodes.port": "port: -1, leafnodes { listen: \"127.0.0.1:%d\" }",
	"websocket.port": "port: -1, websocket { listen: \"127.0.0.1:%d\", no_tls: yes }",
	"mqtt.port":      "port: -1, server_name: s, mqtt { listen: \"127.0.0.1:%d\" }",
	"prof_port":      "port: -1, prof_port: %d",
}

// listenerText fills in a port and what the kind of listener needs beside it.
func listenerText(t testing.TB, key string, port int) string {
	text := "host: 127.0.0.1, " + fmt.Sprintf(listeners[key], port)
	if key == "mqtt.port" {
		text += fmt.Sprintf(", jetstream { store_dir: %q }", t.TempDir())
	}
	return text
}

func TestTakenPortNamesItsKey(t *testing.T) {
	for key := range listeners {
		leavesNothing(t, key, func(t *testing.T) {
			port := taken(t)
			_, _, err := tryStart(t, listenerText(t, key, port), overlay{})
			address := fmt.Sprintf("127.0.0.1:%d", port)
			facts := wantFault(t, err, codePortInUse, key+": ", address)
			if facts["key"] != key || facts["address"] != address {
				t.Errorf("facts are %v", facts)
			}
		})
	}
	leavesNothing(t, "https_port", func(t *testing.T) {
		text := fmt.Sprintf("host: 127.0.0.1, port: -1, https_port: %d, %s", taken(t), makeCertificates(t, "s").block())
		_, _, err := tryStart(t, text, overlay{})
		wantFault(t, err, codePortInUse, "https_port: ")
	})
}

func TestPortsAreThoseThatListen(t *testing.T) {
	t.Parallel()
	for key := range listeners {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			_, s := start(t, listenerText(t, key, -1))
			name := strings.TrimSuffix(key, ".port")
			switch key {
			case "port":
				name = "client"
			case "http_port":
				name = "monitoring"
			case "prof_port":
				name = "prof"
			}
			want := []string{"client", name}
			for _, name := range want {
				if canListen(s.Ports[name]) || s.Ports[name] == 0 {
					t.Errorf("nobody listens on the port of %s: %v", name, s.Ports)
				}
			}
			if slices.Sort(want); len(s.Ports) != len(slices.Compact(want)) {
				t.Errorf("ports are %v", s.Ports)
			}
		})
	}
}

func TestFaultOfAListenerThatIsNoneOfOurs(t *testing.T) {
	t.Parallel()
	opts := &server.Options{Port: 1}
	for address, want := range map[string]string{"h:1": "port", "h:2": "", "h": "", "h:x": ""} {
		if key := listenerKey(address, opts); key != want {
			t.Errorf("%s belongs to %q, not %q", address, key, want)
		}
	}
	if f := fatalFault(fatalLine{text: "it is over"}, opts); f.code != codeStart || f.message != "it is over" {
		t.Errorf("fault is %+v", f)
	}
	refused := &net.OpError{Op: "listen", Err: errors.New("permission denied")}
	if f := fatalFault(fatalLine{text: "x", err: refused}, opts); f.code != codeStart || f.facts["address"] != "" {
		t.Errorf("fault is %+v", f)
	}
}

func TestReachableAddresses(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1", "10.0.0.1": "10.0.0.1",
	} {
		if got := reachable(host); got != want {
			t.Errorf("%q is reached at %q, not %q", host, got, want)
		}
	}
	if got := listenURL("nats", "tls", true, "::", 5); got != "tls://[::1]:5" {
		t.Errorf("the URL is %s", got)
	}
}
