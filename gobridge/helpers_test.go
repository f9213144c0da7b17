package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

const patience = 20 * time.Second

// arguments are go test's: the bridge hides those of its process, see process.go.
var arguments = os.Args

// TestMain asserts that the tests left nothing alive: no server, no job, no goroutine.
func TestMain(m *testing.M) {
	_ = flag.CommandLine.Parse(arguments[1:]) // exits by itself
	before := goroutines()
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	deadline := time.Now().Add(patience)
	for servers.size() > 0 || jobs.size() > 0 || goroutines() > before {
		if time.Now().After(deadline) {
			fmt.Printf("left behind: %d servers, %d jobs, %d goroutines of %d\n",
				servers.size(), jobs.size(), goroutines(), before)
			_ = pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
			code = 1
			break
		}
		time.Sleep(time.Millisecond)
	}
	os.Exit(code)
}

func goroutines() int { return pprof.Lookup("goroutine").Count() }

// eventually waits for a condition.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// await waits for a job and takes its result.
func await(t testing.TB, handle uint64) ([]byte, error) {
	t.Helper()
	j, err := jobs.get(handle)
	check(t, err)
	eventually(t, "the job's end", func() bool { return j.watch(nobody) })
	return takeJob(handle)
}

// state is what gb_server_state says.
type state struct {
	State         string         `json:"state"`
	ServerID      string         `json:"server_id"`
	ServerName    string         `json:"server_name"`
	JetStream     bool           `json:"jetstream_enabled"`
	Ports         map[string]int `json:"ports"`
	ClientURL     string         `json:"client_url"`
	MonitoringURL string         `json:"monitoring_url"`
	WebsocketURL  string         `json:"websocket_url"`
}

func decode[T any](t testing.TB, data []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return value
}

// tryStart starts a server and waits for it.
func tryStart(t testing.TB, text string, over overlay) (uint64, state, error) {
	t.Helper()
	handle, j := startServer(text, over)
	result, err := await(t, j)
	if err != nil {
		return handle, state{}, err
	}
	t.Cleanup(func() {
		if j, err := stopServer(handle); err == nil {
			_, err := await(t, j)
			check(t, err)
		}
	})
	return handle, decode[state](t, result), nil
}

func start(t testing.TB, text string) (uint64, state) {
	t.Helper()
	handle, s, err := tryStart(t, text, overlay{})
	check(t, err)
	return handle, s
}

func stop(t testing.TB, handle uint64) {
	t.Helper()
	j, err := stopServer(handle)
	check(t, err)
	_, err = await(t, j)
	check(t, err)
}

func apply(t testing.TB, handle uint64, text string) (state, error) {
	t.Helper()
	j, err := applySettings(handle, text, overlay{})
	if err != nil {
		return state{}, err
	}
	result, err := await(t, j)
	if err != nil {
		return state{}, err
	}
	return decode[state](t, result), nil
}

func embeddedOf(t testing.TB, handle uint64) *embedded {
	t.Helper()
	e, err := servers.get(handle)
	check(t, err)
	return e
}

// connect gives a client that fails the test when it loses its connection.
func connect(t testing.TB, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	options = append(options, nats.NoReconnect(), nats.Timeout(patience))
	nc, err := nats.Connect(url, options...)
	check(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// wantFault asserts the code of an error and that its text has each of the words, and gives its facts.
func wantFault(t testing.TB, err error, code int32, words ...string) map[string]any {
	t.Helper()
	var f *fault
	if !errors.As(err, &f) {
		t.Fatalf("error is %v, not a fault", err)
	}
	if f.code != code {
		t.Errorf("code is %d, not %d: %v", f.code, code, err)
	}
	for _, word := range words {
		if !strings.Contains(f.message, word) {
			t.Errorf("%q is not in: %v", word, err)
		}
	}
	return f.facts
}

// faultPlaces are the errors of a configuration fault.
func faultPlaces(t testing.TB, err error) []place {
	t.Helper()
	found, ok := wantFault(t, err, codeConfig)["errors"].([]place)
	if !ok {
		t.Fatalf("no errors in %v", err)
	}
	return found
}

// leavesNothing runs a test that must give back all goroutines, servers and jobs. Not for parallel tests.
func leavesNothing(t *testing.T, name string, run func(t *testing.T)) {
	t.Helper()
	before := goroutines()
	t.Run(name, run)
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "no goroutine more than before "+name, func() bool { return goroutines() <= before })
	if n := servers.size() + jobs.size(); n > 0 {
		t.Errorf("%d servers and jobs are left", n)
	}
}

// taken listens on a free port of this machine for as long as the test runs.
func taken(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// freePorts are ports that nobody listened on a moment ago.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// canListen says whether a port is free.
func canListen(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		_ = l.Close()
	}
	return err == nil
}

// get reads an address over HTTP.
func get(t testing.TB, url string) (status int, header http.Header, body string) {
	t.Helper()
	return getWith(t, http.DefaultClient, url)
}

func getWith(t testing.TB, client *http.Client, url string) (status int, header http.Header, body string) {
	t.Helper()
	response, err := client.Get(url)
	check(t, err)
	data, err := io.ReadAll(response.Body)
	check(t, errors.Join(err, response.Body.Close()))
	return response.StatusCode, response.Header, string(data)
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	check(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return string(data)
}

func list(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	slices.Sort(names)
	return names
}

// certificates are files of a certificate authority and of a certificate for this machine.
type certificates struct {
	ca, cert, key string
	pool          *x509.CertPool
}

func makeCertificates(t testing.TB, name string) certificates {
	t.Helper()
	dir := t.TempDir()
	template := func(serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			BasicConstraintsValid: true,
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	ca := template(1)
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	check(t, err)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	leaf := template(2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leaf.DNSNames, leaf.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	check(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)

	encode := func(kind string, der []byte) string {
		var out bytes.Buffer
		check(t, pem.Encode(&out, &pem.Block{Type: kind, Bytes: der}))
		return out.String()
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(encode("CERTIFICATE", caDER)))
	return certificates{
		ca:   write(t, filepath.Join(dir, "ca.pem"), encode("CERTIFICATE", caDER)),
		cert: write(t, filepath.Join(dir, "cert.pem"), encode("CERTIFICATE", leafDER)),
		key:  write(t, filepath.Join(dir, "key.pem"), encode("PRIVATE KEY", keyDER)),
		pool: pool,
	}
}

func (c certificates) block() string {
	return fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q }", c.cert, c.key, c.ca)
}
