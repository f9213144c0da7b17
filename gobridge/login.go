package main

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/nats-io/jwt/v2"
)

// loginRequest is what Python is asked about.
type loginRequest struct {
	User        string `json:"user"`
	Password    string `json:"password"`
	Token       string `json:"token"`
	Nkey        string `json:"nkey"` // has signed
	JWT         string `json:"jwt"`
	Account     string `json:"account"` // of the JWT
	Name        string `json:"name"`
	Lang        string `json:"lang"`
	Version     string `json:"version"`
	CID         uint64 `json:"cid"`
	Kind        string `json:"kind"`
	Type        string `json:"type"`
	Host        string `json:"host"`
	MQTTClient  string `json:"mqtt_client"`
	TLSVersion  string `json:"tls_version"`
	TLSSubject  string `json:"tls_subject"`
	Certificate string `json:"certificate"`
	ServerName  string `json:"server_name"`
	ServerID    string `json:"server_id"`
}

// newLogin is what is known of who wants to log in. It fails where he does not own the key that he names.
func newLogin(request *jwt.AuthorizationRequestClaims) (*loginRequest, error) {
	client, options := &request.ClientInformation, &request.ConnectOptions
	login := &loginRequest{
		User: options.Username, Password: options.Password, Token: options.Token, Nkey: options.Nkey,
		JWT: options.JWT, Name: options.Name, Lang: options.Lang, Version: options.Version,
		CID: client.ID, Kind: client.Kind, Type: client.Type, Host: client.Host, MQTTClient: client.MQTT,
		ServerName: request.Server.Name, ServerID: request.Server.ID,
	}
	if claims, err := jwt.DecodeUserClaims(options.JWT); err == nil {
		login.Account = ownerOf(claims)
		if !claims.BearerToken {
			login.Nkey = claims.Subject
		}
	}
	switch signed := func(nkey string) bool { return hasSigned(nkey, client.Nonce, options.SignedNonce) }; {
	case login.Nkey == "" && signed(login.User):
		login.User, login.Nkey = "", login.User // a server that only has the block asks again
	case login.Nkey != "" && !signed(login.Nkey):
		return nil, errors.New("the client has not signed with its nkey")
	}
	if tls := request.TLS; tls != nil {
		login.TLSVersion = tls.Version
		if len(tls.VerifiedChains) > 0 && len(tls.VerifiedChains[0]) > 0 {
			login.Certificate = tls.VerifiedChains[0][0]
			if block, _ := pem.Decode([]byte(login.Certificate)); block != nil {
				if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
					login.TLSSubject = certificate.Subject.ToRDNSequence().String() // as verify_and_map
				}
			}
		}
	}
	return login, nil
}

// ownerOf is the account of a user.
func ownerOf(claims *jwt.UserClaims) string { return cmp.Or(claims.IssuerAccount, claims.Issuer) }

func hasSigned(nkey, nonce, signature string) bool {
	data, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		data, err = base64.StdEncoding.DecodeString(signature) // which the server takes, too
	}
	if err != nil || nonce == "" {
		return false
	}
	valid, err := verify(nkey, []byte(nonce), data)
	return err == nil && valid
}
