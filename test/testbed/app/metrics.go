package main

import (
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

var durationBuckets = []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5}

type histogram struct {
	counts []uint64
	sum    float64
	total  uint64
}

// metrics counts requests by route and code and their durations, and calls to dependencies by outcome; it is served
// in the Prometheus text format.
type metrics struct {
	role      string
	mu        sync.Mutex
	requests  map[string]uint64
	durations map[string]*histogram
	calls     map[string]uint64
}

func newMetrics(role string) *metrics {
	return &metrics{
		role:      role,
		requests:  map[string]uint64{},
		durations: map[string]*histogram{},
		calls:     map[string]uint64{},
	}
}

func (m *metrics) observeRequest(method, pattern string, status int, took time.Duration) {
	labels := fmt.Sprintf(`service=%q,method=%q,route=%q`, m.role, method, routeLabel(pattern))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[labels+`,code="`+strconv.Itoa(status)+`"`]++
	h := m.durations[labels]
	if h == nil {
		h = &histogram{counts: make([]uint64, len(durationBuckets))}
		m.durations[labels] = h
	}
	seconds := took.Seconds()
	for i, bound := range durationBuckets {
		if seconds <= bound {
			h.counts[i]++
		}
	}
	h.sum += seconds
	h.total++
}

// observeCall counts one call to a dependency; outcome is `ok` or `error`.
func (m *metrics) observeCall(upstream string, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[fmt.Sprintf(`service=%q,upstream=%q,outcome=%q`, m.role, upstream, outcome)]++
}

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write([]byte(m.text()))
}

func (m *metrics) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out strings.Builder
	writeCounter(&out, "http_requests_total", "Requests answered.", m.requests)
	out.WriteString("# HELP http_request_duration_seconds Time to answer.\n# TYPE http_request_duration_seconds histogram\n")
	for _, labels := range sortedKeys(m.durations) {
		h := m.durations[labels]
		for i, bound := range durationBuckets {
			fmt.Fprintf(&out, "http_request_duration_seconds_bucket{%s,le=\"%g\"} %d\n", labels, bound, h.counts[i])
		}
		fmt.Fprintf(&out, "http_request_duration_seconds_bucket{%s,le=\"+Inf\"} %d\n", labels, h.total)
		fmt.Fprintf(&out, "http_request_duration_seconds_sum{%s} %g\n", labels, h.sum)
		fmt.Fprintf(&out, "http_request_duration_seconds_count{%s} %d\n", labels, h.total)
	}
	writeCounter(&out, "dependency_calls_total", "Calls to other services and stores.", m.calls)
	return out.String()
}

func writeCounter(out *strings.Builder, name, help string, values map[string]uint64) {
	fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name)
	for _, labels := range sortedKeys(values) {
		fmt.Fprintf(out, "%s{%s} %d\n", name, labels, values[labels])
	}
}

func routeLabel(pattern string) string {
	if _, path, found := strings.Cut(pattern, " "); found {
		return path
	}
	return pattern
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
