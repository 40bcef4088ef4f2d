// Program log-shipper follows the files that a kubelet keeps of its containers' output and sends each line to
// VictoriaLogs, with namespace, pod and container.
package main

import (
	"flag"
	"log/slog"
	"os"
	"time"
)

const pollEvery = 500 * time.Millisecond

func main() {
	pods := flag.String("pods", "/var/log/pods", "folder of the kubelet's log files")
	to := flag.String("to", "", "address that takes JSON lines")
	flag.Parse()
	if *to == "" {
		slog.Error("-to is missing")
		os.Exit(64)
	}
	follower, sender := newFollower(*pods), newSender(*to)
	for {
		entries := follower.read()
		for len(entries) > 0 {
			sent, err := sender.send(entries)
			if err != nil {
				// The lines stay here until they are taken.
				slog.Warn("lines were not taken", "error", err.Error())
				time.Sleep(pollEvery)
			}
			entries = entries[sent:]
		}
		time.Sleep(pollEvery)
	}
}
