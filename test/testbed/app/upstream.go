package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
}

func (s *server) upstream(name, address string) *upstream {
	return &upstream{name: name, address: address, server: s, client: newHTTPClient()}
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

func (u *upstream) call(ctx context.Context, method, path string, body []byte, into any) error {
	span := u.server.tracer.startClient(ctx, method+" "+u.name,
		map[string]string{"server.address": u.address, "peer.service": u.name})
	err := u.exchange(ctx, method, path, span, body, into)
	span.end(err)
	u.server.metrics.observeCall(u.name, err)
	return err
}

func (u *upstream) exchange(ctx context.Context, method, path string, span *span, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+u.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("traceparent", span.traceparent())
	answer, err := u.client.Do(request)
	if err != nil {
		return dependencyFailed(u.name, u.address, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return dependencyFailed(u.name, u.address, err)
	}
	if answer.StatusCode/100 != 2 {
		return u.refused(answer, content)
	}
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
