package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// writePorts writes the file of ports_file_dir as the server would, which knows nothing of the
// monitoring listener, because that is ours.
func (e *embedded) writePorts() {
	file := portsFile(e.set.portsDir)
	if e.portsFile != file {
		e.removePorts()
	}
	if file == "" {
		return
	}
	s := e.srv.Load()
	ports := &server.Ports{}
	if !e.set.opts.DontListen { // it would wait for a listener that never comes
		if ports = s.PortsInfo(time.Second); ports == nil {
			s.Errorf("the ports of ports_file_dir are not known")
			return
		}
	}
	ports.Monitoring = e.http.Load().everyURL()
	data, err := json.Marshal(ports)
	if err == nil {
		err = os.WriteFile(file, data, 0o644)
	}
	if err != nil {
		s.Errorf("the ports file cannot be written: %v", err)
		return
	}
	e.portsFile = file
}

// removePorts removes the file that was written.
func (e *embedded) removePorts() {
	if e.portsFile != "" {
		_ = os.Remove(e.portsFile)
		e.portsFile = ""
	}
}

func portsFile(dir string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, fmt.Sprintf("%s_%d.ports", filepath.Base(os.Args[0]), pid))
}

// everyURL is where it answers: on each address of the machine where it listens on all of them.
func (m *monitor) everyURL() []string {
	if m == nil {
		return nil
	}
	scheme := "http"
	if m.set.Load().securePort != 0 {
		scheme = "https"
	}
	bound := m.listener.Addr().(*net.TCPAddr)
	addresses := []net.Addr{&net.IPNet{IP: bound.IP}}
	if bound.IP.IsUnspecified() {
		addresses, _ = net.InterfaceAddrs()
	}
	urls := []string{}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok {
			urls = append(urls, scheme+"://"+net.JoinHostPort(network.IP.String(), strconv.Itoa(bound.Port)))
		}
	}
	return urls
}
