package main

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	guestPatience = 5 * time.Second
	guestsAtOnce  = 128
)

// runLoadgen keeps asking the frontend like a guest would: mostly searches, some recommendations, few bookings.
func runLoadgen(_ []string) error {
	addresses, err := requiredSettings("FRONTEND_ADDRESS")
	if err != nil {
		return err
	}
	if _, err := requestsPerSecond(); err != nil {
		return err
	}
	s := newServer("loadgen")
	go askForEver(s, "http://"+addresses[0])
	return s.listen(setting("LISTEN", ":9090"))
}

// requestsPerSecond is read anew for each request where it is the key of a mounted ConfigMap, so that it can be changed
// without a restart.
func requestsPerSecond() (float64, error) {
	text := liveSetting("requests-per-second", setting("REQUESTS_PER_SECOND", "2"))
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate > 0 && rate <= 1000) {
		return 0, fmt.Errorf("REQUESTS_PER_SECOND must be a number above 0 and up to 1000, not %q", text)
	}
	return rate, nil
}

// askForEver does not wait for answers before it asks again: guests do not know of each other. Pauses are drawn as for
// guests who come by chance.
func askForEver(s *server, base string) {
	client := newHTTPClient()
	client.Timeout = guestPatience
	var failing atomic.Bool
	free := make(chan struct{}, guestsAtOnce)
	for rate := 1.0; ; {
		if now, err := requestsPerSecond(); err == nil {
			rate = now
		}
		time.Sleep(time.Duration(rand.ExpFloat64() * float64(time.Second) / rate))
		free <- struct{}{}
		go func() {
			defer func() { <-free }()
			askOnce(s, client, base, &failing)
		}()
	}
}

func askOnce(s *server, client *http.Client, base string, failing *atomic.Bool) {
	method, target := randomRequest(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	started := time.Now()
	status, err := ask(client, method, base+target)
	s.metrics.observeCall("frontend", err, time.Since(started))
	if err != nil {
		slog.Error("request failed", "method", method, "path", pathOf(target), "status", status, "error", err.Error())
	} else if failing.Load() {
		slog.Info("requests succeed again")
	}
	failing.Store(err != nil)
}

func ask(client *http.Client, method, target string) (int, error) {
	request, err := http.NewRequest(method, target, nil)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return answer.StatusCode, err
	}
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, fmt.Errorf("frontend answered %d: %s", answer.StatusCode, strings.TrimSpace(string(body)))
	}
	return answer.StatusCode, nil
}

// randomRequest draws the mix of the benchmark suites: 60 % searches, 38 % recommendations, 1 % logins, 1 % bookings.
func randomRequest(random *rand.Rand) (method, target string) {
	lat, lon := decimal(37.78+random.Float64()/50), decimal(-122.41+random.Float64()/50)
	guest := random.IntN(demoUsers)
	login := url.Values{"username": {fmt.Sprintf("%s%d", userPrefix, guest)}, "password": {demoPassword(guest)}}
	switch draw := random.IntN(100); {
	case draw < 60:
		return http.MethodGet, "/hotels?" + url.Values{"lat": {lat}, "lon": {lon}}.Encode()
	case draw < 98:
		require := []string{"dis", "rate", "price"}[random.IntN(3)]
		return http.MethodGet, "/recommendations?" + url.Values{"require": {require}, "lat": {lat}, "lon": {lon}}.Encode()
	case draw < 99:
		return http.MethodPost, "/user?" + login.Encode()
	default:
		login.Set("hotelId", strconv.Itoa(1+random.IntN(catalogueSize)))
		login.Set("number", "1")
		return http.MethodPost, "/reservation?" + login.Encode()
	}
}

// pathOf drops the query, which can hold a password, from what is logged.
func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}
