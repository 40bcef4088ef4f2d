package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// handler answers a request or says what went wrong; the server turns the error into status, log line and metric.
type handler func(w http.ResponseWriter, r *http.Request) error

// server is one role's HTTP server: its routes plus probes and metrics.
type server struct {
	mux     *http.ServeMux
	metrics *metrics
	tracer  *tracer
	work    work
	// Requests that are being answered.
	inFlight atomic.Int64
}

func newServer(role string) *server {
	s := &server{mux: http.NewServeMux(), metrics: newMetrics(role), tracer: newTracer(role)}
	s.metrics.read("http_requests_in_flight", func() float64 { return float64(s.inFlight.Load()) })
	s.work.serve(s.mux)
	// Neither probe asks dependencies: a broken one shows in failing requests, not in everything above it unready.
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }
	s.mux.HandleFunc("GET /healthz", ok)
	s.mux.HandleFunc("GET /readyz", ok)
	s.mux.HandleFunc("GET /metrics", s.metrics.serve)
	return s
}

// route adds a handler with logging, metrics, a server span and the role's work around it.
func (s *server) route(pattern string, handle handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		ctx, span := s.tracer.startServer(r, pattern)
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		s.work.do()
		err := handle(recorder, r.WithContext(ctx))
		if err != nil {
			answerFailure(recorder, r, pattern, span, asFailure(err))
		}
		span.attributes["http.response.status_code"] = recorder.status
		// What the client did wrong is no failure of the server.
		if recorder.status < 500 {
			err = nil
		}
		span.end(err)
		s.metrics.observeRequest(r.Method, pattern, recorder.status, time.Since(started))
	})
}

func (s *server) listen(address string) error {
	slog.Info("listening", "address", address)
	return (&http.Server{Addr: address, Handler: s.mux, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

func answerFailure(w http.ResponseWriter, r *http.Request, pattern string, span *span, f *failure) {
	level := slog.LevelError
	if f.Status < 500 {
		level = slog.LevelWarn
	}
	slog.Log(r.Context(), level, "request failed", "route", pattern, "status", f.Status, "upstream", f.Upstream,
		"address", f.Address, "error", f.Err.Error(), "trace_id", span.traceID)
	writeJSON(w, f.Status, map[string]string{"error": f.Error(), "upstream": f.Upstream, "trace": span.traceID})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Warn("could not write the answer", "error", err.Error())
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
