package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// failure is an error that a request ends with: its HTTP status and, when a dependency caused it, which one and where.
type failure struct {
	Status   int
	Upstream string
	Address  string
	Err      error
}

func (f *failure) Error() string {
	if f.Upstream == "" {
		return f.Err.Error()
	}
	return fmt.Sprintf("%s at %s: %v", f.Upstream, f.Address, f.Err)
}

func (f *failure) Unwrap() error { return f.Err }

func badRequest(format string, args ...any) error {
	return &failure{Status: http.StatusBadRequest, Err: fmt.Errorf(format, args...)}
}

// dependencyFailed turns a network error of a dependency into 504 (no answer in time) or 503 (not reachable).
func dependencyFailed(upstream, address string, err error) error {
	status := http.StatusServiceUnavailable
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		status = http.StatusGatewayTimeout
	}
	return &failure{Status: status, Upstream: upstream, Address: address, Err: err}
}

// asFailure gives every error a status; one that no code path classified is a 500.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return &failure{Status: http.StatusInternalServerError, Err: err}
}
