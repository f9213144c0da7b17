package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// WSAEACCES is what Windows says when the owner of the port took it for itself alone.
func addressInUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}
