package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats-server/v2/conf"
	"github.com/nats-io/nats-server/v2/server"
)

const (
	maxText     = 64 << 20 // bytes of a configuration, with includes and variables in place
	maxIncludes = 10_000
	maxChain    = 32 // includes within one another
)

// document is a configuration that the server's parser can be let loose on: it reads devices to their
// end, follows includes without end, and exhausts the stack of the process on the way.
type document struct {
	file     string // "" of a text
	text     string
	includes bool
}

func openDocument(kind, data string) (*document, error) {
	d := &document{text: data}
	if kind == "file" {
		text, err := readBounded(data)
		if err != nil {
			return nil, err
		}
		d.file, d.text = data, text
	}
	tree := includeTree{texts: map[string]string{}}
	if err := tree.check(d.file, d.text, nil); err != nil {
		return nil, err
	}
	d.includes = tree.count > 0
	if d.isReadAgain() && !isRegular(d.file) {
		is := func(word int) bool { return isInclude(d.text, word) }
		if d.includes = slices.ContainsFunc(includeWords(d.text), is); d.includes {
			return nil, configFault(d.file, "is not a regular file, and includes others")
		}
	}
	return d, nil
}

// tokens are the keys, each value with its place.
func (d *document) tokens() (map[string]any, error) {
	parse, data := conf.ParseWithChecks, d.text
	if d.isReadAgain() {
		parse, data = conf.ParseFileWithChecks, d.file
	}
	tokens, err := parse(data)
	if err != nil {
		return nil, configFaults([]place{syntaxPlace(err, d.file, d.text)}, nil)
	}
	return tokens, nil
}

// keys are the keys as plain values, and the paths of those that were used as variables.
func (d *document) keys() (any, map[string]bool, error) {
	tokens, err := d.tokens()
	if err != nil {
		return nil, nil, err
	}
	taken := values{file: d.file, variables: map[string]bool{}}
	plain, err := taken.take(tokens)
	return plain, taken.variables, err
}

// options are what nats-server makes of it. Of a file the server also makes a digest, which takes as
// long as all the rest, and more than there is memory for if variables stand for one another: then the
// keys are to be read first.
func (d *document) options() (*server.Options, error) {
	opts := newOptions()
	if d.isReadAgain() {
		return opts, opts.ProcessConfigFile(d.file)
	}
	return opts, opts.ProcessConfigString(d.text)
}

// isReadAgain says whether the parser has to read the file itself, to find its includes.
func (d *document) isReadAgain() bool { return d.file != "" && d.includes }

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func readBounded(path string) (string, error) {
	data, err := readUpTo(path, maxText+1)
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return "", configFault(failed.Path, "%v", failed.Err)
	} else if err != nil {
		return "", configFault(path, "%v", err)
	}
	if len(data) > maxText {
		return "", configFault(path, "is larger than %d MiB", maxText>>20)
	}
	return string(data), nil
}

func readUpTo(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, limit))
}

// includeTree walks everything that may be an include, in comments and strings as well, and asks the
// parser which of them are only when there is something wrong with one.
type includeTree struct {
	texts       map[string]string
	count, size int
}

func (t *includeTree) check(file, text string, chain []string) error {
	if t.size += len(text); t.size > maxText {
		return configFault(file, "is larger than %d MiB with its includes", maxText>>20)
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return configFault(placeOf(file, text, at), "a NUL byte")
	}
	for _, word := range includeWords(text) {
		path := filepath.Join(filepath.Dir(file), includePath(text[word:]))
		if err := t.follow(path, append(chain, file)); err != nil && isInclude(text, word) {
			var why *fault
			if errors.As(err, &why) && why == errIncludes {
				return configFault(placeOf(file, text, word), "%s: %v", path, err)
			}
			return err
		}
	}
	return nil
}

var errIncludes = faultf(codeConfig, "includes itself, or too many others")

func (t *includeTree) follow(path string, chain []string) error {
	if t.count++; t.count > maxIncludes || len(chain) > maxChain || slices.Contains(chain, path) {
		return errIncludes
	}
	text, known := t.texts[path]
	if !known {
		var err error
		if info, e := os.Stat(path); e != nil || info.IsDir() {
			return nil // the parser says so
		} else if !info.Mode().IsRegular() {
			return configFault(path, "is not a regular file")
		}
		if text, err = readBounded(path); err != nil {
			return err
		}
		t.texts[path] = text
	}
	return t.check(path, text, chain)
}

const include = "include"

// includeWords are the places of the word with a space behind it.
func includeWords(text string) (at []int) {
	for i := 0; i+len(include) < len(text); i++ {
		if text[i]|0x20 != include[0] || !strings.EqualFold(text[i:i+len(include)], include) {
			continue
		}
		if next, _ := utf8.DecodeRuneInString(text[i+len(include):]); unicode.IsSpace(next) {
			at = append(at, i)
		}
	}
	return at
}

// includePath is what the parser takes for the path. Source: conf.lexInclude (2.15).
func includePath(text string) string {
	path, ends := strings.TrimLeft(text[len(include):], " \t"), "\r\n;}'\t "
	if path != "" && (path[0] == '\'' || path[0] == '"') {
		path, ends = path[1:], path[:1]
	}
	if end := strings.IndexAny(path, ends); end >= 0 {
		path = path[:end]
	}
	return path
}

// isInclude asks the parser: it reads what is before the word, made harmless, and then a path that
// cannot be. If it goes on to the end of the text, the word is in a comment or in a string.
func isInclude(text string, at int) bool {
	before := []byte(strings.ReplaceAll(text[:at], "$", "S"))
	for _, word := range includeWords(text[:at]) {
		copy(before[word:], "exclude")
		if strings.Contains(includePath(text[word:at]), `\`) { // no escape in a path, but one in a value
			return true
		}
	}
	_, err := conf.Parse(string(before) + include + " \x01\n")
	_, later := conf.Parse(string(before) + include + " \x01\n\n")
	return err != nil && later != nil && err.Error() == later.Error()
}
