//go:build tools

// Package tools names the program whose version go.mod pins.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
