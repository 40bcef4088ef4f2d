// Command hotelshop is the demo application of the testbed: a hotel-reservation shop of small services that call each
// other over HTTP and keep their state in Redis. One binary plays every role; the role is the first argument.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
)

// roles maps the first argument to the program that runs until the process is told to stop.
var roles = map[string]func(args []string) error{
	"frontend":       runFrontend,
	"search":         runSearch,
	"geo":            runGeo,
	"rate":           runRate,
	"profile":        runProfile,
	"recommendation": runRecommendation,
	"user":           runUser,
	"reservation":    runReservation,
	"loadgen":        runLoadgen,
	"node":           runNode,
}

func main() {
	if len(os.Args) < 2 || roles[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: %s ROLE, one of: %s\n", os.Args[0], strings.Join(roleNames(), " "))
		os.Exit(64)
	}
	role := os.Args[1]
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("service", role))
	exitOnSignal()
	slog.Info("starting")
	if err := roles[role](os.Args[2:]); err != nil {
		slog.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

func roleNames() []string {
	names := make([]string, 0, len(roles))
	for name := range roles {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// exitOnSignal ends the process at once on SIGTERM or SIGINT: as process 1 of a container it would otherwise ignore
// them and every rollout would wait for the whole grace period. Requests are short and the state is in Redis.
func exitOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		slog.Info("stopping", "signal", (<-signals).String())
		os.Exit(0)
	}()
}
