package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var startedAt = time.Now()

// observeProcess serves what the process and its runtime need, under the names of Prometheus' own client library.
func observeProcess(m *metrics) {
	m.read("process_cpu_seconds_total", processorSeconds)
	m.read("process_resident_memory_bytes", residentBytes)
	m.read("process_start_time_seconds", func() float64 { return float64(startedAt.UnixMilli()) / 1000 })
	m.read("go_goroutines", func() float64 { return float64(runtime.NumGoroutine()) })
	memory := func(of func(*runtime.MemStats) float64) func() float64 {
		return func() float64 {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			return of(&stats)
		}
	}
	m.read("go_gc_duration_seconds_count", memory(func(s *runtime.MemStats) float64 { return float64(s.NumGC) }))
	m.read("go_memstats_heap_alloc_bytes", memory(func(s *runtime.MemStats) float64 { return float64(s.HeapAlloc) }))
	m.read("go_memstats_next_gc_bytes", memory(func(s *runtime.MemStats) float64 { return float64(s.NextGC) }))
}

func processorSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// residentBytes is the second number of /proc/self/statm, in pages.
func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return float64(pages * os.Getpagesize())
}
