package main

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// frontend is what guests talk to.
type frontend struct {
	server                                             *server
	search, profile, recommendation, user, reservation *upstream
}

func runFrontend(_ []string) error {
	s := newServer("frontend")
	addresses, err := requiredSettings("SEARCH_ADDRESS", "PROFILE_ADDRESS", "RECOMMENDATION_ADDRESS", "USER_ADDRESS",
		"RESERVATION_ADDRESS")
	if err != nil {
		return err
	}
	f := &frontend{
		server:         s,
		search:         s.upstream("search", addresses[0]),
		profile:        s.upstream("profile", addresses[1]),
		recommendation: s.upstream("recommendation", addresses[2]),
		user:           s.upstream("user", addresses[3]),
		reservation:    s.upstream("reservation", addresses[4]),
	}
	kept := newJournal()
	s.route("GET /hotels", kept.around(f.hotels))
	s.route("GET /recommendations", kept.around(f.recommendations))
	s.route("POST /user", kept.around(f.login))
	s.route("POST /reservation", kept.around(f.reserve))
	if folder := setting("TLS_FOLDER", ""); folder != "" {
		go s.listenTLS(setting("LISTEN_TLS", ":5443"), folder)
	}
	return s.listen(setting("LISTEN", ":5000"))
}

// hotels lists hotels near a point with a rate for the stay, as GeoJSON.
func (f *frontend) hotels(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := position(r); err != nil {
		return err
	}
	query := url.Values{"lat": {r.FormValue("lat")}, "lon": {r.FormValue("lon")},
		"inDate": {dateOr(r, "inDate", 1)}, "outDate": {dateOr(r, "outDate", 2)}}
	var found struct{ HotelIDs []string }
	if err := f.search.get(r.Context(), "/nearby", query, &found); err != nil {
		return err
	}
	return f.describe(w, r, found.HotelIDs)
}

func (f *frontend) recommendations(w http.ResponseWriter, r *http.Request) error {
	query := url.Values{"require": {r.FormValue("require")}, "lat": {r.FormValue("lat")}, "lon": {r.FormValue("lon")}}
	var found struct{ HotelIDs []string }
	if err := f.recommendation.get(r.Context(), "/recommendations", query, &found); err != nil {
		return err
	}
	return f.describe(w, r, found.HotelIDs)
}

func (f *frontend) describe(w http.ResponseWriter, r *http.Request, ids []string) error {
	var answer struct{ Hotels []hotel }
	if err := f.profile.get(r.Context(), "/profiles", url.Values{"hotelIds": {strings.Join(ids, ",")}}, &answer); err != nil {
		return err
	}
	features := make([]any, len(answer.Hotels))
	for i, h := range answer.Hotels {
		features[i] = map[string]any{"type": "Feature", "id": h.ID,
			"properties": map[string]string{"name": h.Name, "phone_number": h.Phone},
			"geometry":   map[string]any{"type": "Point", "coordinates": []float64{h.Lon, h.Lat}}}
	}
	labels := f.server.metrics.labels("route", r.URL.Path)
	f.server.metrics.count("hotels_answered_total", labels, float64(len(features)))
	writeJSON(w, http.StatusOK, map[string]any{"type": "FeatureCollection", "features": features})
	return nil
}

func (f *frontend) login(w http.ResponseWriter, r *http.Request) error {
	correct, err := f.check(r)
	if err != nil {
		return err
	}
	message := "login failed"
	if correct {
		message = "login successful"
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": message})
	return nil
}

func (f *frontend) check(r *http.Request) (bool, error) {
	var answer struct{ Correct bool }
	given := credentials{Username: r.FormValue("username"), Password: r.FormValue("password")}
	err := f.user.post(r.Context(), "/check", given, &answer)
	return answer.Correct, err
}

func (f *frontend) reserve(w http.ResponseWriter, r *http.Request) error {
	correct, err := f.check(r)
	if err != nil {
		return err
	}
	if !correct {
		writeJSON(w, http.StatusOK, map[string]string{"message": "login failed"})
		return nil
	}
	rooms, err := strconv.Atoi(r.FormValue("number"))
	if err != nil {
		return badRequest("number must be the number of rooms, not %q", r.FormValue("number"))
	}
	wanted := booking{HotelID: r.FormValue("hotelId"), InDate: dateOr(r, "inDate", 1), OutDate: dateOr(r, "outDate", 2),
		Rooms: rooms}
	var answer struct{ Booked bool }
	if err := f.reservation.post(r.Context(), "/reservations", wanted, &answer); err != nil {
		return err
	}
	message := "hotel is fully booked"
	if answer.Booked {
		message = "reserved"
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": message})
	return nil
}

// dateOr reads a date parameter; without it, the date so many days from today.
func dateOr(r *http.Request, name string, days int) string {
	if text := r.FormValue(name); text != "" {
		return text
	}
	return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)
}
