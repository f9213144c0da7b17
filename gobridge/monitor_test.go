package main

import "testing"

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
	for _, endpoint := range []string{"connz", "routez", "gatewayz", "jsz", "healthz"} {
		data, err = e.document(endpoint, []byte("{}"))
		check(t, err)
		if d := decode[map[string]any](t, data); endpoint != "healthz" && d["server_id"] != s.ServerID {
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
