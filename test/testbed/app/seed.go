package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

const seedRetry = 2 * time.Second

// seedInBackground fills a role's store as soon as it can be reached; requests do not wait for it, because every
// read seeds by itself when it finds the store empty.
func seedInBackground(role string, seed func(context.Context) error) {
	go func() {
		for {
			err := seed(context.Background())
			if err == nil {
				slog.Info("store filled", "store", role)
				return
			}
			f := asFailure(err)
			slog.Warn("could not fill the store, trying again", "upstream", f.Upstream, "address", f.Address,
				"error", f.Err.Error())
			time.Sleep(seedRetry)
		}
	}()
}

// table is a Redis hash of JSON values that can be filled from scratch.
type table struct {
	redis *store
	key   string
	rows  func() map[string]any
}

// read returns the raw JSON of the given fields, "" for an unknown one.
func (t *table) read(ctx context.Context, fields []string) ([]string, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	get := append([]string{"HMGET", t.key}, fields...)
	replies, err := t.redis.do(ctx, get, []string{"EXISTS", t.key})
	if err != nil {
		return nil, err
	}
	if replies[1] == int64(1) {
		return stringsOf(replies[0]), nil
	}
	if err := t.seed(ctx); err != nil {
		return nil, err
	}
	if replies, err = t.redis.do(ctx, get); err != nil {
		return nil, err
	}
	return stringsOf(replies[0]), nil
}

func (t *table) seed(ctx context.Context) error {
	command := []string{"HSET", t.key}
	for field, row := range t.rows() {
		encoded, err := json.Marshal(row)
		if err != nil {
			return err
		}
		command = append(command, field, string(encoded))
	}
	_, err := t.redis.do(ctx, command)
	return err
}

// newTable opens the role's store and starts filling the table.
func newTable(s *server, key string, rows func() map[string]any) (*table, error) {
	redis, err := newStore(s)
	if err != nil {
		return nil, err
	}
	t := &table{redis: redis, key: key, rows: rows}
	seedInBackground(key, t.seed)
	return t, nil
}

// decodeRows parses the rows that exist.
func decodeRows[T any](raw []string) ([]T, error) {
	rows := make([]T, 0, len(raw))
	for _, text := range raw {
		if text == "" {
			continue
		}
		var row T
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
