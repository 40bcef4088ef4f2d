package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCatalogueHasDistinctIDsAndValidPlaces(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range catalogue() {
		if seen[h.ID] || h.Lat < -85 || h.Lat > 85 || h.Lon < -180 || h.Lon > 180 || h.Rooms <= 0 {
			t.Errorf("bad entry %+v", h)
		}
		seen[h.ID] = true
	}
}

func TestRecommendOrdersByWhatWasAsked(t *testing.T) {
	hotels := []rankedHotel{
		{ID: "far", Lat: 9, Lon: 9, Price: 1, Stars: 3},
		{ID: "near", Lat: 1, Lon: 1, Price: 3, Stars: 4},
		{ID: "fine", Lat: 5, Lon: 5, Price: 2, Stars: 5},
	}
	for require, want := range map[string][]string{
		"dis":   {"near", "fine", "far"},
		"rate":  {"fine", "near", "far"},
		"price": {"far", "fine", "near"},
	} {
		if got, err := recommend(hotels, require, 0, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v", require, got, err)
		}
	}
	if _, err := recommend(hotels, "luck", 0, 0); asFailure(err).Status != 400 {
		t.Errorf("unknown order: %v", err)
	}
}

func TestNightsOfAStay(t *testing.T) {
	got, err := nightsOf(booking{InDate: "2026-02-27", OutDate: "2026-03-02", Rooms: 1})
	if want := []string{"2026-02-27", "2026-02-28", "2026-03-01"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, b := range []booking{
		{InDate: "2026-03-02", OutDate: "2026-03-02", Rooms: 1},
		{InDate: "2026-03-02", OutDate: "2026-03-01", Rooms: 1},
		{InDate: "2026-03-02", OutDate: "2027-03-02", Rooms: 1},
		{InDate: "yesterday", OutDate: "2026-03-02", Rooms: 1},
		{InDate: "2026-03-01", OutDate: "2026-03-02", Rooms: 0},
	} {
		if _, err := nightsOf(b); err == nil {
			t.Errorf("accepted %+v", b)
		}
	}
}

func TestPositionRefusesWhatIsNotAPlace(t *testing.T) {
	for _, query := range []string{"lat=north", "lat=91", "lon=181", "lat=NaN"} {
		if _, _, err := position(httptest.NewRequest("GET", "/?"+query, nil)); asFailure(err).Status != 400 {
			t.Errorf("%s: %v", query, err)
		}
	}
	if lat, lon, err := position(httptest.NewRequest("GET", "/", nil)); err != nil || lat == 0 || lon == 0 {
		t.Errorf("no default place: %v %v %v", lat, lon, err)
	}
}

func TestRandomRequestsAreOnesTheFrontendKnows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	for range 2000 {
		method, target := randomRequest(random)
		seen[method+" "+pathOf(target)]++
	}
	for _, route := range []string{"GET /hotels", "GET /recommendations", "POST /user", "POST /reservation"} {
		if seen[route] == 0 {
			t.Errorf("never asked %s: %v", route, seen)
		}
		delete(seen, route)
	}
	if len(seen) != 0 {
		t.Errorf("asked unknown routes: %v", seen)
	}
}

func TestDemoGuestsCanLogIn(t *testing.T) {
	accounts := demoAccounts()
	for _, number := range []int{0, 7, demoUsers - 1} {
		name := fmt.Sprintf("guest_%d", number)
		if accounts[name] != hashed(name, demoPassword(number)) {
			t.Errorf("%s cannot log in", name)
		}
	}
}

func TestMissingSettingIsNamed(t *testing.T) {
	t.Setenv("GIVEN", "x")
	if _, err := requiredSettings("GIVEN", "NOT_GIVEN"); err == nil || !strings.Contains(err.Error(), "NOT_GIVEN") {
		t.Errorf("got %v", err)
	}
}

func TestNodeWantsItsSettingsAndItsFolder(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "mode")
	options := nodeOptions{env: words{"NODE_MODE"}, files: words{file}, data: folder}
	if err := options.check(); err == nil || !strings.Contains(err.Error(), "NODE_MODE") {
		t.Errorf("missing variable: %v", err)
	}
	t.Setenv("NODE_MODE", "fast")
	if err := options.check(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(file, []byte("fast"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := options.check(); err != nil {
		t.Errorf("complete settings refused: %v", err)
	}
	if err := options.touchData(); err != nil {
		t.Errorf("folder refused: %v", err)
	}
	options.data = filepath.Join(folder, "absent")
	if err := options.touchData(); err == nil {
		t.Error("an absent folder was accepted")
	}
}
