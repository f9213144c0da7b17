package main

import (
	"reflect"

	"github.com/nats-io/nats-server/v2/server"
)

// notOptions are fields of Options that hold no setting: where it came from and what was said where.
var notOptions = map[string]bool{"configDigest": true, "inConfig": true, "inCmdLine": true, "authBlockDefined": true}

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
		case !same(a.Field(i), b.Field(i), map[[2]uintptr]bool{}):
			*names = append(*names, name)
		}
	}
}

// same compares two values by what can be configured. Pointers already under comparison count as same.
func same(a, b reflect.Value, seen map[[2]uintptr]bool) bool {
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
		return same(a.Elem(), b.Elem(), seen)
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if seen[pair] {
			return true
		}
		seen[pair] = true
		return same(a.Elem(), b.Elem(), seen)
	case reflect.Struct:
		if pkg := a.Type().PkgPath(); pkg == "sync" || pkg == "sync/atomic" || pkg == "math/rand" {
			return true
		}
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i), seen) {
				return false
			}
		}
		return true
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i), seen) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, key := range a.MapKeys() {
			if !same(a.MapIndex(key), b.MapIndex(key), seen) {
				return false
			}
		}
		return true
	default:
		return a.Equal(b)
	}
}
