package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

const geoKey = "geo:hotels"

// runGeo answers which hotels are near a point, from a Redis geo set.
func runGeo(_ []string) error {
	s := newServer("geo")
	redis, err := newStore(s)
	if err != nil {
		return err
	}
	seedInBackground("geo", func(ctx context.Context) error { return seedGeo(ctx, redis) })
	s.route("GET /nearby", func(w http.ResponseWriter, r *http.Request) error {
		lat, lon, err := position(r)
		if err != nil {
			return err
		}
		ids, err := nearby(r.Context(), redis, lat, lon)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]any{"hotelIds": ids})
		return nil
	})
	return s.listen(setting("LISTEN", ":8083"))
}

func nearby(ctx context.Context, redis *store, lat, lon float64) ([]string, error) {
	search := []string{"GEOSEARCH", geoKey, "FROMLONLAT", decimal(lon), decimal(lat), "BYRADIUS",
		setting("SEARCH_RADIUS_KM", defaultRadius), "km", "ASC", "COUNT", strconv.Itoa(searchLimit)}
	replies, err := redis.do(ctx, search, []string{"EXISTS", geoKey})
	if err != nil {
		return nil, err
	}
	if replies[1] == int64(1) {
		return stringsOf(replies[0]), nil
	}
	if err := seedGeo(ctx, redis); err != nil {
		return nil, err
	}
	replies, err = redis.do(ctx, search)
	if err != nil {
		return nil, err
	}
	return stringsOf(replies[0]), nil
}

func seedGeo(ctx context.Context, redis *store) error {
	command := []string{"GEOADD", geoKey}
	for _, h := range catalogue() {
		command = append(command, decimal(h.Lon), decimal(h.Lat), h.ID)
	}
	_, err := redis.do(ctx, command)
	return err
}

// position reads lat and lon; without them the point is the middle of the catalogue's town.
func position(r *http.Request) (lat, lon float64, err error) {
	if lat, err = coordinate(r, "lat", 37.7867, 85); err != nil {
		return 0, 0, err
	}
	lon, err = coordinate(r, "lon", -122.4112, 180)
	return lat, lon, err
}

func coordinate(r *http.Request, name string, fallback, limit float64) (float64, error) {
	text := r.FormValue(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= -limit && value <= limit) {
		return 0, badRequest("%s must be a number between %g and %g, not %q", name, -limit, limit, text)
	}
	return value, nil
}

func decimal(value float64) string { return fmt.Sprintf("%.6f", value) }
