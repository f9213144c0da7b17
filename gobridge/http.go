package main

import (
	"bytes"
	"cmp"
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
	basePath   string
	metrics    uint64 // whom to ask for them
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

// asked is the port that the configuration names, 0 for none and -1 for any.
func (h httpSettings) asked() int { return cmp.Or(h.securePort, h.port) }

// monitor is the HTTP listener of one server. All but its address can change while it is open.
type monitor struct {
	set       atomic.Pointer[httpSettings]
	listener  net.Listener // nil while it is paused
	bound     int          // its port
	tlsConfig func() *tls.Config
	server    http.Server
	varzs     atomic.Int64
	scrapes   atomic.Int64 // that wait for Python
}

// listenHTTP takes the address; nothing is answered before serve. Without a port it gives nil.
func listenHTTP(set httpSettings) (*monitor, error) {
	if !set.wanted() {
		return nil, nil
	}
	m := &monitor{}
	m.set.Store(&set)
	return m, m.listen(max(set.asked(), 0)) // -1 takes a free one
}

func (m *monitor) listen(port int) (err error) {
	set := m.set.Load()
	address := net.JoinHostPort(set.host, strconv.Itoa(port))
	if m.listener, err = net.Listen("tcp", address); err != nil {
		m.listener = nil
		return listenFault(set.key(), address, err)
	}
	m.bound = m.listener.Addr().(*net.TCPAddr).Port
	return nil
}

// replace listens where the settings say. Where that is the same port on another address, ours must go
// first: it is paused then.
func (m *monitor) replace(set httpSettings) (*monitor, error) {
	if m != nil && set.asked() == m.port() {
		_ = m.listener.Close()
		m.listener = nil
	}
	return listenHTTP(set)
}

// resume goes on where it was paused.
func (m *monitor) resume(s *server.Server) {
	if m == nil || m.listener != nil {
		return
	}
	if err := m.listen(m.bound); err != nil {
		s.Errorf("monitoring has lost its port: %v", err)
		return
	}
	m.accept()
}

// fits tells whether a monitor can do what the settings ask for where it listens now.
func (m *monitor) fits(set httpSettings) bool {
	if m == nil || !set.wanted() {
		return m == nil && !set.wanted()
	}
	was := m.set.Load()
	return set.host == was.host && (set.asked() == was.asked() || set.asked() == m.port())
}

func (m *monitor) port() int { return m.bound }

func (m *monitor) url() string {
	set, scheme := m.set.Load(), "http"
	if set.securePort != 0 {
		scheme = "https"
	}
	host := net.JoinHostPort(reachable(set.host), strconv.Itoa(m.port()))
	return scheme + "://" + host + strings.TrimSuffix(path.Join("/", set.basePath), "/")
}

// serve answers with the server's own handlers, on the paths that nats-server has, /debug/vars apart; and
// with Python's metrics.
func (m *monitor) serve(e *embedded) {
	s := e.srv.Load()
	handlers := map[string]http.HandlerFunc{
		server.RootPath: m.handleRoot(s), server.VarzPath: m.handleVarz(e), server.ConnzPath: s.HandleConnz,
		server.RoutezPath: s.HandleRoutez, server.GatewayzPath: s.HandleGatewayz,
		server.LeafzPath: s.HandleLeafz, server.SubszPath: s.HandleSubsz, "/subscriptionsz": s.HandleSubsz,
		server.StackszPath: s.HandleStacksz, server.AccountzPath: s.HandleAccountz,
		server.AccountStatzPath: s.HandleAccountStatz, server.JszPath: s.HandleJsz,
		server.HealthzPath: s.HandleHealthz, server.IPQueuesPath: s.HandleIPQueuesz,
		server.RaftzPath: s.HandleRaftz, metricsPath: m.handleMetrics,
	}
	// Not a ServeMux: it panics on a base path with a brace or a blank.
	m.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := path.Join("/", m.set.Load().basePath)
		name, under := strings.CutPrefix(r.URL.Path, strings.TrimSuffix(base, "/"))
		if handle, ok := handlers[cmp.Or(name, "/")]; ok && under && r.URL.Path != base+"/" {
			handle(w, r)
		} else {
			http.NotFound(w, r)
		}
	})
	m.server.ReadHeaderTimeout = 5 * time.Second
	m.server.WriteTimeout = 30 * time.Second // a page stays in memory until it is read
	m.server.ErrorLog = log.New(errorLines{s}, "", 0)
	m.tlsConfig = e.tlsConfig
	m.say(s)
	m.accept()
}

func (m *monitor) accept() {
	listener := &sometimesTLS{m.listener, m}
	go func() { _ = m.server.Serve(listener) }()
}

// adopt does from now on what the settings ask for, at the same address.
func (m *monitor) adopt(set httpSettings, s *server.Server) {
	if m == nil {
		return
	}
	if old := m.set.Swap(&set); *old != set {
		m.say(s)
	}
}

func (m *monitor) say(s *server.Server) { s.Noticef("Starting monitor on %s", m.url()) }

// sometimesTLS is a listener whose connections are TLS while there is an https_port.
type sometimesTLS struct {
	net.Listener
	monitor *monitor
}

func (l *sometimesTLS) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil || l.monitor.set.Load().securePort == 0 {
		return conn, err
	}
	// Asked for at each handshake, so that a reload's certificates are used; a client's certificate is
	// a matter of the client port.
	config := l.monitor.tlsConfig().Clone()
	config.ClientAuth = tls.NoClientCert
	return tls.Server(conn, config), nil
}

// handleRoot answers with the server's page of links, which knows no base path.
func (m *monitor) handleRoot(s *server.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = server.RootPath
		s.HandleRoot(linksUnder{w, strings.TrimSuffix(path.Join("/", m.set.Load().basePath), "/")}, r)
	}
}

// linksUnder puts the base path before the links of a page.
type linksUnder struct {
	http.ResponseWriter
	base string
}

func (l linksUnder) Write(page []byte) (int, error) {
	links := bytes.ReplaceAll(page, []byte("href=./"), []byte("href="+l.base+"/"))
	_, err := l.ResponseWriter.Write(links)
	return len(page), err
}

// handleVarz answers as the server's handler does, with the port that only we know.
func (m *monitor) handleVarz(e *embedded) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.varzs.Add(1)
		var data []byte
		v, err := e.varz()
		if err == nil {
			data, err = json.MarshalIndent(v, "", "  ")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		server.ResponseHandler(w, r, data)
	}
}

// varz is the server's Varz with what the configuration says, and the bridge does itself.
func (e *embedded) varz() (*server.Varz, error) {
	s, err := e.live()
	if err != nil {
		return nil, err
	}
	v, err := s.Varz(nil)
	if err != nil {
		return nil, err
	}
	v.MaxConn -= int(e.extra.Load())
	if m := e.http.Load(); m != nil {
		set := m.set.Load()
		v.HTTPHost, v.HTTPBasePath = set.host, set.basePath
		if set.securePort != 0 {
			v.HTTPSPort = m.port()
		} else {
			v.HTTPPort = m.port()
		}
		if v.HTTPReqStats == nil {
			v.HTTPReqStats = map[string]uint64{}
		}
		v.HTTPReqStats[server.VarzPath] += uint64(m.varzs.Load())
	}
	return v, nil
}

// close stops listening and lets running answers end, for a short while.
func (m *monitor) close() {
	if m == nil {
		return
	}
	if m.listener != nil {
		_ = m.listener.Close()
	}
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
