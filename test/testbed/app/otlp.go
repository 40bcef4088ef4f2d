package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	exportEvery = 2 * time.Second
	queueLimit  = 512
)

// otlpExporter sends spans in OTLP over HTTP with JSON bodies; without an endpoint it drops them.
type otlpExporter struct {
	role  string
	url   string
	queue chan *span
}

func newExporter(role, endpoint string) *otlpExporter {
	e := &otlpExporter{role: role}
	if endpoint == "" {
		return e
	}
	e.url = strings.TrimRight(endpoint, "/") + "/v1/traces"
	e.queue = make(chan *span, queueLimit)
	go e.run()
	return e
}

// add never blocks a request: when the collector is too slow, spans are lost.
func (e *otlpExporter) add(s *span) {
	if e.queue == nil {
		return
	}
	select {
	case e.queue <- s:
	default:
	}
}

func (e *otlpExporter) run() {
	client := &http.Client{Timeout: exportEvery}
	for range time.Tick(exportEvery) {
		if spans := e.drain(); len(spans) > 0 {
			if err := e.send(client, spans); err != nil {
				slog.Warn("could not export spans", "url", e.url, "lost", len(spans), "error", err.Error())
			}
		}
	}
}

func (e *otlpExporter) drain() []*span {
	var spans []*span
	for {
		select {
		case s := <-e.queue:
			spans = append(spans, s)
		default:
			return spans
		}
	}
}

func (e *otlpExporter) send(client *http.Client, spans []*span) error {
	body, err := json.Marshal(otlpRequest(e.role, spans))
	if err != nil {
		return err
	}
	answer, err := client.Post(e.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("collector answered %s", answer.Status)
	}
	return nil
}

// otlpRequest is the JSON form of ExportTraceServiceRequest (opentelemetry-proto, ids in hex, times as strings).
func otlpRequest(role string, spans []*span) map[string]any {
	encoded := make([]map[string]any, len(spans))
	for i, s := range spans {
		encoded[i] = map[string]any{
			"traceId":           s.traceID,
			"spanId":            s.spanID,
			"parentSpanId":      s.parentID,
			"name":              s.name,
			"kind":              s.kind,
			"startTimeUnixNano": strconv.FormatInt(s.started.UnixNano(), 10),
			"endTimeUnixNano":   strconv.FormatInt(s.ended.UnixNano(), 10),
			"attributes":        otlpAttributes(s.attributes),
			"status":            otlpStatus(s.err),
		}
	}
	return map[string]any{"resourceSpans": []any{map[string]any{
		"resource":   map[string]any{"attributes": otlpAttributes(resourceOf(role))},
		"scopeSpans": []any{map[string]any{"scope": map[string]any{"name": "hotelshop"}, "spans": encoded}},
	}}}
}

func otlpStatus(err error) map[string]any {
	if err == nil {
		return map[string]any{}
	}
	return map[string]any{"code": 2, "message": err.Error()}
}

// resourceOf says who sends: the role, and what OTEL_RESOURCE_ATTRIBUTES adds (key=value, separated by commas).
func resourceOf(role string) map[string]any {
	resource := map[string]any{}
	for _, pair := range strings.Split(setting("OTEL_RESOURCE_ATTRIBUTES", ""), ",") {
		if key, value, found := strings.Cut(pair, "="); found {
			resource[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	resource["service.name"] = role
	return resource
}

func otlpAttributes(values map[string]any) []any {
	attributes := make([]any, len(values))
	for i, key := range sortedKeys(values) {
		value := map[string]any{"stringValue": values[key]}
		if number, isNumber := values[key].(int); isNumber {
			// The JSON form of protobuf has 64-bit numbers as strings.
			value = map[string]any{"intValue": strconv.Itoa(number)}
		}
		attributes[i] = map[string]any{"key": key, "value": value}
	}
	return attributes
}
