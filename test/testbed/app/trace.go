package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Span kinds of the OpenTelemetry protocol.
const (
	kindServer = 2
	kindClient = 3
)

// span is one timed piece of work; its ids follow W3C Trace Context.
type span struct {
	tracer   *tracer
	traceID  string
	spanID   string
	parentID string
	sampled  bool
	name     string
	kind     int
	started  time.Time
	ended    time.Time
	// Values are strings or whole numbers.
	attributes map[string]any
	err        error
}

type tracer struct {
	exporter *otlpExporter
}

type spanKey struct{}

// traceparentPattern is the header of https://www.w3.org/TR/trace-context/; later versions may append fields.
var traceparentPattern = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

const (
	noTrace = "00000000000000000000000000000000"
	noSpan  = "0000000000000000"
)

func newTracer(role string) *tracer {
	return &tracer{exporter: newExporter(role, setting("OTEL_EXPORTER_OTLP_ENDPOINT", ""))}
}

// startServer continues the caller's trace, or begins a new one when the request carries none that is valid.
func (t *tracer) startServer(r *http.Request, name string) (context.Context, *span) {
	s := &span{tracer: t, name: name, kind: kindServer, started: time.Now(), spanID: randomHex(8), sampled: true,
		attributes: map[string]any{"http.request.method": r.Method, "url.path": r.URL.Path, "http.route": routeLabel(name)}}
	if traceID, parentID, sampled, ok := parseTraceparent(r.Header.Get("traceparent")); ok {
		s.traceID, s.parentID, s.sampled = traceID, parentID, sampled
	} else {
		s.traceID = randomHex(16)
	}
	return context.WithValue(r.Context(), spanKey{}, s), s
}

// startClient begins a span for a call to a dependency, below the request's span.
func (t *tracer) startClient(ctx context.Context, name, peer, address string) *span {
	s := &span{tracer: t, name: name, kind: kindClient, started: time.Now(), spanID: randomHex(8), sampled: true,
		attributes: map[string]any{"peer.service": peer, "server.address": hostOf(address)}}
	if _, port, err := net.SplitHostPort(address); err == nil {
		if number, err := strconv.Atoi(port); err == nil {
			s.attributes["server.port"] = number
		}
	}
	if parent, ok := ctx.Value(spanKey{}).(*span); ok {
		s.traceID, s.parentID, s.sampled = parent.traceID, parent.spanID, parent.sampled
	} else {
		s.traceID = randomHex(16)
	}
	return s
}

func (s *span) traceparent() string {
	flags := "00"
	if s.sampled {
		flags = "01"
	}
	return "00-" + s.traceID + "-" + s.spanID + "-" + flags
}

func (s *span) end(err error) {
	s.ended, s.err = time.Now(), err
	if s.sampled {
		s.tracer.exporter.add(s)
	}
}

// hostOf is an address without its port.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func parseTraceparent(header string) (traceID, parentID string, sampled, ok bool) {
	m := traceparentPattern.FindStringSubmatch(header)
	if m == nil || m[1] == "ff" || m[2] == noTrace || m[3] == noSpan || (m[1] == "00" && m[5] != "") {
		return "", "", false, false
	}
	flags, err := hex.DecodeString(m[4])
	return m[2], m[3], err == nil && flags[0]&1 == 1, err == nil
}

func randomHex(bytes int) string {
	buffer := make([]byte, bytes)
	// crypto/rand never fails on the platforms Go supports (it aborts the process instead).
	_, _ = rand.Read(buffer)
	return hex.EncodeToString(buffer)
}
