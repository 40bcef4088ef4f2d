package main

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// work is what answering a request costs a role beside its calls: waiting time and processor time in milliseconds,
// from WORK_MS and WORK_CPU_MS (both 0 where left out).
type work struct {
	once    sync.Once
	wait    time.Duration
	compute time.Duration
	// Waiting time that this one process was told to add, until it ends.
	degraded atomic.Int64
}

// serve lets this one process be degraded, where CHAOS is `allowed`: POST /chaos?delayMs=N makes each request of it wait
// that long, which no object of the cluster shows and a restart ends.
func (w *work) serve(mux *http.ServeMux) {
	if setting("CHAOS", "") != "allowed" {
		return
	}
	mux.HandleFunc("POST /chaos", func(answer http.ResponseWriter, r *http.Request) {
		milliseconds, err := strconv.Atoi(r.FormValue("delayMs"))
		if err != nil || milliseconds < 0 {
			http.Error(answer, "delayMs must be a whole number from 0", http.StatusBadRequest)
			return
		}
		w.degraded.Store(int64(milliseconds))
	})
}

func (w *work) do() {
	w.once.Do(w.configure)
	if wait := w.wait + time.Duration(w.degraded.Load())*time.Millisecond; wait > 0 {
		// Half of it to half more: no two requests are alike.
		time.Sleep(time.Duration(float64(wait) * (0.5 + rand.Float64())))
	}
	for until := time.Now().Add(w.compute); w.compute > 0 && time.Now().Before(until); {
		spin()
	}
}

func (w *work) configure() {
	for name, into := range map[string]*time.Duration{"WORK_MS": &w.wait, "WORK_CPU_MS": &w.compute} {
		value, err := wholeNumber(name, 0)
		if err != nil {
			slog.Warn("no such work is done", "error", err.Error())
		}
		*into = time.Duration(value) * time.Millisecond
	}
}

// spin keeps the processor busy for some microseconds.
func spin() {
	sum := uint64(1)
	for i := range 5000 {
		sum = sum*6364136223846793005 + uint64(i)
	}
	spun.Store(sum)
}

// spun keeps the compiler from leaving the work out.
var spun atomic.Uint64
