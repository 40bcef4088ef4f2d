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
	"time"
)

const guestPatience = 5 * time.Second

// runLoadgen keeps asking the frontend like a guest would: mostly searches, some recommendations, few bookings.
func runLoadgen(_ []string) error {
	addresses, err := requiredSettings("FRONTEND_ADDRESS")
	if err != nil {
		return err
	}
	rate, err := strconv.ParseFloat(setting("REQUESTS_PER_SECOND", "2"), 64)
	if err != nil || !(rate > 0 && rate <= 1000) {
		return fmt.Errorf("REQUESTS_PER_SECOND must be a number above 0 and up to 1000, not %q",
			setting("REQUESTS_PER_SECOND", "2"))
	}
	s := newServer("loadgen")
	go askForEver(s, "http://"+addresses[0], time.Duration(float64(time.Second)/rate))
	return s.listen(setting("LISTEN", ":9090"))
}

func askForEver(s *server, base string, pause time.Duration) {
	client := newHTTPClient()
	client.Timeout = guestPatience
	failing := false
	for range time.Tick(pause) {
		method, target := randomRequest(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
		status, err := ask(client, method, base+target)
		s.metrics.observeCall("frontend", err)
		if err != nil {
			slog.Error("request failed", "method", method, "path", pathOf(target), "status", status, "error", err.Error())
		} else if failing {
			slog.Info("requests succeed again")
		}
		failing = err != nil
	}
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
