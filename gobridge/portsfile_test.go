package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// portsIn reads the one ports file of a directory.
func portsIn(t *testing.T, dir string) server.Ports {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("*_%d.ports", os.Getpid())))
	check(t, err)
	if len(found) != 1 {
		t.Fatalf("not one file: %v", found)
	}
	data, err := os.ReadFile(found[0])
	check(t, err)
	return decode[server.Ports](t, data)
}

func TestPortsFileSaysWhereTheServerIs(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	text := plain + `, cluster { name: c, listen: "127.0.0.1:-1" }, ports_file_dir: %q`
	handle, s := start(t, fmt.Sprintf(text+", http_port: -1", dir))
	ports := portsIn(t, dir)
	for name, urls := range map[string][]string{s.ClientURL: ports.Nats, s.MonitoringURL: ports.Monitoring} {
		if !slices.Equal(urls, []string{name}) {
			t.Errorf("%v, not %s", urls, name)
		}
	}
	if want := fmt.Sprintf("nats://127.0.0.1:%d", s.Ports["cluster"]); !slices.Equal(ports.Cluster, []string{want}) {
		t.Errorf("%v, not %s", ports.Cluster, want)
	}

	if _, err := apply(t, handle, fmt.Sprintf(text, other)); err != nil {
		t.Fatal(err)
	}
	if moved := portsIn(t, other); !slices.Equal(moved.Nats, ports.Nats) || moved.Monitoring != nil {
		t.Errorf("after a reload: %+v", moved)
	}
	stop(t, handle)
	for _, gone := range []string{dir, other} {
		if left, err := os.ReadDir(gone); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

func TestPortsFileNamesEveryAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, s := start(t, fmt.Sprintf(`listen: "0.0.0.0:-1", http: "0.0.0.0:-1", ports_file_dir: %q`, dir))
	ports := portsIn(t, dir)
	monitoring := strings.NewReplacer("nats:", "http:", fmt.Sprint(s.Ports["client"]), fmt.Sprint(s.Ports["monitoring"]))
	want := []string{}
	for _, url := range ports.Nats {
		want = append(want, monitoring.Replace(url))
	}
	slices.Sort(want)
	slices.Sort(ports.Monitoring)
	if !slices.Equal(ports.Monitoring, want) {
		t.Errorf("%v, not %v", ports.Monitoring, want)
	}
}

func TestPortsFileWithoutAClientPort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, s, err := tryStart(t, fmt.Sprintf("http: \"127.0.0.1:-1\", ports_file_dir: %q", dir), overlay{DontListen: true})
	check(t, err)
	if ports := portsIn(t, dir); ports.Nats != nil || !slices.Equal(ports.Monitoring, []string{s.MonitoringURL}) {
		t.Errorf("%+v", ports)
	}
}
