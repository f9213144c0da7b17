//go:build !unix

package main

func openSyslog(string) (sink, error) {
	return nil, configFault("syslog", "there is no syslog on this system")
}
