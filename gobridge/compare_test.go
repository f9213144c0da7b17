package main

import (
	"path/filepath"
	"testing"
)

// everyBlock sets the environment for a file of tests/data that has every block, and gives its path.
func everyBlock(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.ToSlash(t.TempDir())
	c := makeCertificates(t, "every")
	environment := map[string]string{
		"CERT": c.cert, "KEY": c.key, "CA": c.ca, "STORE_DIR": dir + "/store", "OCSP_DIR": dir + "/ocsp",
		"PORTS_DIR": dir, "LOG_FILE": dir + "/a.log", "PID_FILE": dir + "/pid", "RESOLVER_DIR": dir + "/jwt",
	}
	for _, port := range []string{"CLIENT", "HTTP", "PROF", "CLUSTER", "GATEWAY", "LEAF", "WEBSOCKET", "MQTT"} {
		environment[port+"_PORT"] = "-1"
	}
	for key, value := range environment {
		t.Setenv(key, filepath.ToSlash(value))
	}
	return filepath.Join("..", "tests", "data", name)
}

// resolved is a file as the text that it says, with nothing left to look up.
func resolved(t testing.TB, path string) string {
	t.Helper()
	opts, keys, _, err := loadConfig("file", path)
	defer closeResolver(opts)
	check(t, err)
	return confText(plainKeys(keys))
}

func TestEveryBlockIsReadAsWritten(t *testing.T) {
	path := everyBlock(t, "every-block.conf")
	names, err := compareConfigs(path, resolved(t, path))
	check(t, err)
	if string(names) != "[]" {
		t.Errorf("%s differ", names)
	}
}
