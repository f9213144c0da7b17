package main

import (
	"encoding/json"

	"github.com/nats-io/nats-server/v2/server"
)

// startDocument starts a job that makes a document. Varz is made at once: handing it to another goroutine
// takes longer. Only in a JetStream cluster could it have to wait, for a Raft group that writes.
func (e *embedded) startDocument(endpoint string, options []byte) uint64 {
	start := startJob
	if s := e.srv.Load(); endpoint == "varz" && s != nil && !s.JetStreamIsClustered() {
		start = finishedJob
	}
	return start(func(*job) ([]byte, error) { return e.document(endpoint, options) })
}

// document is one monitoring document of the server's, made with the server's own options.
func (e *embedded) document(endpoint string, options []byte) ([]byte, error) {
	s, err := e.live()
	if err != nil {
		return nil, err
	}
	switch endpoint {
	case "varz":
		return answerOf(s, func(*server.VarzOptions) (*server.Varz, error) { return e.varz() }, options)
	case "clients": // connz without the connections of the bridge's own
		return answerOf(s, func(o *server.ConnzOptions) (*server.Connz, error) {
			c, err := s.Connz(o)
			if err == nil {
				c.Conns = e.others(c.Conns)
			}
			return c, err
		}, options)
	case "connz":
		return answerOf(s, s.Connz, options)
	case "routez":
		return answerOf(s, s.Routez, options)
	case "gatewayz":
		return answerOf(s, func(o *server.GatewayzOptions) (*server.Gatewayz, error) {
			g, err := s.Gatewayz(o)
			if err == nil && g.OutboundGateways == nil { // there is none of the name
				g.OutboundGateways = map[string]*server.RemoteGatewayz{}
			}
			return g, err
		}, options)
	case "leafz":
		return answerOf(s, s.Leafz, options)
	case "subsz":
		return answerOf(s, s.Subsz, options)
	case "accountz":
		return answerOf(s, s.Accountz, options)
	case "accstatz":
		return answerOf(s, s.AccountStatz, options)
	case "jsz":
		return answerOf(s, func(o *server.JSzOptions) (*server.JSInfo, error) {
			j, err := s.Jsz(o)
			if err != nil {
				return nil, faultf(codeState, "this server does not lead JetStream's meta group")
			}
			return j, nil
		}, options)
	case "healthz":
		return answerOf(s, func(o *server.HealthzOptions) (*server.HealthStatus, error) { return s.Healthz(o), nil }, options)
	case "raftz":
		return answerOf(s, func(o *server.RaftzOptions) (*server.RaftzStatus, error) {
			if groups := s.Raftz(o); groups != nil {
				return groups, nil
			}
			return &server.RaftzStatus{}, nil // without a system account
		}, options)
	case "ipqueuesz":
		return answerOf(s, func(o *server.IpqueueszOptions) (*server.IpqueueszStatus, error) { return s.Ipqueuesz(o), nil }, options)
	}
	return nil, faultf(codeNotFound, "there is no monitoring endpoint %q", endpoint)
}

// answerOf is the JSON of what the server answers to options in JSON.
func answerOf[Options, Answer any](s *server.Server, endpoint func(*Options) (Answer, error), options []byte) ([]byte, error) {
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	for _, name := range accountsIn(&o) {
		if !hasAccount(s, name) {
			return nil, faultf(codeNotFound, "there is no account %s", name)
		}
	}
	answer, err := endpoint(&o)
	if err != nil {
		return nil, asFault(err, codeState)
	}
	return json.Marshal(answer)
}

// accountsIn are the accounts that options ask for. Of one that is not there the server would say
// nothing, or even tell of all; a gateway knows accounts of other clusters, and health is an answer.
func accountsIn(options any) []string {
	switch o := options.(type) {
	case *server.ConnzOptions:
		return []string{o.Account}
	case *server.LeafzOptions:
		return []string{o.Account}
	case *server.SubszOptions:
		return []string{o.Account}
	case *server.AccountzOptions:
		return []string{o.Account}
	case *server.AccountStatzOptions:
		return o.Accounts
	case *server.JSzOptions:
		return []string{o.Account}
	case *server.RaftzOptions:
		return []string{o.AccountFilter}
	}
	return nil
}

// hasAccount tells whether the server has an account, or none was asked for. One that only the resolver
// has yet is fetched; one that has expired can be fetched no more, and is there all the same.
func hasAccount(s *server.Server, name string) bool {
	if name == "" {
		return true
	}
	if _, err := s.LookupAccount(name); err == nil {
		return true
	}
	_, err := s.Accountz(&server.AccountzOptions{Account: name})
	return err == nil
}
