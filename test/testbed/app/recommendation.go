package main

import (
	"cmp"
	"math"
	"net/http"
	"slices"
)

type rankedHotel struct {
	ID    string  `json:"id"`
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
	Price float64 `json:"price"`
	Stars float64 `json:"stars"`
}

// runRecommendation answers the best hotels by distance, stars or price.
func runRecommendation(_ []string) error {
	s := newServer("recommendation")
	ranking, err := newTable(s, "recommendation:hotels", rankedHotels)
	if err != nil {
		return err
	}
	var remembered memory
	s.route("GET /recommendations", func(w http.ResponseWriter, r *http.Request) error {
		lat, lon, err := position(r)
		if err != nil {
			return err
		}
		raw, err := ranking.read(r.Context(), sortedKeys(rankedHotels()))
		if err != nil {
			return err
		}
		hotels, err := decodeRows[rankedHotel](raw)
		if err != nil {
			return err
		}
		ids, err := recommend(hotels, r.FormValue("require"), lat, lon)
		if err != nil {
			return err
		}
		if hasRegressions() {
			// No two guests stand at the same place: what is kept is never found again, and never dropped.
			remembered.keep(r.URL.RawQuery)
		}
		writeJSON(w, http.StatusOK, map[string]any{"hotelIds": ids})
		return nil
	})
	return s.listen(setting("LISTEN", ":8085"))
}

// recommend orders hotels by `dis` (nearest), `rate` (most stars) or `price` (cheapest) and returns the best ids.
func recommend(hotels []rankedHotel, require string, lat, lon float64) ([]string, error) {
	worth := map[string]func(rankedHotel) float64{
		"dis":   func(h rankedHotel) float64 { return math.Hypot(h.Lat-lat, h.Lon-lon) },
		"rate":  func(h rankedHotel) float64 { return -h.Stars },
		"price": func(h rankedHotel) float64 { return h.Price },
	}[require]
	if worth == nil {
		return nil, badRequest("require must be dis, rate or price, not %q", require)
	}
	sorted := slices.SortedStableFunc(slices.Values(hotels), func(a, b rankedHotel) int {
		return cmp.Compare(worth(a), worth(b))
	})
	ids := make([]string, min(searchLimit, len(sorted)))
	for i := range ids {
		ids[i] = sorted[i].ID
	}
	return ids, nil
}

func rankedHotels() map[string]any {
	rows := map[string]any{}
	for _, h := range catalogue() {
		rows[h.ID] = rankedHotel{ID: h.ID, Lat: h.Lat, Lon: h.Lon, Price: h.Price, Stars: h.Stars}
	}
	return rows
}
