// Program ebpf-exporter counts what the kernel does and no process tells: ends of processes by signal, kills for want of
// memory, repeated TCP segments, states that TCP connections reach. Its programs are a few instructions each, put together
// here, so that no compiler for them is needed.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
)

func main() {
	listen := flag.String("listen", ":9435", "address to listen on")
	flag.Parse()
	hooks := attachAll()
	http.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(text(hooks)))
	})
	slog.Info("listening", "address", *listen)
	if err := http.ListenAndServe(*listen, nil); err != nil {
		slog.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

// text is the Prometheus text format. A hook that this kernel does not allow is told of, and has no figures.
func text(hooks []*hook) string {
	var out strings.Builder
	out.WriteString("# HELP kernel_hook_attached Whether events of this kind are counted.\n# TYPE kernel_hook_attached gauge\n")
	for _, h := range hooks {
		attached := 0
		if h.counters != nil {
			attached = 1
		}
		fmt.Fprintf(&out, "kernel_hook_attached{hook=%q} %d\n", h.tracepoint, attached)
	}
	for _, h := range hooks {
		if h.counters == nil {
			continue
		}
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s counter\n", h.metric, h.help, h.metric)
		for key := range h.keys {
			var value uint64
			if err := h.counters.Lookup(uint32(key), &value); err != nil || (value == 0 && h.label != nil) {
				continue
			}
			labels := ""
			if h.label != nil {
				labels = "{" + h.label(key) + "}"
			}
			fmt.Fprintf(&out, "%s%s %d\n", h.metric, labels, value)
		}
	}
	return out.String()
}
