package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// otherwise are the places where our keys are not nats-server's, with the reason.
var otherwise = map[string]string{
	"http_host":             "ours: a file has it in http and https",
	"ocsp.urls":             "wants a []string, and a file gives a []any: nobody can write it",
	"gateway.gateways.urls": "one field for url and urls, which are two keys there",
}

// What differs below a key, whichever side it is.
const (
	oneHasABlock     = "a block of nats-server's, and none of ours, or the other way round"
	oneHasNames      = "names of the user's own there, and not here, or the other way round"
	oneHasLetterCase = "letter case counts there, and not here, or the other way round"
)

// A block of the configuration file, with the keys that it may have.
type block struct {
	keys  []*key
	exact bool     // in lower case only
	only  []string // of the keys; nil is all
	named *block   // what stands below a name, where the keys are names of the user's own
}

// A key of a block, with all its spellings. Values in a list stand for themselves.
type key struct {
	spellings []string
	below     *block
}

// An ourBlock is a struct's side, as _build/keys.py writes it.
type ourBlock struct {
	Exact bool
	Keys  map[string]ourKey
}

type ourKey struct {
	Aliases []string
	Block   string
	Named   bool
	Only    []string
}

func TestKeysOfTheServerAreThoseOfTheStructs(t *testing.T) {
	t.Parallel()
	found := compareKeys(readParser(t), readStructs(t))
	for place, reason := range otherwise {
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
func TestKeysThatDifferAreSeen(t *testing.T) {
	t.Parallel()
	server := readParser(t)
	for _, c := range []struct {
		class, name string
		key         *ourKey // nil: the class loses it
		place, said string
	}{
		{"BrokerConfiguration", "max_payload", nil, "max_payload", "nats-server has it, BrokerConfiguration has not"},
		{"TlsConfiguration", "ca_file", nil, "cluster.tls.ca_file", "nats-server has it, TlsConfiguration has not"},
		{"OcspPeerConfiguration", "verify", nil, "mqtt.tls.ocsp_peer.verify", "nats-server has it, OcspPeerConfiguration has not"},
		{"ResolverConfiguration", "ttl", nil, "resolver.ttl", "nats-server has it, ResolverConfiguration has not"},
		{"AccountLimitsConfiguration", "max_conns", &ourKey{}, "accounts.*.limits.max_conns",
			"AccountLimitsConfiguration has it, nats-server has not"},
		{"MqttConfiguration", "ack_wait", &ourKey{}, "mqtt.ackwait", "another spelling of ack_wait that MqttConfiguration does not know"},
		{"MqttConfiguration", "ack_wait", &ourKey{Aliases: []string{"ackwait", "wait"}}, "mqtt.wait",
			"MqttConfiguration has it, nats-server has not"},
		{"JetStreamLimitsConfiguration", "batch", &ourKey{}, "jetstream.limits.batch", oneHasABlock},
		{"WebsocketConfiguration", "headers", &ourKey{}, "websocket.headers", oneHasNames},
		{"LeafNodeProxyConfiguration", "tls", &ourKey{Block: "TlsConfiguration"}, "leafnodes.remotes.proxy.tls.verify",
			"TlsConfiguration has it, nats-server has not"},
		{"LeafNodeConfiguration", "compression", &ourKey{Block: "ResolverConfiguration"}, "leafnodes.compression", oneHasLetterCase},
	} {
		structs := readStructs(t)
		if c.key == nil {
			delete(structs[c.class].Keys, c.name)
		} else {
			structs[c.class].Keys[c.name] = *c.key
		}
		if found := compareKeys(server, structs); found[c.place] != c.said {
			t.Errorf("%s: found %q, not %q", c.place, found[c.place], c.said)
		}
	}
}

func readStructs(t *testing.T) map[string]ourBlock {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "keys.json"))
	check(t, err)
	var document struct{ Blocks map[string]ourBlock }
	check(t, json.Unmarshal(text, &document))
	return document.Blocks
}

// compareKeys finds what differs, by the place of each key.
func compareKeys(server *block, structs map[string]ourBlock) map[string]string {
	found := map[string]string{}
	compareBlock("", server, "BrokerConfiguration", nil, structs, found)
	return found
}

func compareBlock(
	place string, server *block, class string, only []string, structs map[string]ourBlock, found map[string]string,
) {
	ours := structs[class]
	if server.exact != ours.Exact {
		found[strings.TrimSuffix(place, ".")] = oneHasLetterCase
	}
	names := map[string]string{} // by spelling
	for name, key := range ours.Keys {
		if only == nil || slices.Contains(only, name) {
			for _, spelling := range append(key.Aliases, name) {
				names[spelling] = name
			}
		}
	}
	seen := map[string]bool{}
	for _, key := range server.keys {
		if server.only != nil && !slices.Contains(server.only, key.spellings[0]) {
			continue
		}
		at := slices.IndexFunc(key.spellings, func(spelling string) bool { return names[spelling] != "" })
		if at < 0 {
			found[place+key.spellings[0]] = "nats-server has it, " + class + " has not"
			continue
		}
		name := names[key.spellings[at]]
		if seen[name] {
			found[place+name] = "one field of " + class + " for several keys of nats-server's"
		}
		seen[name] = true
		for _, spelling := range key.spellings {
			if names[spelling] != name {
				found[place+spelling] = "another spelling of " + name + " that " + class + " does not know"
			}
			delete(names, spelling)
		}
		compareBelow(place+name, key.below, ours.Keys[name], structs, found)
	}
	for spelling := range names {
		found[place+spelling] = class + " has it, nats-server has not"
	}
}

func compareBelow(
	place string, server *block, ours ourKey, structs map[string]ourBlock, found map[string]string,
) {
	if (server.named != nil) != ours.Named {
		found[place] = oneHasNames
		return
	}
	inner := place + "."
	if server.named != nil {
		server, inner = server.named, place+".*."
	}
	if (len(server.keys) > 0) != (ours.Block != "") {
		found[place] = oneHasABlock
	} else if ours.Block != "" {
		compareBlock(inner, server, ours.Block, ours.Only, structs, found)
	}
}

// A keyReader finds keys in the sources of the parser.
type keyReader struct {
	types.Info
	functions map[types.Object]*ast.FuncDecl
	variables map[types.Object]ast.Expr // of the package, with their values
	keys      map[types.Object]bool     // variables that hold a key
	faults    []string
}

// readParser reads which keys nats-server's parser takes, from the sources of the version in go.mod.
func readParser(t *testing.T) *block {
	t.Helper()
	pkg, err := build.Import("github.com/nats-io/nats-server/v2/server", ".", 0)
	check(t, err)
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(pkg.Dir, name), nil, 0)
		check(t, err)
		parsed = append(parsed, file)
	}
	r := keyReader{
		Info: types.Info{
			Types: map[ast.Expr]types.TypeAndValue{},
			Defs:  map[*ast.Ident]types.Object{},
			Uses:  map[*ast.Ident]types.Object{},
		},
		functions: map[types.Object]*ast.FuncDecl{},
		variables: map[types.Object]ast.Expr{},
		keys:      map[types.Object]bool{},
	}
	// Without the packages that it imports much is unknown, but nothing of maps, strings and tokens.
	checker := types.Config{Importer: noImports{}, Error: func(error) {}}
	_, _ = checker.Check(pkg.ImportPath, files, parsed, &r.Info)
	root := r.declarations(parsed)
	if root == nil {
		t.Fatal("nats-server has no processConfigFileLine any more: where does it read its keys?")
	}
	r.keys[r.Defs[root.Type.Params.List[0].Names[0]]] = true
	top := &block{}
	r.read(root.Body, top, nil)
	for _, fault := range r.faults {
		t.Error(fault)
	}
	return top
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// declarations notes functions and variables, and finds the function that reads the top level.
func (r *keyReader) declarations(files []*ast.File) (root *ast.FuncDecl) {
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				r.functions[r.Defs[declaration.Name]] = declaration
				if declaration.Name.Name == "processConfigFileLine" {
					root = declaration
				}
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					if value, ok := spec.(*ast.ValueSpec); ok && len(value.Values) == len(value.Names) {
						for i, name := range value.Names {
							r.variables[r.Defs[name]] = value.Values[i]
						}
					}
				}
			}
		}
	}
	return root
}

// read adds the keys that a piece of code knows. A block is read there in one of these ways: a range
// over its map with a switch over the keys, a look at a single key, a call of another function.
func (r *keyReader) read(code ast.Node, b *block, callers []*ast.FuncDecl) {
	ast.Inspect(code, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.RangeStmt:
			if name, ok := node.Key.(*ast.Ident); ok && name.Name != "_" && r.isMap(node.X) {
				return r.readRange(node, r.Defs[name], b, callers)
			}
		case *ast.SwitchStmt:
			if variable, exact := r.keyOf(node.Tag); r.keys[variable] {
				b.exact = exact
				r.readSwitch(node, b, callers)
				return false
			}
		case *ast.IndexExpr:
			if literal, ok := node.Index.(*ast.BasicLit); ok && r.isMap(node.X) {
				b.exact = true
				b.add(&key{[]string{r.text(literal)}, &block{}})
			}
		case *ast.CallExpr:
			if name, ok := node.Fun.(*ast.Ident); ok {
				function := r.functions[r.Uses[name]]
				if function != nil && r.takesValue(function) && !slices.Contains(callers, function) {
					r.read(function.Body, b, append(slices.Clip(callers), function))
				}
			}
		}
		return true
	})
}

// readRange reads a range over a map. Without a switch the map's keys are names of the user's own, but
// where they are looked up in a list of keys.
func (r *keyReader) readRange(node *ast.RangeStmt, variable types.Object, b *block, callers []*ast.FuncDecl) bool {
	switched, listed := false, ast.Expr(nil)
	ast.Inspect(node.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SwitchStmt:
			found, _ := r.keyOf(node.Tag)
			switched = switched || found == variable
		case *ast.IndexExpr:
			if name, ok := node.X.(*ast.Ident); ok && r.variables[r.Uses[name]] != nil {
				if found, _ := r.keyOf(node.Index); found == variable {
					listed = r.variables[r.Uses[name]]
				}
			}
		}
		return true
	})
	if switched {
		r.keys[variable] = true
		return true
	}
	if list, ok := listed.(*ast.CompositeLit); ok {
		for _, element := range list.Elts {
			b.only = append(b.only, r.text(element.(*ast.KeyValueExpr).Key))
		}
	} else {
		b.named = &block{}
		r.read(node.Body, b.named, callers)
	}
	return false
}

func (r *keyReader) readSwitch(node *ast.SwitchStmt, b *block, callers []*ast.FuncDecl) {
	for _, statement := range node.Body.List {
		clause := statement.(*ast.CaseClause)
		if clause.List == nil {
			continue
		}
		k := &key{below: &block{}}
		for _, spelling := range clause.List {
			k.spellings = append(k.spellings, r.text(spelling))
		}
		for _, statement := range clause.Body {
			r.read(statement, k.below, callers)
		}
		b.add(k)
	}
}

// add adds a key, once: some code is called from two places.
func (b *block) add(k *key) {
	if !slices.ContainsFunc(b.keys, func(other *key) bool { return slices.Equal(other.spellings, k.spellings) }) {
		b.keys = append(b.keys, k)
	}
}

// keyOf gives the variable that holds a key, and whether its letter case counts.
func (r *keyReader) keyOf(expression ast.Expr) (variable types.Object, exact bool) {
	exact = true
	if call, ok := expression.(*ast.CallExpr); ok && types.ExprString(call.Fun) == "strings.ToLower" {
		expression, exact = call.Args[0], false
	}
	if name, ok := expression.(*ast.Ident); ok {
		return r.Uses[name], exact
	}
	return nil, exact
}

func (r *keyReader) text(expression ast.Expr) string {
	if literal, ok := expression.(*ast.BasicLit); ok {
		if text, err := strconv.Unquote(literal.Value); err == nil {
			return text
		}
	}
	r.faults = append(r.faults, fmt.Sprintf("a key that is no string: %s", types.ExprString(expression)))
	return ""
}

// isMap tells whether an expression is a block as the parser of the file gives it.
func (r *keyReader) isMap(expression ast.Expr) bool {
	is, ok := r.TypeOf(expression).(*types.Map)
	return ok && types.Identical(is.Key(), types.Typ[types.String]) && isAny(is.Elem())
}

// takesValue tells whether a function can be given something of the file.
func (r *keyReader) takesValue(function *ast.FuncDecl) bool {
	return slices.ContainsFunc(function.Type.Params.List, func(field *ast.Field) bool {
		return types.ExprString(field.Type) == "token" || r.isMap(field.Type) || isAny(r.TypeOf(field.Type))
	})
}

func isAny(of types.Type) bool {
	is, ok := of.Underlying().(*types.Interface)
	return ok && is.Empty()
}
