//go:build unix

package main

import (
	"log/syslog"
	"net/url"
	"strings"
)

type syslogSink struct{ *syslog.Writer }

// openSyslog opens the local syslog, or a remote one named as "udp://host:port".
func openSyslog(remote string) (sink, error) {
	network, address := "", ""
	if remote != "" {
		u, err := url.Parse(remote)
		if err != nil {
			return nil, configFault("remote_syslog", "%v", err)
		}
		if network, address = u.Scheme, u.Host; network == "unix" {
			address = u.Path
		}
	}
	w, err := syslog.Dial(network, address, syslog.LOG_DAEMON|syslog.LOG_NOTICE, "nats-server")
	if err != nil {
		key := "syslog"
		if remote != "" {
			key = "remote_syslog"
		}
		return nil, configFault(key, "%v", err)
	}
	return syslogSink{w}, nil
}

func (s syslogSink) write(level int, line []byte) {
	// syslog has a time and a level of its own: what stands before the text is not repeated.
	_, text, _ := strings.Cut(string(line), "["+labels[level]+"] ")
	write := map[int]func(string) error{
		levelFatal: s.Crit, levelError: s.Err, levelWarn: s.Warning,
		levelInfo: s.Notice, levelDebug: s.Debug, levelTrace: s.Notice,
	}[level]
	_ = write(text)
}
