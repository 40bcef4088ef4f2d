package main

import (
	"net/http"
	"strings"
	"time"
)

type ratePlan struct {
	HotelID string  `json:"hotelId"`
	Code    string  `json:"code"`
	InDate  string  `json:"inDate"`
	OutDate string  `json:"outDate"`
	Price   float64 `json:"price"`
}

// runRate answers what hotels cost for a stay.
func runRate(_ []string) error {
	s := newServer("rate")
	plans, err := newTable(s, "rate:plans", ratePlans)
	if err != nil {
		return err
	}
	s.route("GET /rates", func(w http.ResponseWriter, r *http.Request) error {
		raw, err := plans.read(r.Context(), splitIDs(r.FormValue("hotelIds")))
		if err != nil {
			return err
		}
		found, err := decodeRows[ratePlan](raw)
		if err != nil {
			return err
		}
		for i := range found {
			if hasRegressions() {
				// Each price is converted by itself, by a service that takes its time.
				time.Sleep(conversionTime)
			}
			found[i].InDate, found[i].OutDate = r.FormValue("inDate"), r.FormValue("outDate")
		}
		writeJSON(w, http.StatusOK, map[string]any{"ratePlans": found})
		return nil
	})
	return s.listen(setting("LISTEN", ":8084"))
}

func ratePlans() map[string]any {
	rows := map[string]any{}
	for _, h := range catalogue() {
		rows[h.ID] = ratePlan{HotelID: h.ID, Code: "RACK", Price: h.Price}
	}
	return rows
}

func splitIDs(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' })
}
