package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

func TestProtectMakesAnErrorOfAPanic(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"panic", "nil"} {
		err := protect(func() error { return provoke(kind) })
		wantFault(t, err, codePanic, "panic: ", "guard_test.go")
	}
	err := protect(func() error { return provoke("unheard") })
	wantFault(t, err, codeNotFound, `"unheard"`)
}

func TestAnyErrorBecomesAFault(t *testing.T) {
	t.Parallel()
	plain := errors.New("plain")
	if f := asFault(plain, codeStart); f.code != codeStart || f.message != "plain" {
		t.Errorf("a plain error became %+v", f)
	}
	inner := faultf(codeNotFound, "no %s", "such")
	if f := asFault(fmt.Errorf("outer: %w", inner), codeStart); f != inner {
		t.Errorf("a wrapped fault became %+v", f)
	}
}

func TestFactsAreTheAttributesOfTheException(t *testing.T) {
	t.Parallel()
	if facts := faultf(codeStart, "no facts").factsJSON(); facts != nil {
		t.Errorf("no facts are %s", facts)
	}
	f := faultf(codePortInUse, "taken").about("port").with("address", "a:1")
	want := `{"address":"a:1","key":"port"}`
	if got := string(f.factsJSON()); got != want {
		t.Errorf("facts are %s, not %s", got, want)
	}
	if got := f.with("broken", func() {}).factsJSON(); got != nil {
		t.Errorf("what JSON cannot say became %s", got)
	}
}

func TestConfigFaultsNameEachPlace(t *testing.T) {
	t.Parallel()
	f := configFaults([]place{{"port", "too big"}, {"", "no place"}}, []place{{"x", "odd"}})
	if f.message != "port: too big; no place" {
		t.Errorf("message is %q", f.message)
	}
	var facts struct{ Errors, Warnings [][2]string }
	check(t, json.Unmarshal(f.factsJSON(), &facts))
	if len(facts.Errors) != 2 || facts.Warnings[0] != [2]string{"x", "odd"} {
		t.Errorf("facts are %s", f.factsJSON())
	}
}
