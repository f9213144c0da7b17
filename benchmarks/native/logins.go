package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"
)

// atOnce is how many log in at the same time.
const atOnce = 16

// loginsOf logs in count times, each time over a connection of its own.
func loginsOf(count int) repetition {
	return func(line string) (any, error) {
		address, err := url.Parse(line)
		if err != nil {
			return nil, err
		}
		var all sync.WaitGroup
		failed := make(chan error, atOnce)
		begin := time.Now()
		for range atOnce {
			all.Go(func() {
				for range count / atOnce {
					if err := logIn(address.Host); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		all.Wait()
		close(failed)
		if err := <-failed; err != nil {
			return nil, err
		}
		return rate(count, time.Since(begin)), nil
	}
}

func logIn(host string) (err error) {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	said := bufio.NewReader(conn)
	if _, err := said.ReadString('\n'); err != nil { // INFO
		return err
	}
	const connect = `CONNECT {"user":"ann","pass":"secret","verbose":false}`
	if _, err := io.WriteString(conn, connect+"\r\nPING\r\n"); err != nil {
		return err
	}
	for {
		line, err := said.ReadString('\n')
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, "PONG"):
			return nil
		case strings.HasPrefix(line, "-ERR"):
			return fmt.Errorf("not let in: %s", line)
		}
	}
}
