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
		var o server.ConnzOptions
		if err := json.Unmarshal(options, &o); err != nil {
			return nil, err
		}
		found, err := s.Connz(&o)
		if err != nil {
			return nil, err
		}
		return json.Marshal(found)
	case "healthz":
		var o server.HealthzOptions
		if err := json.Unmarshal(options, &o); err != nil {
			return nil, err
		}
		return json.Marshal(s.Healthz(&o))
	}
	return nil, faultf(codeNotFound, "there is no monitoring endpoint %q", endpoint)
}
