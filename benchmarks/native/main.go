// Package main is the native side of the benchmarks: what dotgnatly does, done by a Go program.
//
//	native start              a line is a configuration: a server is started and stopped
//	native read               a line is a path: the file is read into options
//	native update CONFIG      a line is a new configuration: it is applied to a running server
//	native monitor CONFIG     a line is an endpoint: a running server is asked, in JSON
//	native publish SIZE N     a line is a URL: N messages are published
//	native pubsub SIZE N      a line is a URL: N messages are published and received
//	native request SIZE N     a line is a URL: N requests are answered, a thousand a second
//	native logins N           a line is a URL: N clients log in, some at the same time
//	native crowd N PACE       a line is a URL: N clients connect, and talk until a line says "end"
//
// Each line of standard input asks for one repetition, so that the caller can take turns between
// this program and another side; each is answered by a line of JSON. Configurations are one-line
// JSON, which nats-server reads as its own format.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// A repetition does what one line asks for and returns what is to be reported.
type repetition func(line string) (any, error)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "native:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	once, err := prepare(args)
	if err != nil {
		return err
	}
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for lines.Scan() {
		answer, err := once(lines.Text())
		if err != nil {
			return err
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func prepare(args []string) (repetition, error) {
	switch {
	case len(args) == 1 && args[0] == "start":
		return startStop, nil
	case len(args) == 1 && args[0] == "read":
		return readFile, nil
	case len(args) == 2 && args[0] == "update":
		return updater(args[1])
	case len(args) == 2 && args[0] == "monitor":
		return monitored(args[1])
	case len(args) == 2 && args[0] == "logins":
		count, err := strconv.Atoi(args[1])
		return loginsOf(count), err
	case len(args) == 3 && args[0] == "crowd":
		return crowdOf(args[1], args[2])
	case len(args) == 3 && talks[args[0]] != nil:
		size, err := strconv.Atoi(args[1])
		if err != nil {
			return nil, err
		}
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return nil, err
		}
		return talks[args[0]](size, count), nil
	}
	return nil, errors.New("see the package comment for the arguments")
}
