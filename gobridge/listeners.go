package main

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// listenFault says that a listener could not be opened, and for which key.
func listenFault(key, address string, err error) *fault {
	code := codeStart
	if addressInUse(err) {
		code = codePortInUse
	}
	return faultf(code, "%s: cannot listen on %s: %v", key, address, err).about(key).with("address", address)
}

// fatalFault makes a fault of the line with which the server gave up, by the error among its arguments.
func fatalFault(line fatalLine, opts *server.Options) *fault {
	var op *net.OpError
	if errors.As(line.err, &op) && op.Op == "listen" {
		address, key := "", ""
		if op.Addr != nil {
			address = op.Addr.String()
			key = listenerKey(address, opts)
		}
		return listenFault(key, address, line.err)
	}
	f := faultf(codeStart, "%s", line.text)
	for _, hint := range fatalHints {
		if strings.Contains(line.text, hint.text) {
			return f.about(hint.key)
		}
	}
	return f
}

// fatalHints tell by the server's words which key it gave up for; it has nothing else to tell by.
var fatalHints = []struct{ text, key string }{
	{"pidfile", "pid_file"}, {"ClientAdvertise", "client_advertise"}, {"JetStream", "jetstream"},
}

// listenerKey is the key that asked for an address. No two listeners of a server share a port.
func listenerKey(address string, opts *server.Options) string {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return ""
	}
	for _, l := range []struct {
		key  string
		port int
	}{
		{"port", opts.Port}, {"cluster.port", opts.Cluster.Port}, {"gateway.port", opts.Gateway.Port},
		{"leafnodes.port", opts.LeafNode.Port}, {"websocket.port", opts.Websocket.Port},
		{"mqtt.port", opts.MQTT.Port}, {"prof_port", opts.ProfPort},
	} {
		if l.port == port {
			return l.key
		}
	}
	return ""
}

// boundPorts are the ports that a running server listens on, by the block that asked for them.
func boundPorts(s *server.Server, opts *server.Options, m *monitor) map[string]int {
	ports := map[string]int{}
	add := func(name string, address net.Addr) {
		if tcp, ok := address.(*net.TCPAddr); ok && tcp != nil {
			ports[name] = tcp.Port
		}
	}
	if !opts.DontListen {
		add("client", s.Addr())
	}
	if opts.Cluster.Port != 0 {
		add("cluster", s.ClusterAddr())
	}
	if opts.ProfPort != 0 {
		if address := s.ProfilerAddr(); address != nil {
			add("prof", address)
		}
	}
	// The server writes the ports that it found into its options, before it is ready.
	for name, port := range map[string]int{
		"gateway": opts.Gateway.Port, "leafnodes": opts.LeafNode.Port,
		"websocket": opts.Websocket.Port, "mqtt": opts.MQTT.Port,
	} {
		if port > 0 {
			ports[name] = port
		}
	}
	if m != nil {
		ports["monitoring"] = m.port()
	}
	return ports
}

// reachable is an address that a client on this machine can connect to, for one to listen on.
func reachable(host string) string {
	switch host {
	case "", "0.0.0.0":
		return "127.0.0.1"
	case "::", "[::]":
		return "::1"
	}
	return host
}
