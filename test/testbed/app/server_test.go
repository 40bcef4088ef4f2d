package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestParseTraceparent(t *testing.T) {
	const id, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	traceID, parentID, sampled, ok := parseTraceparent("00-" + id + "-" + parent + "-01")
	if !ok || !sampled || traceID != id || parentID != parent {
		t.Errorf("valid header refused: %v %v %v %v", traceID, parentID, sampled, ok)
	}
	if _, _, sampled, ok := parseTraceparent("00-" + id + "-" + parent + "-00"); !ok || sampled {
		t.Error("unsampled header not understood")
	}
	if _, _, _, ok := parseTraceparent("01-" + id + "-" + parent + "-01-extra"); !ok {
		t.Error("a later version may append fields")
	}
	for _, header := range []string{"", "x", "ff-" + id + "-" + parent + "-01", "00-" + noTrace + "-" + parent + "-01",
		"00-" + id + "-" + noSpan + "-01", "00-" + id + "-" + parent + "-01-extra", "00-" + id + "-" + parent} {
		if _, _, _, ok := parseTraceparent(header); ok {
			t.Errorf("accepted %q", header)
		}
	}
}

// chain is a service that calls another one, both real HTTP servers.
func chain(t *testing.T, inner handler) *httptest.Server {
	t.Helper()
	backend := newServer("backend")
	backend.route("GET /work", inner)
	backendServer := httptest.NewServer(backend.mux)
	t.Cleanup(backendServer.Close)
	front := newServer("front")
	callee := front.upstream("backend", strings.TrimPrefix(backendServer.URL, "http://"))
	front.route("GET /work", func(w http.ResponseWriter, r *http.Request) error {
		var answer map[string]string
		if err := callee.get(r.Context(), "/work", url.Values{}, &answer); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, answer)
		return nil
	})
	server := httptest.NewServer(front.mux)
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, target, traceparent string) (int, map[string]string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("traceparent", traceparent)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body map[string]string
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body
}

func TestTraceReachesTheServiceBehind(t *testing.T) {
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	server := chain(t, func(w http.ResponseWriter, r *http.Request) error {
		writeJSON(w, http.StatusOK, map[string]string{"traceparent": r.Header.Get("traceparent")})
		return nil
	})
	_, body := get(t, server.URL+"/work", "00-"+traceID+"-00f067aa0ba902b7-01")
	got, parent, _, ok := parseTraceparent(body["traceparent"])
	if !ok || got != traceID || parent == "00f067aa0ba902b7" {
		t.Errorf("the service behind saw %q", body["traceparent"])
	}
}

func TestFailureBehindBecomesBadGatewayThatQuotesIt(t *testing.T) {
	server := chain(t, func(http.ResponseWriter, *http.Request) error {
		return dependencyFailed("redis", "redis-geo:6379", context.DeadlineExceeded)
	})
	status, body := get(t, server.URL+"/work", "")
	if status != http.StatusBadGateway || body["upstream"] != "backend" ||
		!strings.Contains(body["error"], "answered 504: redis at redis-geo:6379") {
		t.Errorf("got %d %v", status, body)
	}
}

func TestClientMistakeKeepsItsStatus(t *testing.T) {
	server := chain(t, func(http.ResponseWriter, *http.Request) error { return badRequest("lat is wrong") })
	if status, _ := get(t, server.URL+"/work", ""); status != http.StatusBadRequest {
		t.Errorf("got %d", status)
	}
}

func TestUnreachableServiceIsNamed(t *testing.T) {
	s := newServer("front")
	err := s.upstream("geo", "127.0.0.1:1").get(context.Background(), "/nearby", url.Values{}, &struct{}{})
	f := asFailure(err)
	if f.Status != http.StatusServiceUnavailable || f.Upstream != "geo" || f.Address != "127.0.0.1:1" {
		t.Errorf("got %+v", f)
	}
}

func TestMetricsCountByCodeAndBucket(t *testing.T) {
	s := newServer("geo")
	s.route("GET /nearby", func(w http.ResponseWriter, r *http.Request) error {
		if r.FormValue("lat") == "" {
			return badRequest("lat is missing")
		}
		writeJSON(w, http.StatusOK, 1)
		return nil
	})
	for _, target := range []string{"/nearby?lat=1", "/nearby?lat=1", "/nearby"} {
		s.mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil))
	}
	recorder := httptest.NewRecorder()
	s.mux.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`http_requests_total{service="geo",method="GET",route="/nearby",code="200"} 2`,
		`http_requests_total{service="geo",method="GET",route="/nearby",code="400"} 1`,
		`http_request_duration_seconds_bucket{service="geo",method="GET",route="/nearby",le="+Inf"} 3`,
		`http_request_duration_seconds_count{service="geo",method="GET",route="/nearby"} 3`,
	} {
		if !strings.Contains(recorder.Body.String(), line+"\n") {
			t.Errorf("missing %s in\n%s", line, recorder.Body.String())
		}
	}
}

func TestSpansAreSentToTheCollector(t *testing.T) {
	bodies := make(chan map[string]any, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		bodies <- body
	}))
	t.Cleanup(collector.Close)
	exporter := &otlpExporter{role: "geo", url: collector.URL}
	tracer := &tracer{exporter: exporter}
	s := tracer.startClient(context.Background(), "GET rate", "rate", "rate:8084")
	s.end(context.Canceled)
	if err := exporter.send(collector.Client(), []*span{s}); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(<-bodies)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"service.name"`, `"traceId":"` + s.traceID + `"`, `"kind":3`, `"code":2`, `"intValue":"8084"`} {
		if !strings.Contains(string(encoded), part) {
			t.Errorf("missing %s in %s", part, encoded)
		}
	}
}
