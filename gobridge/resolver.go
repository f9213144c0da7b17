package main

import (
	"encoding/json"
	"slices"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

// pushAccount gives an account's JWT to a running server, as $SYS.REQ.CLAIMS.UPDATE does for who may log
// in to the system account.
func pushAccount(h uint64, token string) (uint64, error) {
	return startLocked(h, func(_ *job, e *embedded) ([]byte, error) {
		return e.pushAccount(token)
	})
}

func (e *embedded) pushAccount(token string) ([]byte, error) {
	switch e.resolver.(type) {
	case *server.DirAccResolver, *server.MemAccResolver:
	default:
		return nil, faultf(codeState, "only an account resolver of the type full or memory can be given accounts")
	}
	claims, err := jwt.DecodeAccountClaims(token)
	if err != nil {
		return nil, configFault("", "is no valid JWT of an account: %s", hideTelltales(err.Error()))
	}
	if found := examine(claims); len(found.Errors) > 0 {
		return nil, configFaults(found.Errors, found.Warnings)
	}
	if !slices.Contains(e.opts.Load().TrustedKeys, claims.Issuer) { // those of operators as well
		return nil, configFault("iss", "%s is not trusted to sign accounts here", claims.Issuer)
	}
	resolver, kept := e.resolver.(*server.DirAccResolver)
	if kept {
		// Store would pass over a JWT that is as old as the one there, in seconds.
		if err := resolver.SaveAcc(claims.Subject, token); err != nil {
			return nil, faultf(codeChange, "the account's JWT cannot be kept: %v", err)
		}
	}
	return json.Marshal(map[string]any{"account": claims.Subject, "kept": kept})
}
