package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/conf"
)

var (
	inInclude  = regexp.MustCompile(`^error parsing include file '(.*?)', `)
	onLine     = regexp.MustCompile(`on line (\d+)`)
	wrongFinal = regexp.MustCompile(`^config is invalid \((.*):(\d+):(\d+)\)`)
)

const maxSearched = 1 << 20 // bytes of a text that is parsed over and over

// syntaxPlace finds out where the parser gave up: its errors are plain text, at best with a line.
func syntaxPlace(err error, file, text string) place {
	message := err.Error()
	for m := inInclude.FindStringSubmatch(message); m != nil; m = inInclude.FindStringSubmatch(message) {
		inner := filepath.Join(filepath.Dir(file), m[1])
		data, err := readBounded(inner)
		if err != nil {
			at := slices.IndexFunc(includeWords(text), func(at int) bool { return includePath(text[at:]) == m[1] })
			return place{placeOf(file, text, includeWords(text)[max(at, 0)]), err.Error()}
		}
		file, text, message = inner, data, strings.TrimPrefix(message, m[0])
	}
	if m := wrongFinal.FindStringSubmatch(message); m != nil {
		return place{countedFromOne(file + ":" + m[2] + ":" + m[3]), "a key has no value"}
	}
	low, high, where := 0, len(text), file
	if m := onLine.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		low, high = lineBounds(text, line)
		where = strings.TrimPrefix(file+":"+m[1], ":")
	}
	if end, found := failsAt(text, low, high, message); found {
		where = placeOf(file, text, max(end-1, low))
	}
	return place{where, message}
}

// failsAt is the length of the shortest beginning of a text that the parser refuses with the very error
// that it has for the whole: it reads from left to right and stops at the first.
func failsAt(text string, low, high int, message string) (int, bool) {
	if len(text) > maxSearched {
		return 0, false
	}
	fails := func(n int) bool {
		_, err := conf.ParseWithChecks(text[:n])
		return err != nil && err.Error() == message
	}
	if !fails(high) { // its includes are found from its own directory only
		return 0, false
	}
	return low + sort.Search(high-low, func(n int) bool { return fails(low + n) }), true
}

// lineBounds are where a line begins, and where the parser has surely seen all of it.
func lineBounds(text string, line int) (low, high int) {
	for ; line > 1; line-- {
		next := strings.IndexByte(text[low:], '\n')
		if next < 0 {
			break
		}
		low += next + 1
	}
	if end := strings.IndexByte(text[low:], '\n'); end >= 0 {
		return low, low + end + 1
	}
	return low, len(text)
}

// placeOf is file:line:column of a byte of a text.
func placeOf(file, text string, at int) string {
	before := text[:at]
	line, column := 1+strings.Count(before, "\n"), at-strings.LastIndexByte(before, '\n')
	return strings.TrimPrefix(fmt.Sprintf("%s:%d:%d", file, line, column), ":")
}

// placeOfToken is file:line:column of a value, or of its key if it has one.
func placeOfToken(t located, file string) string {
	return countedFromOne(fmt.Sprintf("%s:%d:%d", cmp.Or(t.SourceFile(), file), t.Line(), t.Position()))
}

var onFirstLine = regexp.MustCompile(`:1:(\d+)$`)

// countedFromOne mends a place of the parser's, which counts the columns of the first line from zero.
func countedFromOne(where string) string {
	if m := onFirstLine.FindStringSubmatch(where); m != nil {
		column, _ := strconv.Atoi(m[1])
		where = fmt.Sprintf("%s:1:%d", strings.TrimSuffix(where, m[0]), column+1)
	}
	return strings.TrimPrefix(where, ":")
}

// configPlaces says of every key of a file or text where it stands: a value is [place], a block
// [place, {key: value}], a list [place, [value]].
func configPlaces(kind, data string) ([]byte, error) {
	if kind == "file" && !isRegular(data) {
		return nil, configFault(data, "is a pipe, say, that cannot be read again")
	}
	d, err := openDocument(kind, data)
	if err != nil {
		return nil, err
	}
	if _, _, err := d.keys(); err != nil { // too many of them, or too deep
		return nil, err
	}
	tokens, err := d.tokens()
	if err != nil {
		return nil, err
	}
	return json.Marshal(placed(tokens, d.file))
}

func placed(value any, file string) []any {
	at := ""
	if t, ok := value.(located); ok {
		at, value = placeOfToken(t, file), t.Value()
	}
	switch v := value.(type) {
	case map[string]any:
		entries := make(map[string]any, len(v))
		for key, item := range v {
			entries[key] = placed(item, file)
		}
		return []any{at, entries}
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = placed(item, file)
		}
		return []any{at, items}
	}
	return []any{at}
}
