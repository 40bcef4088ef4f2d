package main

import (
	"fmt"
	"os"
)

// setting returns an environment variable, or the default when it is unset or empty.
func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// requiredSettings returns the values of environment variables in order; the error names the first missing one.
func requiredSettings(names ...string) ([]string, error) {
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = os.Getenv(name); values[i] == "" {
			return nil, fmt.Errorf("setting %s is missing: set the environment variable %s", name, name)
		}
	}
	return values, nil
}
