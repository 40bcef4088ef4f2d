//go:build tools

// Package tools names the program whose version go.mod pins.
package tools

import _ "k8s.io/kube-state-metrics/v2"
