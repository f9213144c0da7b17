package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// monitored starts a server, writes where it is, and asks it what each line names.
func monitored(text string) (repetition, error) {
	s, err := start(text)
	if err != nil {
		return nil, err
	}
	url := map[string]string{"url": s.ClientURL()}
	if err := json.NewEncoder(os.Stdout).Encode(url); err != nil {
		return nil, err
	}
	return func(endpoint string) (any, error) {
		var answer any
		var err error
		begin := time.Now()
		switch endpoint {
		case "varz":
			answer, err = s.Varz(nil)
		case "connz":
			answer, err = s.Connz(nil)
		default:
			err = fmt.Errorf("no endpoint %q", endpoint)
		}
		if err != nil {
			return nil, err
		}
		document, err := json.Marshal(answer)
		if err != nil {
			return nil, err
		}
		return map[string]any{"ns": time.Since(begin), "bytes": len(document)}, nil
	}, nil
}
