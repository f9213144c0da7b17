package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// httpSettings is what the configuration says of monitoring over HTTP. The listener is ours, because
// the server's own can neither move while it runs nor fail without ending the process, and has an
// endpoint that shows the host program's command line.
type httpSettings struct {
	host       string
	port       int
	securePort int
}

func (h httpSettings) wanted() bool { return h.port != 0 || h.securePort != 0 }

func (h httpSettings) key() string {
	if h.securePort != 0 {
		return "https_port"
	}
	return "http_port"
}

func (h httpSettings) validate(opts *server.Options) error {
	if h.port != 0 && h.securePort != 0 {
		return configFault("https_port", "http_port and https_port cannot both be set")
	}
	if h.securePort != 0 && opts.TLSConfig == nil {
		return configFault("https_port", "HTTPS needs a tls block with a certificate and a key")
	}
	return nil
}

// monitor is the HTTP listener of one server.
type monitor struct {
	set      httpSettings
	listener net.Listener
	server   http.Server
	varzs    atomic.Int64
}

// listenHTTP takes the address; nothing is answered before serve. Without a port it gives nil.
func listenHTTP(set httpSettings) (*monitor, error) {
	if !set.wanted() {
		return nil, nil
	}
	port := max(set.port, set.securePort, 0) // -1 takes a free one
	address := net.JoinHostPort(set.host, strconv.Itoa(port))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenFault(set.key(), address, err)
	}
	return &monitor{set: set, listener: listener}, nil
}

func (m *monitor) port() int { return m.listener.Addr().(*net.TCPAddr).Port }

func (m *monitor) url(base string) string {
	scheme := "http"
	if m.set.securePort != 0 {
		scheme = "https"
	}
	host := net.JoinHostPort(reachable(m.set.host), strconv.Itoa(m.port()))
	return scheme + "://" + host + strings.TrimSuffix(path.Join("/", base), "/")
}

// serve answers with the server's own handlers, on the paths that nats-server has, /debug/vars apart.
func (m *monitor) serve(s *server.Server, base string, tlsConfig func() *tls.Config) {
	handlers := map[string]http.HandlerFunc{}
	for name, handle := range map[string]http.HandlerFunc{
		server.RootPath: s.HandleRoot, server.VarzPath: m.handleVarz(s), server.ConnzPath: s.HandleConnz,
		server.RoutezPath: s.HandleRoutez, server.GatewayzPath: s.HandleGatewayz,
		server.LeafzPath: s.HandleLeafz, server.SubszPath: s.HandleSubsz, "/subscriptionsz": s.HandleSubsz,
		server.StackszPath: s.HandleStacksz, server.AccountzPath: s.HandleAccountz,
		server.AccountStatzPath: s.HandleAccountStatz, server.JszPath: s.HandleJsz,
		server.HealthzPath: s.HandleHealthz, server.IPQueuesPath: s.HandleIPQueuesz,
		server.RaftzPath: s.HandleRaftz,
	} {
		handlers[path.Join("/", base, name)] = handle
	}
	// Not a ServeMux: it panics on a base path with a brace or a blank.
	m.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle, ok := handlers[r.URL.Path]; ok {
			handle(w, r)
		} else {
			http.NotFound(w, r)
		}
	})
	m.server.ReadHeaderTimeout = 5 * time.Second
	m.server.ErrorLog = log.New(errorLines{s}, "", 0)
	listener := m.listener
	scheme := "http"
	if m.set.securePort != 0 {
		scheme = "https"
		listener = tls.NewListener(listener, &tls.Config{
			MinVersion: tls.VersionTLS12,
			// Asked at each handshake, so that a reload's certificates are used; a client's certificate
			// is a matter of the client port.
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				config := tlsConfig().Clone()
				config.ClientAuth = tls.NoClientCert
				return config, nil
			},
		})
	}
	s.Noticef("Starting %s monitor on %s", scheme, net.JoinHostPort(m.set.host, strconv.Itoa(m.port())))
	go func() { _ = m.server.Serve(listener) }()
}

// handleVarz answers as the server's handler does, with the port that only we know.
func (m *monitor) handleVarz(s *server.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.varzs.Add(1)
		data, err := m.varz(s)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		server.ResponseHandler(w, r, data)
	}
}

// varz is the server's Varz with the monitoring listener in it. m may be nil.
func (m *monitor) varz(s *server.Server) ([]byte, error) {
	v, err := s.Varz(nil)
	if err != nil {
		return nil, err
	}
	if m != nil {
		v.HTTPHost = m.set.host
		if m.set.securePort != 0 {
			v.HTTPSPort = m.port()
		} else {
			v.HTTPPort = m.port()
		}
		if v.HTTPReqStats == nil {
			v.HTTPReqStats = map[string]uint64{}
		}
		v.HTTPReqStats[server.VarzPath] += uint64(m.varzs.Load())
	}
	return json.MarshalIndent(v, "", "  ")
}

// close stops listening and lets running answers end, for a short while.
func (m *monitor) close() {
	if m == nil {
		return
	}
	_ = m.listener.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if m.server.Shutdown(ctx) != nil {
		_ = m.server.Close()
	}
}

// errorLines writes what net/http reports to the server's log.
type errorLines struct{ s *server.Server }

func (e errorLines) Write(line []byte) (int, error) {
	e.s.Errorf("monitoring: %s", strings.TrimSpace(strings.TrimPrefix(string(line), "http:")))
	return len(line), nil
}
