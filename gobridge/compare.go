package main

import (
	"crypto/tls"
	"reflect"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// notOptions are fields of Options that hold no setting: where it came from and what was said where.
var notOptions = map[string]bool{"configDigest": true, "inConfig": true, "inCmdLine": true, "authBlockDefined": true}

// settingsOf names what can be configured of types that hold more. The rest is the state of a running
// server and must not even be read: the server changes it, under locks of its own.
var settingsOf = map[string]string{
	"server.Account": "Name Nkey mappings imports exports jsLimits nrgAccount limits defaultPerms " +
		"traceDest traceDestSampling",
	"server.importMap":         "streams services",
	"server.exportMap":         "streams services",
	"server.serviceImport":     "acc from to tr rt latency usePub invalid share atrc",
	"server.serviceExport":     "exportAuth respType latency respThresh atrc",
	"server.MemAccResolver":    "",
	"server.URLAccResolver":    "url",
	"server.DirAccResolver":    "DirJWTStore syncInterval fetchTimeout",
	"server.DirJWTStore":       "directory shard readonly deleteType expiration",
	"server.expirationTracker": "limit evictOnLimit ttl",
}

// differences names the options that differ between two configurations, nested ones with a dot.
// reflect.DeepEqual does not serve: it finds functions, locks and random keys always different.
func differences(a, b *server.Options) []string {
	names := []string{}
	compareFields("", reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), &names)
	return names
}

func compareFields(prefix string, a, b reflect.Value, names *[]string) {
	for i := range a.NumField() {
		field := a.Type().Field(i)
		name := prefix + field.Name
		switch {
		case notOptions[field.Name]:
		case field.Type.Kind() == reflect.Struct && field.IsExported() && prefix == "":
			compareFields(name+".", a.Field(i), b.Field(i), names)
		case field.Name == "Accounts" && prefix == "":
			if !sameItems(items(a.Field(i)), items(b.Field(i)), sameFields) {
				*names = append(*names, name)
			}
		case !same(a.Field(i), b.Field(i)):
			*names = append(*names, name)
		}
	}
}

// same compares two values by what can be configured. An account that another part refers to is its
// name.
func same(a, b reflect.Value) bool {
	if a.IsValid() != b.IsValid() {
		return false
	}
	if !a.IsValid() {
		return true
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return a.IsNil() == b.IsNil()
	case reflect.Interface:
		return same(a.Elem(), b.Elem())
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		if a.Type() == reflect.TypeFor[*server.Account]() {
			return same(a.Elem().FieldByName("Name"), b.Elem().FieldByName("Name"))
		}
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		if pkg := a.Type().PkgPath(); pkg == "sync" || pkg == "sync/atomic" || pkg == "math/rand" {
			return true
		}
		return sameFields(a, b)
	case reflect.Slice, reflect.Array:
		return sameItems(items(a), items(b), same)
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if !same(a.MapIndex(key), b.MapIndex(key)) {
				return false
			}
		}
		return true
	default:
		return a.Equal(b)
	}
}

// sameFields compares structs, or what pointers to structs point to.
func sameFields(a, b reflect.Value) bool {
	a, b = reflect.Indirect(a), reflect.Indirect(b)
	settings, some := settingsOf[a.Type().String()]
	wanted := strings.Fields(settings)
	for i := range a.NumField() {
		field := a.Type().Field(i)
		switch {
		case some && !slices.Contains(wanted, field.Name):
		case a.Type() == reflect.TypeFor[tls.Config]() && !field.IsExported(): // session keys
		case !same(a.Field(i), b.Field(i)):
			return false
		}
	}
	return true
}

func items(list reflect.Value) []reflect.Value {
	all := make([]reflect.Value, list.Len())
	for i := range all {
		all[i] = list.Index(i)
	}
	return all
}

// sameItems compares lists without regard to order: the server's parser reads blocks in random order,
// and a reload sorts most lists.
func sameItems(a, b []reflect.Value, equal func(a, b reflect.Value) bool) bool {
	if len(a) != len(b) {
		return false
	}
	for _, item := range a {
		at := slices.IndexFunc(b, func(other reflect.Value) bool { return equal(item, other) })
		if at < 0 {
			return false
		}
		b = slices.Delete(b, at, at+1)
	}
	return true
}

// sameMappings compares the subject mappings of an account with those of the live one. They are not in
// the live options: the server takes them out, and adds some of its own for JetStream.
func sameMappings(want, live *server.Account) bool {
	mappings := func(account *server.Account) []reflect.Value {
		return items(reflect.ValueOf(account).Elem().FieldByName("mappings"))
	}
	configured := slices.DeleteFunc(mappings(live), func(m reflect.Value) bool {
		return strings.HasPrefix(m.Elem().FieldByName("src").String(), "$")
	})
	return sameItems(mappings(want), configured, same)
}
