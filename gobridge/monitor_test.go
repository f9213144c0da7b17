package main

import (
	"slices"
	"testing"
)

func TestDocumentsAreTheServersOwn(t *testing.T) {
	t.Parallel()
	handle, s := start(t, jetStream(t.TempDir())+", server_name: east")
	e := embeddedOf(t, handle)
	data, err := e.document("varz", []byte("{}"))
	check(t, err)
	v := decode[map[string]any](t, data)
	if v["server_name"] != "east" || v["server_id"] != s.ServerID || v["port"] != float64(s.Ports["client"]) {
		t.Errorf("varz is %s", data)
	}
	for options, want := range map[string]string{`{}`: "ok", `{"account": "nobody"}`: "unavailable"} {
		data, err = e.document("healthz", []byte(options))
		check(t, err)
		if h := decode[map[string]any](t, data); h["status"] != want {
			t.Errorf("healthz with %s is %s", options, data)
		}
	}
	without := []string{"healthz", "ipqueuesz", "raftz"} // an id
	for endpoint := range monitored {
		data, err = e.document(endpoint, []byte("{}"))
		check(t, err)
		if d := decode[map[string]any](t, data); !slices.Contains(without, endpoint) && d["server_id"] != s.ServerID {
			t.Errorf("%s is %s", endpoint, data)
		}
		if _, err := e.document(endpoint, []byte("{")); err == nil {
			t.Errorf("%s took broken options", endpoint)
		}
	}
	_, err = e.document("expvarz", nil)
	wantFault(t, err, codeNotFound, `"expvarz"`)
}

func TestThereIsNoDocumentInTheMiddleOfARestart(t *testing.T) {
	t.Parallel()
	e := &embedded{}
	e.running.Store(true) // when it was asked for
	_, err := e.document("varz", nil)
	wantFault(t, err, codeStopped, "not running")
}

func TestOfAnAccountThatIsNotThereThereIsNoDocument(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, jetStream(t.TempDir()))
	e := embeddedOf(t, handle)
	for endpoint, option := range map[string]string{
		"accountz": `"account": "A"`, "accstatz": `"accounts": ["$G", "A"]`, "connz": `"acc": "A"`,
		"jsz": `"account": "A", "accounts": true`, "leafz": `"account": "A"`, "raftz": `"account": "A"`,
		"subsz": `"account": "A"`,
	} {
		_, err := e.document(endpoint, []byte("{"+option+"}"))
		wantFault(t, err, codeNotFound, "account A")
	}
}

// Handing such a short piece of work to another goroutine takes longer than the work.
func TestVarzIsThereAtOnce(t *testing.T) {
	t.Parallel()
	handle, _ := start(t, "")
	job := embeddedOf(t, handle).startDocument("varz", []byte("{}"))
	data, err := takeJob(job)
	check(t, err)
	if decode[map[string]any](t, data)["server_id"] == "" {
		t.Errorf("varz is %s", data)
	}
}
