package main

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// findings are what the jwt module thinks of claims. What has passed, or has not come yet, is an error
// here, under the key of the time.
type findings struct {
	Errors   []place `json:"errors"`
	Warnings []place `json:"warnings"`
}

// encodeClaims signs claims with a seed, which it wipes.
func encodeClaims(data, seed []byte) (token string, err error) {
	err = withSeed(seed, func(pair nkeys.KeyPair, public string) error {
		claims, kind, err := readClaims(data)
		if err != nil {
			return err
		}
		if signers := claims.ExpectedPrefixes(); !slices.Contains(signers, nkeys.Prefix(public)) {
			return configFault("seed", "is of the kind %s, which signs no JWT of the kind %s",
				nkeys.Prefix(public), kind)
		}
		claims.Claims().Issuer = public
		if found := examine(claims); len(found.lasting()) > 0 {
			return configFaults(found.lasting(), found.Warnings)
		}
		if token, err = claims.Encode(pair); err != nil {
			return claimsFault(err)
		}
		return nil
	})
	return token, err
}

// decodeClaims verifies the signature of a token; JSON {claims, errors, warnings}.
func decodeClaims(token string) ([]byte, error) {
	claims, err := jwt.Decode(token)
	if err != nil {
		return nil, configFault("", "is no valid JWT: %s", hideTelltales(err.Error()))
	}
	switch claims.(type) {
	case *jwt.OperatorClaims, *jwt.AccountClaims, *jwt.UserClaims:
	default:
		return nil, configFault("nats.type", "is %q, and no operator, account or user", claims.ClaimType())
	}
	return json.Marshal(struct {
		Claims jwt.Claims `json:"claims"`
		findings
	}{claims, examine(claims)})
}

// checkClaims is what is wrong with claims, JSON {errors, warnings}.
func checkClaims(data []byte) ([]byte, error) {
	claims, _, err := readClaims(data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(examine(claims))
}

// readClaims makes claims of their JSON. What it does not say is as in the jwt module's constructors: no
// limits.
func readClaims(data []byte) (jwt.Claims, jwt.ClaimType, error) {
	var head struct {
		Subject string `json:"sub"`
		Nats    struct {
			Type jwt.ClaimType `json:"type"`
		} `json:"nats"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, "", claimsFault(err)
	}
	if head.Subject == "" {
		return nil, "", configFault("sub", "is required")
	}
	var claims jwt.Claims
	switch head.Nats.Type {
	case jwt.OperatorClaim:
		claims = jwt.NewOperatorClaims(head.Subject)
	case jwt.AccountClaim:
		claims = jwt.NewAccountClaims(head.Subject)
	case jwt.UserClaim:
		claims = jwt.NewUserClaims(head.Subject)
	default:
		return nil, "", configFault("nats.type", "must be operator, account or user")
	}
	if err := json.Unmarshal(data, claims); err != nil {
		return nil, "", claimsFault(err)
	}
	return claims, head.Nats.Type, nil
}

func examine(claims jwt.Claims) findings {
	results := jwt.CreateValidationResults()
	claims.Validate(results)
	found := findings{[]place{}, []place{}}
	for _, issue := range results.Issues {
		p := place{"", hideTelltales(issue.Description)}
		switch {
		case issue.TimeCheck:
			p[0] = map[bool]string{true: "exp", false: "nbf"}[issue.Description == "claim is expired"]
			fallthrough
		case issue.Blocking:
			found.Errors = append(found.Errors, p)
		default:
			found.Warnings = append(found.Warnings, p)
		}
	}
	if account, ok := claims.(*jwt.AccountClaims); ok {
		found.Errors = append(found.Errors, wrongMappings(account.Mappings)...)
	}
	return found
}

// wrongMappings are those that the server would pass over: the jwt module lets them through.
func wrongMappings(mappings jwt.Mapping) (found []place) {
	for _, source := range slices.Sorted(maps.Keys(mappings)) {
		for _, destination := range mappings[source] {
			err := server.ValidateMapping(string(source), string(destination.Subject))
			if err == nil {
				_, err = server.NewSubjectTransform(string(source), string(destination.Subject))
			}
			if err != nil {
				found = append(found, place{"nats.mappings." + string(source), err.Error()})
			}
		}
	}
	return found
}

// lasting are the errors that time does not heal, or make.
func (f findings) lasting() []place {
	return slices.DeleteFunc(slices.Clone(f.Errors), func(p place) bool { return p[0] == "exp" || p[0] == "nbf" })
}

func claimsFault(err error) error { return configFault("", "%s", hideTelltales(err.Error())) }

// formatCreds writes a .creds file, of a user JWT and its seed, which it wipes.
func formatCreds(token string, seed []byte) ([]byte, error) {
	defer clear(seed)
	data, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		return nil, claimsFault(err)
	}
	return data, nil
}

// parseCreds reads a .creds file, which it wipes; JSON {jwt, seed}, for the caller to wipe.
func parseCreds(data []byte) ([]byte, error) {
	defer clear(data)
	token, pair, err := readCreds(data)
	if err != nil {
		return nil, claimsFault(err)
	}
	defer pair.Wipe()
	seed, err := pair.Seed()
	if err != nil {
		return nil, claimsFault(err)
	}
	return json.Marshal(map[string]string{"jwt": token, "seed": string(seed)})
}

// readCreds takes a .creds file apart.
func readCreds(data []byte) (token string, pair nkeys.KeyPair, err error) {
	if token, err = jwt.ParseDecoratedJWT(data); err != nil {
		return "", nil, err
	}
	pair, err = jwt.ParseDecoratedUserNKey(data)
	return token, pair, err
}
