package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/conf"
	"github.com/nats-io/nats-server/v2/server"
)

// overlay is what Python says beside the configuration text, because no key can say it.
type overlay struct {
	DontListen   bool     `json:"dont_listen"`
	Stderr       bool     `json:"stderr"`        // log lines go to stderr where the text names no other place
	PrivateStore bool     `json:"private_store"` // store_dir is removed when the server has stopped
	Name         string   `json:"name"`          // of the controller, for the holder of a store lock
	Callout      *callout `json:"callout"`       // nil: Python does not decide who may log in
	Events       *watch   `json:"events"`        // nil: Python wants to hear of none
	Metrics      uint64   `json:"metrics"`       // whom to ask at /metrics, see ask; 0 is nobody
	Warnings     []string `json:"warnings"`      // for the log, once the text is in force
}

// inside is how many connections the bridge itself makes.
func (o overlay) inside() int {
	n := 0
	if o.Callout != nil {
		n++
	}
	if o.Events.connects() {
		n++
	}
	return n
}

// settings are one configuration of one server. The server keeps the Options it is given as its live
// ones, so settings are parsed anew for every start and every reload and never cloned.
type settings struct {
	text     string
	overlay  overlay
	warnings []place
	opts     *server.Options
	log      logSettings
	http     httpSettings
	portsDir string
	asked    []int // the ports that the text names, as portFields
	extra    int   // how much higher max_connections is than the text says
}

// portFields are the ports of the listeners that are the server's own. It writes those that it has
// found there.
func (s *settings) portFields() []*int {
	o := s.opts
	return []*int{
		&o.Port, &o.Cluster.Port, &o.Gateway.Port, &o.LeafNode.Port, &o.Websocket.Port, &o.MQTT.Port,
		&o.ProfPort,
	}
}

// portsFound are their values.
func (s *settings) portsFound() []int {
	ports := []int{}
	for _, port := range s.portFields() {
		ports = append(ports, *port)
	}
	return ports
}

// keepPorts has listeners that were to take any port, and still are, take the one that they found.
func (s *settings) keepPorts(before *settings) {
	found := before.portsFound()
	for i, port := range s.portFields() {
		if *port == server.RANDOM_PORT && before.asked[i] == server.RANDOM_PORT {
			*port = found[i]
		}
	}
}

// restoreProfPort makes the one port that the server does not write into its options, and compares at
// a reload, what the text says again. It is read at the start only.
func (s *settings) restoreProfPort() {
	s.opts.ProfPort = s.asked[len(s.asked)-1]
}

// newOptions are where the nats-server command starts from, too: its log lines have a time.
func newOptions() *server.Options { return &server.Options{Logtime: true} }

func parseSettings(text string, over overlay) (*settings, error) {
	opts, warnings := newOptions(), []place{}
	if text != "" {
		var err error
		if warnings, err = problems(opts.ProcessConfigString(text), "", text); err == nil {
			err = bounded(opts)
		}
		if err != nil {
			closeResolver(opts)
			return nil, err
		}
	}
	s, err := overlaid(text, over, opts)
	if err != nil {
		closeResolver(opts)
		return nil, err
	}
	s.warnings = warnings
	return s, nil
}

// overlaid lays over the parsed options what an embedded server needs, and takes out of them what the
// bridge does itself.
func overlaid(text string, over overlay, opts *server.Options) (*settings, error) {
	s := &settings{text: text, overlay: over, opts: opts}
	opts.NoSigs = true // else the server takes SIGINT and SIGTERM and exits the process
	opts.NoLog = true  // else a reload replaces our logger by one that exits
	opts.DisableJetStreamBanner = true
	opts.DontListen = over.DontListen
	opts.ConfigFile = ""
	listSingleUser(opts)
	if err := over.Callout.install(opts); err != nil {
		return nil, err
	}
	opts.AlwaysEnableNonce = opts.AuthCallout != nil // else nobody could have an nkey
	if over.Events.connects() {
		if err := watcherFault(opts, over.Events.Credentials); err != nil {
			return nil, err
		}
	}
	admitWatcher(opts, over.Events.connects())
	if opts.MaxConn > 0 {
		s.extra = over.inside() // who connects inside takes nobody's place
		opts.MaxConn += s.extra
	}

	s.log = logSettings{
		stderr: over.Stderr, file: opts.LogFile, sizeLimit: opts.LogSizeLimit, maxFiles: opts.LogMaxFiles,
		syslog: opts.Syslog, remoteSyslog: opts.RemoteSyslog, logtime: opts.Logtime, utc: opts.LogtimeUTC,
	}
	opts.LogFile, opts.LogSizeLimit, opts.LogMaxFiles = "", 0, 0
	opts.Syslog, opts.RemoteSyslog = false, ""

	s.http = httpSettings{
		host: cmp.Or(opts.HTTPHost, opts.Host, server.DEFAULT_HOST),
		port: opts.HTTPPort, securePort: opts.HTTPSPort, basePath: opts.HTTPBasePath, metrics: over.Metrics,
	}
	opts.HTTPHost, opts.HTTPPort, opts.HTTPSPort, opts.HTTPBasePath = "", 0, 0, ""
	s.portsDir, opts.PortsFileDir = opts.PortsFileDir, ""
	s.asked = s.portsFound()
	return s, nil
}

// listSingleUser makes a list of one of a user who stands alone in the authorization block: it means
// the same, but a reload closes the clients of a single user, whatever was changed. Where the server
// allows no list, or it would mean something else, the user stays single.
func listSingleUser(opts *server.Options) {
	ws, mqtt := &opts.Websocket, &opts.MQTT
	special := opts.NoAuthUser + ws.NoAuthUser + mqtt.NoAuthUser + listenerLogins(opts)
	if opts.Username == "" || opts.Users != nil || opts.Nkeys != nil ||
		opts.TLSMap || ws.TLSMap || mqtt.TLSMap || special != "" {
		return
	}
	opts.Users = []*server.User{{
		Username: opts.Username, Password: opts.Password, ProxyRequired: opts.ProxyRequired,
	}}
	opts.Username, opts.Password, opts.ProxyRequired = "", "", false
}

// located is a token of the server's parser: a value and where it stood.
type located interface {
	Value() any
	Line() int
	Position() int
	SourceFile() string
	IsUsedVariable() bool
}

// keyPaths maps "line:column" of every value in a text to its key path.
func keyPaths(text string) map[string]string {
	out := map[string]string{}
	if m, err := conf.ParseWithChecks(text); err == nil {
		visitKeys("", m, func(path string, t located) {
			out[fmt.Sprintf("%d:%d", t.Line(), t.Position())] = path
		})
	}
	return out
}

// visitKeys shows every token below a value, with its key path.
func visitKeys(path string, value any, visit func(path string, t located)) {
	if t, ok := value.(located); ok {
		visit(path, t)
		value = t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			visitKeys(joinKey(path, key), item, visit)
		}
	case []any:
		for i, item := range v {
			visitKeys(joinIndex(path, i), item, visit)
		}
	}
}

func joinKey(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func joinIndex(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// problems makes a fault of what the server's parser reports: every error and every warning, in a
// stable order, each with its key path if the text came from us and with file:line:column if not.
// Warnings alone are no fault.
func problems(err error, file, ourText string) (warnings []place, fault error) {
	if err == nil {
		return []place{}, nil
	}
	var all interface {
		Errors() []error
		Warnings() []error
	}
	if !errors.As(err, &all) {
		return nil, configFaults([]place{syntaxPlace(err, file, ourText)}, nil)
	}
	paths := keyPaths(ourText)
	warnings = places(all.Warnings(), file, paths)
	if len(all.Errors()) == 0 {
		return warnings, nil
	}
	return nil, configFaults(places(all.Errors(), file, paths), warnings)
}

func places(errs []error, file string, paths map[string]string) []place {
	found := make([]place, 0, len(errs))
	for _, err := range errs {
		where := source(err)
		message := strings.TrimPrefix(err.Error(), where+": ")
		if where == "" || where[0] == ':' { // a file that was processed as a text
			where = file + where
		}
		if path, ok := paths[strings.TrimPrefix(where, ":")]; ok {
			where = path
		} else {
			where = countedFromOne(where)
		}
		found = append(found, place{where, plainWords(message)})
	}
	slices.SortFunc(found, func(a, b place) int {
		return naturally(a[0]+" "+a[1], b[0]+" "+b[1])
	})
	return slices.Compact(found)
}

// source is where the error stands, or "": some errors of the server have no position, and say so by
// a panic.
func source(err error) (where string) {
	defer func() { _ = recover() }()
	var at interface{ Source() string }
	if errors.As(err, &at) {
		where = at.Source()
	}
	return where
}

var (
	wrongType = regexp.MustCompile(`interface conversion: interface \{\} is ([\w.\[\]{} ]+), not ([\w.\[\]{} ]+)`)
	digits    = regexp.MustCompile(`\d+`)
)

var typeWords = map[string]string{
	"string": "a string", "int64": "an integer", "float64": "a number", "bool": "true or false",
	"map[string]interface {}": "a block", "[]interface {}": "a list", "nil": "nothing",
}

// plainWords translates the type errors, which the server's parser reports as recovered Go panics.
func plainWords(message string) string {
	m := wrongType.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	word := func(goType string) string {
		if w, ok := typeWords[goType]; ok {
			return w
		}
		return goType
	}
	return fmt.Sprintf("expected %s, got %s", word(m[2]), word(m[1]))
}

// naturally orders texts with the numbers in them by value: line 9 before line 10.
func naturally(a, b string) int {
	pad := func(s string) string {
		return digits.ReplaceAllStringFunc(s, func(d string) string { return fmt.Sprintf("%012s", d) })
	}
	return strings.Compare(pad(a), pad(b))
}

// closeResolver ends the goroutines of options that no server will take: parsing starts them.
func closeResolver(opts *server.Options) {
	if opts != nil && opts.AccountResolver != nil {
		opts.AccountResolver.Close()
	}
}

func parseOverlay(data []byte) (overlay, error) {
	var over overlay
	err := json.Unmarshal(data, &over)
	return over, err
}
