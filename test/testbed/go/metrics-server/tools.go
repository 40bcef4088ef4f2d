//go:build tools

// Package tools names the program whose version go.mod pins.
package tools

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
