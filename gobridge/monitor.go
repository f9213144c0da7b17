package main

import (
	"encoding/json"

	"github.com/nats-io/nats-server/v2/server"
)

// document is one monitoring document of the server's, made with the server's own options.
func (e *embedded) document(endpoint string, options []byte) ([]byte, error) {
	s, err := e.live()
	if err != nil {
		return nil, err
	}
	switch endpoint {
	case "varz":
		return e.http.Load().varz(s)
	case "connz":
		return answerOf(s.Connz, options)
	case "routez":
		return answerOf(s.Routez, options)
	case "gatewayz":
		return answerOf(s.Gatewayz, options)
	case "jsz":
		return answerOf(s.Jsz, options)
	case "healthz":
		return answerOf(func(o *server.HealthzOptions) (*server.HealthStatus, error) { return s.Healthz(o), nil }, options)
	}
	return nil, faultf(codeNotFound, "there is no monitoring endpoint %q", endpoint)
}

// answerOf is the JSON of what the server answers to options in JSON.
func answerOf[Options, Answer any](endpoint func(*Options) (Answer, error), options []byte) ([]byte, error) {
	var o Options
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	answer, err := endpoint(&o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}
