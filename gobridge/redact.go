package main

import (
	"cmp"
	"errors"
	"fmt"
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
	written    = regexp.MustCompile(`(?i)\b(?:` + strings.Join(secretKeys, "|") +
		`)\b["']?[ \t]*[:=]?[ \t]*(?:"((?:[^"\\\n]|\\.)*)|'([^'\n]*)|\$?([^\s,;}#\]"']+))`)
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
			secrets = addSecrets(secrets, "", keys)
		} else {
			secrets = addWritten(secrets, text)
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

// addSecrets adds the secrets among parsed keys.
func addSecrets(secrets []string, key string, value any) []string {
	if t, ok := value.(located); ok {
		value = t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			if slices.Contains(secretMaps, key) {
				name = "token"
			}
			secrets = addSecrets(secrets, strings.ToLower(name), item)
		}
	case []any:
		for _, item := range v {
			secrets = addSecrets(secrets, key, item)
		}
	default:
		text := fmt.Sprint(v)
		if slices.Contains(secretKeys, key) && !publicNkey.MatchString(text) {
			secrets = append(secrets, text)
		} else if login, ok := cutLogin(text); ok {
			secrets = append(append(secrets, login), loginParts.Split(login, -1)...)
		}
	}
	return secrets
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

// addWritten adds the secrets of a text that cannot be parsed, by its looks.
func addWritten(secrets []string, text string) []string {
	for _, m := range written.FindAllStringSubmatch(text, -1) {
		secrets = append(secrets, cmp.Or(m[1], m[2], m[3]))
	}
	return secrets
}

// withoutSecrets takes out of an error about a document what is secret in it.
func (d *document) withoutSecrets(err error) error {
	f := (*fault)(nil)
	if !errors.As(err, &f) {
		return err
	}
	found, _ := f.facts["errors"].([]place)
	return f.hide(d.secretsFor(found))
}

// secretsFor are the secrets of a document; the more of its files, the less the parser made of it.
func (d *document) secretsFor(found []place) (secrets []string) {
	if d == nil || len(found) == 0 {
		return nil
	}
	if tokens, err := d.tokens(); err == nil {
		return addSecrets(nil, "", tokens)
	}
	for _, p := range found {
		if text, err := readBounded(positions.ReplaceAllString(p[0], "")); err == nil {
			secrets = addWritten(secrets, text)
		}
	}
	return addWritten(secrets, d.text)
}
