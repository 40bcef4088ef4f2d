package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// liveSetting is a key of the ConfigMap that is mounted at SETTINGS_FOLDER, as it stands now; the default where nothing
// is mounted or the key is not there.
func liveSetting(key, fallback string) string {
	folder := os.Getenv("SETTINGS_FOLDER")
	if folder == "" {
		return fallback
	}
	text, err := os.ReadFile(filepath.Join(folder, key))
	if err != nil || len(text) == 0 {
		return fallback
	}
	return strings.TrimSpace(string(text))
}

// wholeNumber reads an environment variable that must not be negative.
func wholeNumber(name string, fallback int) (int, error) {
	text := setting(name, strconv.Itoa(fallback))
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 {
		return 0, fmt.Errorf("%s must be a whole number from 0, not %q", name, text)
	}
	return value, nil
}
