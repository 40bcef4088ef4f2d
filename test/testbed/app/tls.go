package main

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"
)

// listenTLS serves the same with the certificate in a folder (tls.crt, tls.key), as it stands there at each connection:
// one that is renewed needs no restart.
func (s *server) listenTLS(address, folder string) {
	current := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"))
		if err != nil {
			slog.Error("certificate cannot be read", "folder", folder, "error", err.Error())
			return nil, err
		}
		return &pair, nil
	}
	slog.Info("listening", "address", address, "certificate", folder)
	server := &http.Server{Addr: address, Handler: s.mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{GetCertificate: current, MinVersion: tls.VersionTLS12}}
	slog.Error("stopped", "error", server.ListenAndServeTLS("", "").Error())
}
