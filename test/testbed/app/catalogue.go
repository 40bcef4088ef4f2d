package main

import (
	"fmt"
	"strconv"
)

// hotel is one entry of the shop's catalogue; every store is filled from it, so a store that lost its data recovers.
type hotel struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Phone       string  `json:"phone"`
	Description string  `json:"description"`
	Lat         float64 `json:"lat"`
	Lon         float64 `json:"lon"`
	Price       float64 `json:"-"`
	Stars       float64 `json:"-"`
	Rooms       int     `json:"-"`
}

var namedHotels = []hotel{
	{Name: "Clift Hotel", Lat: 37.7867, Lon: -122.4112},
	{Name: "W San Francisco", Lat: 37.7854, Lon: -122.4005},
	{Name: "Hotel Zetta", Lat: 37.7834, Lon: -122.4071},
	{Name: "Hotel Vitale", Lat: 37.7936, Lon: -122.3930},
	{Name: "Phoenix Hotel", Lat: 37.7831, Lon: -122.4181},
	{Name: "St. Regis San Francisco", Lat: 37.7863, Lon: -122.4015},
}

const catalogueSize = 60

// catalogue is the same in every process: six named hotels and generated ones around them.
func catalogue() []hotel {
	hotels := make([]hotel, catalogueSize)
	for i := range hotels {
		h := hotel{Name: fmt.Sprintf("Harbour House %d", i+1), Lat: 37.7835 + float64(i)/500, Lon: -122.41 + float64(i)/325}
		if i < len(namedHotels) {
			h = namedHotels[i]
		}
		h.ID = strconv.Itoa(i + 1)
		h.Phone = fmt.Sprintf("(415) 284-40%02d", i)
		h.Description = h.Name + " is a short walk from the bay."
		h.Price = 90 + float64(i*7%160)
		h.Stars = 2.5 + float64(i*3%6)/2
		h.Rooms = 200 + 100*(i%3)
		hotels[i] = h
	}
	return hotels
}

const (
	demoUsers     = 100
	userPrefix    = "guest_"
	defaultRadius = "10" // km, as far as a guest walks or drives to a hotel
	searchLimit   = 5
)

// demoPassword is the password of a demo guest; the load generator and the user store derive it the same way.
func demoPassword(number int) string { return fmt.Sprintf("pass-%04d", number*37%10000) }
