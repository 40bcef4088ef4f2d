package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// client reads from an API server with the identity `telemetry` of the testbed.
type client struct {
	server string
	http   *http.Client
}

func newClient(server, pki string) (*client, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(pki, "telemetry.crt"), filepath.Join(pki, "telemetry.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}}
	return &client{server: server, http: &http.Client{Timeout: 5 * time.Second, Transport: transport}}, nil
}

func (c *client) get(path string, into any) error {
	answer, err := c.http.Get(c.server + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
