package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

type booking struct {
	HotelID string `json:"hotelId"`
	InDate  string `json:"inDate"`
	OutDate string `json:"outDate"`
	Rooms   int    `json:"rooms"`
}

const (
	maxNights = 30
	// Counters of past stays need not be kept for ever.
	bookingTTL = 400 * 24 * time.Hour
)

// runReservation books rooms: one counter per hotel and night in Redis.
func runReservation(_ []string) error {
	s := newServer("reservation")
	redis, err := newStore(s)
	if err != nil {
		return err
	}
	capacity := map[string]int{}
	for _, h := range catalogue() {
		capacity[h.ID] = h.Rooms
	}
	s.route("POST /reservations", func(w http.ResponseWriter, r *http.Request) error {
		var wanted booking
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&wanted); err != nil {
			return badRequest("the body must be JSON: %v", err)
		}
		nights, err := nightsOf(wanted)
		if err != nil {
			return err
		}
		if capacity[wanted.HotelID] == 0 {
			return badRequest("there is no hotel %q", wanted.HotelID)
		}
		replies, err := redis.do(r.Context(), bookCommands(wanted, nights)...)
		if err != nil {
			return err
		}
		booked := !slices.ContainsFunc(replies, func(reply any) bool {
			count, isCount := reply.(int64)
			return isCount && int(count) > capacity[wanted.HotelID]
		})
		if !booked {
			if _, err := redis.do(r.Context(), releaseCommands(wanted, nights)...); err != nil {
				return err
			}
		}
		writeJSON(w, http.StatusOK, map[string]bool{"booked": booked})
		return nil
	})
	return s.listen(setting("LISTEN", ":8087"))
}

// nightsOf lists the dates of the nights from arrival to the day before departure.
func nightsOf(b booking) ([]string, error) {
	arrival, errIn := time.Parse(time.DateOnly, b.InDate)
	departure, errOut := time.Parse(time.DateOnly, b.OutDate)
	if errIn != nil || errOut != nil {
		return nil, badRequest("inDate and outDate must look like 2026-04-09")
	}
	nights := int(departure.Sub(arrival).Hours() / 24)
	if nights < 1 || nights > maxNights {
		return nil, badRequest("a stay has 1 to %d nights, not %d", maxNights, nights)
	}
	if b.Rooms < 1 || b.Rooms > 10 {
		return nil, badRequest("rooms must be 1 to 10, not %d", b.Rooms)
	}
	dates := make([]string, nights)
	for i := range dates {
		dates[i] = arrival.AddDate(0, 0, i).Format(time.DateOnly)
	}
	return dates, nil
}

func bookCommands(b booking, nights []string) [][]string {
	commands := make([][]string, 0, 2*len(nights))
	for _, night := range nights {
		key := bookingKey(b.HotelID, night)
		commands = append(commands, []string{"INCRBY", key, strconv.Itoa(b.Rooms)})
	}
	for _, night := range nights {
		seconds := strconv.Itoa(int(bookingTTL.Seconds()))
		commands = append(commands, []string{"EXPIRE", bookingKey(b.HotelID, night), seconds})
	}
	return commands
}

func releaseCommands(b booking, nights []string) [][]string {
	commands := make([][]string, len(nights))
	for i, night := range nights {
		commands[i] = []string{"DECRBY", bookingKey(b.HotelID, night), strconv.Itoa(b.Rooms)}
	}
	return commands
}

func bookingKey(hotelID, night string) string {
	return fmt.Sprintf("reservation:%s:%s", hotelID, night)
}
