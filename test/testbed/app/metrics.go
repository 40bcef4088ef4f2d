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

var durationBuckets = []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

// family is a metric with its kind and help text; families are served in the order of this list.
type family struct{ name, kind, help string }

var families = []family{
	{"http_requests_total", "counter", "Requests answered."},
	{"http_request_duration_seconds", "histogram", "Time to answer."},
	{"http_requests_in_flight", "gauge", "Requests being answered."},
	{"dependency_calls_total", "counter", "Calls to other services and stores."},
	{"dependency_call_duration_seconds", "histogram", "Time of calls to other services and stores, as the caller sees it."},
	{"dependency_retries_total", "counter", "Calls that repeat one for the same request."},
	{"store_pool_size", "gauge", "Connections to the store that may be open at the same time."},
	{"store_pool_in_use", "gauge", "Connections to the store that are taken."},
	{"store_pool_waiting", "gauge", "Requests that wait for a connection to the store."},
	{"store_pool_wait_seconds", "histogram", "Time until a connection to the store was free."},
	{"hotels_answered_total", "counter", "Hotels in answers to guests."},
	{"process_cpu_seconds_total", "counter", "Processor time of the process."},
	{"process_resident_memory_bytes", "gauge", "Memory of the process that is in use."},
	{"process_start_time_seconds", "gauge", "Start of the process, seconds since the epoch."},
	{"go_goroutines", "gauge", "Goroutines."},
	{"go_gc_duration_seconds_count", "counter", "Runs of the garbage collector."},
	{"go_memstats_heap_alloc_bytes", "gauge", "Memory of objects that were not collected yet."},
	{"go_memstats_next_gc_bytes", "gauge", "Size of the heap at which the collector runs next."},
}

type histogram struct {
	counts []uint64
	sum    float64
	total  uint64
}

// metrics holds what a role counts and measures; it is served in the Prometheus text format.
type metrics struct {
	role string
	mu   sync.Mutex
	// By family and labels.
	counters   map[string]map[string]float64
	histograms map[string]map[string]*histogram
	// Values that are read when they are asked for, by family.
	readings map[string]func() float64
}

func newMetrics(role string) *metrics {
	m := &metrics{role: role, counters: map[string]map[string]float64{}, histograms: map[string]map[string]*histogram{},
		readings: map[string]func() float64{}}
	observeProcess(m)
	return m
}

// labels puts names and values into the form of the text format, with the role first.
func (m *metrics) labels(pairs ...string) string {
	text := fmt.Sprintf("service=%q", m.role)
	for i := 0; i < len(pairs); i += 2 {
		text += fmt.Sprintf(",%s=%q", pairs[i], pairs[i+1])
	}
	return text
}

func (m *metrics) count(family, labels string, add float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counters[family] == nil {
		m.counters[family] = map[string]float64{}
	}
	m.counters[family][labels] += add
}

func (m *metrics) observe(family, labels string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.histograms[family] == nil {
		m.histograms[family] = map[string]*histogram{}
	}
	h := m.histograms[family][labels]
	if h == nil {
		h = &histogram{counts: make([]uint64, len(durationBuckets))}
		m.histograms[family][labels] = h
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

// read serves what the function returns under a family.
func (m *metrics) read(family string, reading func() float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.readings[family] = reading
}

func (m *metrics) observeRequest(method, pattern string, status int, took time.Duration) {
	labels := m.labels("method", method, "route", routeLabel(pattern))
	m.count("http_requests_total", labels+`,code="`+strconv.Itoa(status)+`"`, 1)
	m.observe("http_request_duration_seconds", labels, took)
}

// observeCall counts one call to a dependency; outcome is `ok` or `error`.
func (m *metrics) observeCall(upstream string, err error, took time.Duration) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.count("dependency_calls_total", m.labels("upstream", upstream, "outcome", outcome), 1)
	m.observe("dependency_call_duration_seconds", m.labels("upstream", upstream), took)
}

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write([]byte(m.text()))
}

func (m *metrics) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out strings.Builder
	for _, f := range families {
		reading := m.readings[f.name]
		if len(m.counters[f.name])+len(m.histograms[f.name]) == 0 && reading == nil {
			continue
		}
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		if reading != nil {
			fmt.Fprintf(&out, "%s{%s} %s\n", f.name, m.labels(), number(reading()))
		}
		for _, labels := range sortedKeys(m.counters[f.name]) {
			fmt.Fprintf(&out, "%s{%s} %s\n", f.name, labels, number(m.counters[f.name][labels]))
		}
		for _, labels := range sortedKeys(m.histograms[f.name]) {
			m.histograms[f.name][labels].write(&out, f.name, labels)
		}
	}
	return out.String()
}

func (h *histogram) write(out *strings.Builder, name, labels string) {
	for i, bound := range durationBuckets {
		fmt.Fprintf(out, "%s_bucket{%s,le=\"%g\"} %d\n", name, labels, bound, h.counts[i])
	}
	fmt.Fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, labels, h.total)
	fmt.Fprintf(out, "%s_sum{%s} %s\n", name, labels, number(h.sum))
	fmt.Fprintf(out, "%s_count{%s} %d\n", name, labels, h.total)
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

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
