package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const batch = 1000

type sender struct {
	to     string
	client *http.Client
}

func newSender(to string) *sender {
	return &sender{to: to, client: &http.Client{Timeout: 10 * time.Second}}
}

// send posts the first entries as JSON lines and returns how many were taken.
func (s *sender) send(entries []entry) (int, error) {
	count := min(batch, len(entries))
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	for _, e := range entries[:count] {
		if err := encoder.Encode(e); err != nil {
			return 0, err
		}
	}
	answer, err := s.client.Post(s.to, "application/stream+json", &body)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode/100 != 2 {
		return 0, fmt.Errorf("answered %s", answer.Status)
	}
	return count, nil
}
