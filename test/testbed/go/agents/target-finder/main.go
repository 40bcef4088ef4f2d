// Program target-finder writes who Prometheus is to scrape and what is to be probed, from annotations of pods and Services,
// as files that Prometheus follows (file_sd): Debian's Prometheus has no discovery of Kubernetes.
package main

import (
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

const lookEvery = 2 * time.Second

// group is an entry of a file_sd file.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

func main() {
	node := flag.String("node", "", "name of the node whose pods are scraped")
	blackbox := flag.String("blackbox", "", "address of blackbox-exporter")
	folder := flag.String("folder", "", "where pods.json and probes.json are written")
	flag.Parse()
	api, err := newClient()
	if err != nil {
		slog.Error("cannot sign in", "error", err.Error())
		os.Exit(1)
	}
	for ; ; time.Sleep(lookEvery) {
		var pods, services list
		if err := api.get("/api/v1/pods?resourceVersion=0&fieldSelector=spec.nodeName%3D"+*node, &pods); err != nil {
			slog.Warn("pods are as they were", "error", err.Error())
			continue
		}
		if err := api.get("/api/v1/services?resourceVersion=0", &services); err != nil {
			slog.Warn("services are as they were", "error", err.Error())
			continue
		}
		write(filepath.Join(*folder, "pods.json"), scrapedPods(pods))
		write(filepath.Join(*folder, "probes.json"), probedServices(services, *blackbox))
	}
}

// write replaces a file as a whole, and only when it changes.
func write(path string, groups []group) {
	text, err := json.MarshalIndent(groups, "", "  ")
	if err != nil {
		slog.Error("targets cannot be written", "error", err.Error())
		return
	}
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		slog.Error("targets cannot be written", "error", err.Error())
		return
	}
	if err := os.Rename(path+".new", path); err != nil {
		slog.Error("targets cannot be written", "error", err.Error())
	}
}
