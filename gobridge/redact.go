package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats-server/v2/conf"
)

const redacted = "***"

// secretKeys hold what nobody may see; secretMaps hold it in each of their entries.
var (
	secretKeys = []string{
		"pass", "password", "token", "nkey", "seed", "key", "ek", "encryption_key",
		"prev_key", "prev_ek", "prev_encryption_key", "encryption_password", "srk_password",
		"default_sentinel",
	}
	secretMaps = []string{"resolver_preload", "headers"}
)

var (
	publicNkey = regexp.MustCompile(`^[ACNOUX][A-Z2-7]{55}$`)
	urlLogin   = regexp.MustCompile(`://[^\s"']*@`)
	telltale   = regexp.MustCompile(`\beyJ[\w-]{8,}(\.[\w-]*)*|\bS[ACNOUX][A-Z2-7]{40,}\b`) // JWTs, seeds
	loginParts = regexp.MustCompile(`[:/@?#]+`)
	positions  = regexp.MustCompile(`(:\d+)*$`)

	quotedNumber   = regexp.MustCompile(`(integer|float|integer, but got|float, but got) '[^']*'`)
	quotedVariable = regexp.MustCompile(`variable reference (?:cycle )?for '([^']*)'`)
	secretLine     = regexp.MustCompile(`(?im)\b(?:` + strings.Join(slices.Concat(secretKeys, secretMaps), "|") + `)\b.*`)
)

// hideTelltales takes out of a text for people what is secret wherever it stands: who logs in by a
// URL and how, JWTs, and seeds of nkeys.
func hideTelltales(text string) string {
	if strings.Contains(text, "@") {
		text = urlLogin.ReplaceAllString(text, "://"+redacted+"@")
	}
	if strings.Contains(text, "eyJ") || mayHaveSeed(text) {
		text = telltale.ReplaceAllString(text, redacted)
	}
	return text
}

const inConnect = "<<- [CONNECT "

// secretOptions are those of a CONNECT that nobody may see.
var secretOptions = []string{"pass", "auth_token", "jwt", "nkey", "sig", "proxy_sig"}

// hideConnect takes out of a line of the trace what is secret in a CONNECT. The server looks for it by a
// pattern, which misses what is behind a comma, a brace or a quote in a password, and keys that it reads
// in whatever case.
func hideConnect(text string) string {
	before, sent, found := strings.Cut(text, inConnect)
	if !found || strings.HasPrefix(sent, "clientID=") {
		return text // one of MQTT has no JSON, and no password either
	}
	var options map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSuffix(sent, "]")), &options); err != nil {
		return before + inConnect + redacted + "]" // no JSON at all, or no more
	}
	for name := range options {
		if slices.Contains(secretOptions, strings.ToLower(name)) {
			options[name] = redacted
		}
	}
	data, err := json.Marshal(options)
	if err != nil {
		panic(err) // it came from JSON
	}
	return before + inConnect + string(data) + "]"
}

// mayHaveSeed is whether there is a run of characters as long as a seed: most texts, of the log too,
// have none, and an expression takes its time to find that out.
func mayHaveSeed(text string) bool {
	run := 0
	for i := range len(text) {
		if c := text[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			run = 0
		} else if run++; run > 40 {
			return true
		}
	}
	return false
}

// withoutSecrets takes out of an error what is secret in configuration texts: the server's messages
// quote values.
func withoutSecrets(err error, texts ...string) error {
	if err == nil || errors.Is(err, errCanceled) {
		return err
	}
	return asFault(err, codePanic).hide(secretsOf(texts...))
}

func secretsOf(texts ...string) []string {
	var secrets []string
	for _, text := range texts {
		if keys, err := conf.ParseWithChecks(text); err == nil {
			secrets = addSecrets(secrets, keys)
		}
	}
	return secrets
}

// hide is the fault with its texts as people may see them.
func (f *fault) hide(secrets []string) *fault {
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	hidden := &fault{code: f.code, message: hideSecrets(f.message, secrets), facts: map[string]any{}}
	for name, value := range f.facts {
		if found, ok := value.([]place); ok {
			value = hidePlaces(found, secrets)
		}
		hidden.facts[name] = value
	}
	return hidden
}

func hidePlaces(found []place, secrets []string) []place {
	out := make([]place, len(found))
	for i, p := range found {
		out[i] = place{p[0], hideSecrets(p[1], secrets)}
	}
	return out
}

func hideSecrets(text string, secrets []string) string {
	text = hideTelltales(text)
	for _, secret := range secrets {
		text = hideWord(text, secret)
		if quoted := strconv.Quote(secret); quoted != `"`+secret+`"` {
			text = hideWord(text, quoted[1:len(quoted)-1])
		}
	}
	return text
}

// hideWord hides a secret that is no part of a longer word; a very short one only in quotes or
// brackets, as it may be a word of the message.
func hideWord(text, secret string) string {
	if secret == "" {
		return text
	}
	first, _ := utf8.DecodeRuneInString(secret)
	last, _ := utf8.DecodeLastRuneInString(secret)
	ends := func(edge, beside rune) bool {
		if len(secret) < 4 {
			return strings.ContainsRune("\"'`[](){}=:", beside)
		}
		return !isWord(edge) || !isWord(beside)
	}
	var out strings.Builder
	for {
		at := strings.Index(text, secret)
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(secret):])
		out.WriteString(text[:at])
		if ends(first, before) && ends(last, after) {
			out.WriteString(redacted)
		} else {
			out.WriteString(secret)
		}
		text = text[at+len(secret):]
	}
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}

// secretSearch gathers the secrets among parsed keys.
type secretSearch struct {
	found []string
	seen  map[visited]bool // variables make one value stand in many places
}

type visited struct {
	at  uintptr
	key string
}

func addSecrets(secrets []string, keys map[string]any) []string {
	search := secretSearch{found: secrets, seen: map[visited]bool{}}
	search.in("", keys)
	return search.found
}

func (s *secretSearch) in(key string, value any) {
	if t, ok := value.(located); ok {
		value = t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		if s.first(key, v) {
			for name, item := range v {
				if slices.Contains(secretMaps, key) {
					name = secretKeys[0]
				}
				s.in(strings.ToLower(name), item)
			}
		}
	case []any:
		if s.first(key, v) {
			for _, item := range v {
				s.in(key, item)
			}
		}
	default:
		text := fmt.Sprint(v)
		if slices.Contains(secretKeys, key) && !publicNkey.MatchString(text) {
			s.found = append(s.found, text)
		} else if login, ok := cutLogin(text); ok {
			s.found = append(append(s.found, login), loginParts.Split(login, -1)...)
		}
	}
}

func (s *secretSearch) first(key string, value any) bool {
	v := visited{reflect.ValueOf(value).Pointer(), key}
	first := !s.seen[v]
	s.seen[v] = true
	return first
}

// cutLogin is what stands before the last @ of a URL.
func cutLogin(url string) (string, bool) {
	at := strings.LastIndex(url, "@")
	if at < 0 {
		return "", false
	}
	login := url[:at]
	if _, after, ok := strings.Cut(login, "://"); ok {
		login = after
	}
	return login, true
}

// withoutSecrets takes out of an error about a document what is secret in it.
func (d *document) withoutSecrets(err error) error {
	f := (*fault)(nil)
	if !errors.As(err, &f) {
		return err
	}
	found, _ := f.facts["errors"].([]place)
	if tokens, err := d.tokens(); err == nil {
		return f.hide(addSecrets(nil, tokens))
	}
	hidden := make([]place, len(found))
	for i, p := range found {
		text, err := readBounded(positions.ReplaceAllString(p[0], "")) // an included file, perhaps
		if err != nil {
			text = d.text
		}
		hidden[i] = place{p[0], hideSyntax(p[1], text)}
	}
	return configFaults(hidden, nil)
}

func (d *document) hideWarnings(warnings []place) []place {
	if len(warnings) == 0 {
		return []place{}
	}
	tokens, _ := d.tokens()
	return hidePlaces(warnings, addSecrets(nil, tokens))
}

// hideSyntax takes out of a syntax error the values that the parser quotes: numbers and variables. The
// name of a variable is one of a secret where somebody wrote one that begins with $, and no quotes.
func hideSyntax(message, text string) string {
	message = quotedNumber.ReplaceAllString(message, "$1 '"+redacted+"'")
	if m := quotedVariable.FindStringSubmatch(message); m != nil {
		if strings.Contains(m[1], "@") || isOfSecret(m[1], text) {
			message = strings.ReplaceAll(message, "'"+m[1]+"'", "'"+redacted+"'")
		}
	}
	return hideTelltales(message)
}

// isOfSecret tells whether a line of the text has the variable behind the key of a secret.
func isOfSecret(variable, text string) bool {
	variable = strings.ToLower(variable) // which may be no UTF-8
	for _, line := range secretLine.FindAllString(text, -1) {
		line = strings.ToLower(line)
		for _, quote := range []string{"", `"`, "'"} {
			if strings.Contains(line, "$"+quote+variable) {
				return true
			}
		}
	}
	return false
}
