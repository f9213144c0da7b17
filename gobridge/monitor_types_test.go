package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

// monitored are the types of options and answer of each endpoint.
var monitored = map[string][2]reflect.Type{
	"accountz":  {reflect.TypeFor[server.AccountzOptions](), reflect.TypeFor[server.Accountz]()},
	"accstatz":  {reflect.TypeFor[server.AccountStatzOptions](), reflect.TypeFor[server.AccountStatz]()},
	"connz":     {reflect.TypeFor[server.ConnzOptions](), reflect.TypeFor[server.Connz]()},
	"gatewayz":  {reflect.TypeFor[server.GatewayzOptions](), reflect.TypeFor[server.Gatewayz]()},
	"healthz":   {reflect.TypeFor[server.HealthzOptions](), reflect.TypeFor[server.HealthStatus]()},
	"ipqueuesz": {reflect.TypeFor[server.IpqueueszOptions](), reflect.TypeFor[server.IpqueueszStatus]()},
	"jsz":       {reflect.TypeFor[server.JSzOptions](), reflect.TypeFor[server.JSInfo]()},
	"leafz":     {reflect.TypeFor[server.LeafzOptions](), reflect.TypeFor[server.Leafz]()},
	"raftz":     {reflect.TypeFor[server.RaftzOptions](), reflect.TypeFor[server.RaftzStatus]()},
	"routez":    {reflect.TypeFor[server.RoutezOptions](), reflect.TypeFor[server.Routez]()},
	"subsz":     {reflect.TypeFor[server.SubszOptions](), reflect.TypeFor[server.Subsz]()},
	"varz":      {reflect.TypeFor[server.VarzOptions](), reflect.TypeFor[server.Varz]()},
}

// differently are the places where our types are not nats-server's, with the reason.
var differently = map[string]string{
	"connz.state":                       "a word, as over HTTP",
	"healthz.js-enabled":                "deprecated",
	"jwt.Account.signing_keys":          "a map that is written as a list",
	"jwt.Import.type":                   "a word, but a number in a map, as in responses",
	"jwt.ServiceLatency.sampling":       "a number or a word",
	"server.AccountStatz.account_statz": neverNull,
	"server.Connz.connections":          "null only without the account, which is looked for before",
	"server.ExtImport.type":             "as jwt.Import.type",
	"server.Gatewayz.inbound_gateways":  neverNull,
	"server.Gatewayz.outbound_gateways": "null only without the name, and then ours is empty",
	"server.Leafz.leafs":                neverNull,
	"server.RaftzGroup.peers":           neverNull,
	"server.Routez.routes":              neverNull,
	"server.Varz.disk_io_wait_stats":    neverNull,
	"server.Varz.http_req_stats":        neverNull,
	"server.Varz.slow_consumer_stats":   neverNull,
}

const neverNull = "its type could be null, the server never lets it be"

// ourTypes are the structs of Python, as _build/monitoring.py writes them.
type ourTypes struct {
	Endpoints map[string]struct {
		Answer  string
		Options map[string]string
	}
	Types map[string]map[string]string
}

func TestMonitoringTypesOfTheServerAreThoseOfTheStructs(t *testing.T) {
	t.Parallel()
	found := compareTypes(readTypes(t))
	for place, reason := range differently {
		if _, ok := found[place]; !ok {
			t.Errorf("%s is an exception that is not needed: %s", place, reason)
		}
		delete(found, place)
	}
	for place, message := range found {
		t.Errorf("%s: %s", place, message)
	}
}

// A comparison that sees nothing would let everything pass.
func TestMonitoringTypesThatDifferAreSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, key, word, said string }{
		{"server.Varz", "mem", "", "int here, nothing there"},
		{"server.Varz", "new", "int", "nothing here, int there"},
		{"server.ConnInfo", "tags", "[int]", "[string] here, [int] there"},
		{"server.StreamState", "first_ts", "string", "time here, string there"},
		{"jwt.OperatorLimits", "conn", "", "int here, nothing there"},
	} {
		ours := readTypes(t)
		if delete(ours.Types[c.name], c.key); c.word != "" {
			ours.Types[c.name][c.key] = c.word
		}
		if said := compareTypes(ours)[c.name+"."+c.key]; said != c.said {
			t.Errorf("%s.%s: found %q, not %q", c.name, c.key, said, c.said)
		}
	}
}

func readTypes(t *testing.T) (ours ourTypes) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "monitoring.json"))
	check(t, err)
	check(t, json.Unmarshal(text, &ours))
	return ours
}

// compareTypes finds what differs, by the name of the type, or of the endpoint, and the key.
func compareTypes(ours ourTypes) map[string]string {
	found := map[string]string{}
	compare := func(place, here, there string) {
		if here != strings.TrimSuffix(there, " or null") && here != there {
			found[place] = cmp.Or(here, "nothing") + " here, " + cmp.Or(there, "nothing") + " there"
		}
	}
	known := map[string]reflect.Type{"jwt.UserScope": reflect.TypeFor[jwt.UserScope]()} // in jwt.SigningKeys
	for name, types := range monitored {
		compare(name, wordOf(types[1], known), ours.Endpoints[name].Answer)
		options, theirs := fieldsOf(types[0], known), ours.Endpoints[name].Options
		for _, key := range keysOf(options, theirs) {
			compare(name+"."+key, strings.TrimSuffix(options[key], " or null"), theirs[key])
		}
	}
	for seen := map[string]bool{}; len(seen) < len(known); {
		for name, of := range maps.Clone(known) {
			seen[name] = true
			fields, theirs := fieldsOf(of, known), ours.Types[name]
			for _, key := range keysOf(fields, theirs) {
				compare(name+"."+key, fields[key], theirs[key])
			}
		}
	}
	for name := range ours.Types {
		if _, ok := known[name]; !ok {
			found[name] = "is nowhere in an answer"
		}
	}
	return found
}

func keysOf(one, other map[string]string) []string {
	return slices.AppendSeq(slices.Collect(maps.Keys(one)), maps.Keys(other))
}

// fieldsOf are the keys that a struct has in JSON, and what stands there. Of two with the same key the
// outer one counts, as in encoding/json.
func fieldsOf(of reflect.Type, known map[string]reflect.Type) map[string]string {
	fields := map[string]string{}
	for i := range of.NumField() {
		field := of.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case field.Anonymous && tag == "":
			for key, word := range fieldsOf(inner, known) {
				if _, ok := fields[key]; !ok {
					fields[key] = word
				}
			}
		case field.IsExported():
			word := wordOf(field.Type, known)
			if nullable := slices.Contains(nullables, field.Type.Kind()); nullable && !strings.Contains(options, "omit") {
				word += " or null"
			}
			fields[tag] = word
		}
	}
	return fields
}

var nullables = []reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}

// wordOf says what the JSON of a type is; structs join those that are known.
func wordOf(of reflect.Type, known map[string]reflect.Type) string {
	switch {
	case of.Kind() == reflect.Pointer:
		return wordOf(of.Elem(), known)
	case of == reflect.TypeFor[time.Time]():
		return "time"
	case reflect.PointerTo(of).Implements(reflect.TypeFor[json.Marshaler]()):
		return "string"
	}
	switch of.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float64:
		return "float"
	case reflect.String:
		return "string"
	case reflect.Interface:
		return "any"
	case reflect.Slice:
		return "[" + wordOf(of.Elem(), known) + "]"
	case reflect.Map:
		return "{" + wordOf(of.Elem(), known) + "}"
	case reflect.Struct:
		known[of.String()] = of
		return of.String()
	}
	return of.Kind().String()
}
