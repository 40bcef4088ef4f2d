package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	defaultKeepMegabytes = 8
	// What a request and its answer take when they are kept whole.
	fullEntry = 48 << 10
)

// journal keeps a line of each request in JOURNAL_FOLDER before it is answered; a request that cannot be kept fails. The
// live settings `journal-detail` (brief, full) and `journal-keep-megabytes` say what is kept and how much of it.
type journal struct {
	folder string
	mu     sync.Mutex
}

func newJournal() *journal { return &journal{folder: setting("JOURNAL_FOLDER", "")} }

func (j *journal) around(handle handler) handler {
	if j.folder == "" {
		return handle
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := j.write(r); err != nil {
			return &failure{Status: http.StatusInternalServerError, Upstream: "journal", Address: j.folder, Err: err}
		}
		return handle(w, r)
	}
}

func (j *journal) write(r *http.Request) error {
	entry := map[string]string{"time": time.Now().UTC().Format(time.RFC3339Nano), "method": r.Method, "path": r.URL.Path}
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	if liveSetting("journal-detail", "brief") == "full" {
		line = append(line, bytes.Repeat([]byte{' '}, max(0, fullEntry-len(line)))...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.rotate(keepMegabytes()); err != nil {
		return err
	}
	file, err := os.OpenFile(j.path(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// rotate leaves room below the limit: the older half goes when the newer one is full.
func (j *journal) rotate(limit int) error {
	half := int64(limit) << 20 / 2
	if old, err := os.Stat(j.path() + ".1"); err == nil && old.Size() > half {
		if err := os.Remove(j.path() + ".1"); err != nil {
			return err
		}
	}
	if current, err := os.Stat(j.path()); err != nil || current.Size() < half {
		return nil
	}
	return os.Rename(j.path(), j.path()+".1")
}

func (j *journal) path() string { return filepath.Join(j.folder, "requests.jsonl") }

func keepMegabytes() int {
	text := liveSetting("journal-keep-megabytes", fmt.Sprint(defaultKeepMegabytes))
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 {
		slog.Warn("journal-keep-megabytes must be a whole number from 1", "value", text)
		return defaultKeepMegabytes
	}
	return value
}
