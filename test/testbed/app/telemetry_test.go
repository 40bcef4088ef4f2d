package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestLiveSettingFollowsTheFile(t *testing.T) {
	folder := t.TempDir()
	if got := liveSetting("journal-detail", "brief"); got != "brief" {
		t.Errorf("nothing mounted: %q", got)
	}
	t.Setenv("SETTINGS_FOLDER", folder)
	if got := liveSetting("journal-detail", "brief"); got != "brief" {
		t.Errorf("no such key: %q", got)
	}
	write(t, filepath.Join(folder, "journal-detail"), "full\n")
	if got := liveSetting("journal-detail", "brief"); got != "full" {
		t.Errorf("changed: %q", got)
	}
}

func TestPoolMakesWaitAndGivesUp(t *testing.T) {
	t.Setenv("REDIS_POOL_SIZE", "1")
	m := newMetrics("geo")
	p, err := newPool(m)
	if err != nil {
		t.Fatal(err)
	}
	giveBack, err := p.take(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	tired, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := p.take(tired); err == nil || !strings.Contains(err.Error(), "all 1 are in use") {
		t.Errorf("a second connection was given: %v", err)
	}
	if !strings.Contains(m.text(), `store_pool_in_use{service="geo"} 1`+"\n") {
		t.Errorf("not told as in use:\n%s", m.text())
	}
	giveBack()
	if _, err := p.take(context.Background()); err != nil {
		t.Errorf("given back, not free: %v", err)
	}
}

func TestImpatientCallerMultipliesCalls(t *testing.T) {
	var calls atomic.Int64
	released := make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 3 {
			close(released)
		}
		<-released
		writeJSON(w, http.StatusOK, map[string]string{})
	}))
	t.Cleanup(backend.Close)
	t.Setenv("UPSTREAM_ATTEMPTS", "3")
	t.Setenv("UPSTREAM_RETRY_AFTER_MS", "1")
	s := newServer("search")
	callee := s.upstream("rate", strings.TrimPrefix(backend.URL, "http://"))
	if err := callee.get(context.Background(), "/", url.Values{}, &map[string]string{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.metrics.text(), `dependency_retries_total{service="search",upstream="rate"} 2`+"\n") {
		t.Errorf("retries not counted:\n%s", s.metrics.text())
	}
}

func TestFailedCallIsRepeatedUpToItsAttempts(t *testing.T) {
	var calls atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(backend.Close)
	t.Setenv("UPSTREAM_ATTEMPTS", "4")
	callee := newServer("search").upstream("rate", strings.TrimPrefix(backend.URL, "http://"))
	err := callee.get(context.Background(), "/", url.Values{}, &struct{}{})
	if asFailure(err).Status != http.StatusBadGateway || calls.Load() != 4 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestJournalKeepsNoMoreThanItMay(t *testing.T) {
	folder, settings := t.TempDir(), t.TempDir()
	t.Setenv("JOURNAL_FOLDER", folder)
	t.Setenv("SETTINGS_FOLDER", settings)
	write(t, filepath.Join(settings, "journal-keep-megabytes"), "4096")
	write(t, filepath.Join(settings, "journal-detail"), "full")
	kept := newJournal()
	request := httptest.NewRequest(http.MethodGet, "/hotels", nil)
	fill := func(requests int) int64 {
		for range requests {
			if err := kept.write(request); err != nil {
				t.Fatal(err)
			}
		}
		return sizeOf(t, folder)
	}
	if size := fill(60); size < 60*fullEntry {
		t.Errorf("%d bytes are less than 60 requests in full", size)
	}
	write(t, filepath.Join(settings, "journal-keep-megabytes"), "1")
	if size := fill(40); size > 1<<20+2*fullEntry {
		t.Errorf("%d bytes are kept, a megabyte may be", size)
	}
	write(t, filepath.Join(settings, "journal-detail"), "brief")
	if before, after := sizeOf(t, folder), fill(1); after-before > 500 {
		t.Errorf("a brief entry has %d bytes", after-before)
	}
}

func TestRequestThatCannotBeKeptFails(t *testing.T) {
	t.Setenv("JOURNAL_FOLDER", filepath.Join(t.TempDir(), "absent"))
	answer := newJournal().around(func(http.ResponseWriter, *http.Request) error { return nil })
	err := answer(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if f := asFailure(err); f.Status != http.StatusInternalServerError || f.Upstream != "journal" {
		t.Errorf("got %v", err)
	}
}

func TestOneProcessCanBeDegradedWhereThatIsAllowed(t *testing.T) {
	ask := func(s *server) int {
		recorder := httptest.NewRecorder()
		s.mux.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/chaos?delayMs=5", nil))
		return recorder.Code
	}
	if code := ask(newServer("rate")); code != http.StatusNotFound {
		t.Errorf("not allowed, answered %d", code)
	}
	t.Setenv("CHAOS", "allowed")
	s := newServer("rate")
	if code := ask(s); code != http.StatusOK || s.work.degraded.Load() != 5 {
		t.Errorf("allowed, answered %d", code)
	}
}

func TestResourceNamesRoleAndPod(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=geo-1, k8s.namespace.name=shop,broken")
	got := resourceOf("geo")
	if len(got) != 3 || got["service.name"] != "geo" || got["k8s.pod.name"] != "geo-1" || got["k8s.namespace.name"] != "shop" {
		t.Errorf("got %v", got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func sizeOf(t *testing.T, folder string) int64 {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}
