// Package cli is what the parts of the command have in common: the root above them, help,
// exit codes, and an end on Ctrl-C that leaves nothing behind.
package cli

import (
	"errors"
	"fmt"
	"time"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
	exitBroken = 2
	// exitInterrupted is what shells report of a command that SIGINT ended.
	exitInterrupted = 130
)

// ErrInterrupted is the cause of a context that a signal ended.
var ErrInterrupted = errors.New("interrupted")

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// Usagef makes an error that ends a command with the exit code 2.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Usage makes an error, or several that are joined, one that ends a command with the exit
// code 2.
func Usage(err error) error { return usageError{err} }

// brokenError is a failure of a command whose exit code 1 says something else.
type brokenError struct{ error }

func (e brokenError) Unwrap() error { return e.error }

// Broken makes an error that ends a command with the exit code 2, of one whose exit
// code 1 is a finding. An interruption stays one, and nil stays nil.
func Broken(err error) error {
	if err == nil {
		return nil
	}
	return brokenError{err}
}

// repeated is how long further signals count as the first one: a process whose
// parent ends gets one for each of the parent's threads.
const repeated = time.Second
