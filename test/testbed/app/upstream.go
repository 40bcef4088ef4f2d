package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	upstreamTimeout = 2 * time.Second
	answerLimit     = 1 << 20
	quoteLimit      = 400
)

// upstream is another service of the shop, reached by its Service name.
type upstream struct {
	name    string
	address string
	server  *server
	client  *http.Client
	// How often and how soon a call is repeated.
	patience patience
}

// patience is read from UPSTREAM_ATTEMPTS (1 where left out) and UPSTREAM_RETRY_AFTER_MS: the time after which a call
// that was not answered is made again beside the first; 0 waits until it failed.
type patience struct {
	attempts   int
	retryAfter time.Duration
}

func (s *server) upstream(name, address string) *upstream {
	return &upstream{name: name, address: address, server: s, client: newHTTPClient(), patience: readPatience()}
}

func readPatience() patience {
	attempts, err := wholeNumber("UPSTREAM_ATTEMPTS", 1)
	after, errAfter := wholeNumber("UPSTREAM_RETRY_AFTER_MS", 0)
	if err = errors.Join(err, errAfter); err != nil {
		slog.Warn("calls are made once", "error", err.Error())
		return patience{attempts: 1}
	}
	return patience{attempts: max(attempts, 1), retryAfter: time.Duration(after) * time.Millisecond}
}

// newHTTPClient opens a connection per request: kept-alive connections outlive a change of the Service between the
// two sides and would hide a broken path for as long as they are reused.
func newHTTPClient() *http.Client {
	return &http.Client{Timeout: upstreamTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
}

func (u *upstream) get(ctx context.Context, path string, query url.Values, into any) error {
	return u.call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, into)
}

func (u *upstream) post(ctx context.Context, path string, body, into any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return u.call(ctx, http.MethodPost, path, encoded, into)
}

// call asks until an answer comes or the attempts of this role are used up. An impatient role does not wait for an
// attempt to fail before it makes the next one.
func (u *upstream) call(ctx context.Context, method, path string, body []byte, into any) error {
	type outcome struct {
		content []byte
		err     error
	}
	outcomes := make(chan outcome, u.patience.attempts)
	if u.patience.attempts > 1 {
		// What was sent is not taken back when another attempt is answered first.
		ctx = context.WithoutCancel(ctx)
	}
	started, running := 0, 0
	start := func() {
		started, running = started+1, running+1
		if started > 1 {
			u.server.metrics.count("dependency_retries_total", u.server.metrics.labels("upstream", u.name), 1)
		}
		go func() {
			content, err := u.attempt(ctx, method, path, body)
			outcomes <- outcome{content, err}
		}()
	}
	start()
	for {
		var impatient <-chan time.Time
		if u.patience.retryAfter > 0 && started < u.patience.attempts {
			impatient = time.After(u.patience.retryAfter)
		}
		select {
		case <-impatient:
			start()
		case got := <-outcomes:
			running--
			if got.err == nil {
				return u.decode(got.content, into)
			}
			if started < u.patience.attempts {
				start()
			} else if running == 0 {
				return got.err
			}
		}
	}
}

func (u *upstream) attempt(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	span := u.server.tracer.startClient(ctx, method+" "+u.name, u.name, u.address)
	started := time.Now()
	content, err := u.exchange(ctx, method, path, span, body)
	span.end(err)
	u.server.metrics.observeCall(u.name, err, time.Since(started))
	return content, err
}

func (u *upstream) exchange(ctx context.Context, method, path string, span *span, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+u.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("traceparent", span.traceparent())
	answer, err := u.client.Do(request)
	if err != nil {
		return nil, dependencyFailed(u.name, u.address, err)
	}
	defer answer.Body.Close()
	span.attributes["http.response.status_code"] = answer.StatusCode
	content, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return nil, dependencyFailed(u.name, u.address, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, u.refused(answer, content)
	}
	return content, nil
}

func (u *upstream) decode(content []byte, into any) error {
	if err := json.Unmarshal(content, into); err != nil {
		return &failure{Status: http.StatusBadGateway, Upstream: u.name, Address: u.address, Err: err}
	}
	return nil
}

// refused passes a client's mistake on with its status; anything else is a bad gateway that quotes the reason.
func (u *upstream) refused(answer *http.Response, content []byte) error {
	var reason struct{ Error string }
	if json.Unmarshal(content, &reason) != nil || reason.Error == "" {
		reason.Error = strings.TrimSpace(string(content))
	}
	if len(reason.Error) > quoteLimit {
		reason.Error = reason.Error[:quoteLimit]
	}
	status := http.StatusBadGateway
	if answer.StatusCode/100 == 4 {
		status = answer.StatusCode
	}
	return &failure{Status: status, Upstream: u.name, Address: u.address,
		Err: fmt.Errorf("answered %d: %s", answer.StatusCode, reason.Error)}
}
