package main

import (
	"net/http"
	"net/url"
	"strings"
)

// runSearch answers which hotels near a point have a rate for the stay, from geo and rate.
func runSearch(_ []string) error {
	s := newServer("search")
	addresses, err := requiredSettings("GEO_ADDRESS", "RATE_ADDRESS")
	if err != nil {
		return err
	}
	geo, rate := s.upstream("geo", addresses[0]), s.upstream("rate", addresses[1])
	s.route("GET /nearby", func(w http.ResponseWriter, r *http.Request) error {
		var near struct{ HotelIDs []string }
		where := url.Values{"lat": {r.FormValue("lat")}, "lon": {r.FormValue("lon")}}
		if err := geo.get(r.Context(), "/nearby", where, &near); err != nil {
			return err
		}
		var rates struct{ RatePlans []ratePlan }
		stay := url.Values{"hotelIds": {strings.Join(near.HotelIDs, ",")}, "inDate": {r.FormValue("inDate")},
			"outDate": {r.FormValue("outDate")}}
		if err := rate.get(r.Context(), "/rates", stay, &rates); err != nil {
			return err
		}
		ids := make([]string, len(rates.RatePlans))
		for i, plan := range rates.RatePlans {
			ids[i] = plan.HotelID
		}
		writeJSON(w, http.StatusOK, map[string]any{"hotelIds": ids})
		return nil
	})
	return s.listen(setting("LISTEN", ":8082"))
}
