package main

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// runProfile answers the descriptions of hotels.
func runProfile(_ []string) error {
	s := newServer("profile")
	profiles, err := newTable(s, "profile:hotels", hotelProfiles)
	if err != nil {
		return err
	}
	if err := holdPictures(); err != nil {
		return err
	}
	var asked atomic.Uint64
	s.route("GET /profiles", func(w http.ResponseWriter, r *http.Request) error {
		if hasRegressions() && asked.Add(1)%brokenEvery == 0 {
			return errors.New("description: unexpected end of JSON input")
		}
		raw, err := profiles.read(r.Context(), splitIDs(r.FormValue("hotelIds")))
		if err != nil {
			return err
		}
		hotels, err := decodeRows[hotel](raw)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]any{"hotels": hotels})
		return nil
	})
	return s.listen(setting("LISTEN", ":8081"))
}

func hotelProfiles() map[string]any {
	rows := map[string]any{}
	for _, h := range catalogue() {
		rows[h.ID] = h
	}
	return rows
}
