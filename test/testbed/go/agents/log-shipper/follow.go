package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	// Read from one file in one go; the rest comes next time.
	chunk = 1 << 20
	// A longer line is cut.
	lineLimit = 64 << 10
)

// entry is one line as VictoriaLogs takes it.
type entry map[string]string

// follower reads what is new in the files below a folder: NAMESPACE_POD_UID/CONTAINER/N.log, each line in the form of
// the container runtime interface, `TIME STREAM TAG TEXT`.
type follower struct {
	folder  string
	offsets map[string]int64
	// Beginnings of lines that the runtime split, by file and stream.
	partial map[string]string
}

func newFollower(folder string) *follower {
	return &follower{folder: folder, offsets: map[string]int64{}, partial: map[string]string{}}
}

func (f *follower) read() []entry {
	paths, err := filepath.Glob(filepath.Join(f.folder, "*", "*", "*.log"))
	if err != nil {
		return nil
	}
	present := make(map[string]bool, len(paths))
	var entries []entry
	for _, path := range paths {
		present[path] = true
		entries = append(entries, f.readFile(path)...)
	}
	for path := range f.offsets {
		if !present[path] {
			delete(f.offsets, path)
		}
	}
	return entries
}

func (f *follower) readFile(path string) []entry {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	// A file that was rotated begins again.
	if info, err := file.Stat(); err != nil || info.Size() == f.offsets[path] {
		return nil
	} else if info.Size() < f.offsets[path] {
		f.offsets[path] = 0
	}
	buffer := make([]byte, chunk)
	n, err := file.ReadAt(buffer, f.offsets[path])
	if err != nil && err != io.EOF {
		return nil
	}
	whole := bytes.LastIndexByte(buffer[:n], '\n') + 1
	f.offsets[path] += int64(whole)
	var entries []entry
	for _, line := range strings.Split(strings.TrimSuffix(string(buffer[:whole]), "\n"), "\n") {
		if e := f.parse(path, line); e != nil {
			entries = append(entries, e)
		}
	}
	return entries
}

func (f *follower) parse(path, line string) entry {
	fields := strings.SplitN(line, " ", 4)
	if len(fields) < 4 {
		return nil
	}
	stream, text := fields[1], fields[3]
	key := path + " " + stream
	if text = f.partial[key] + text; fields[2] == "P" && len(text) < lineLimit {
		f.partial[key] = text
		return nil
	}
	delete(f.partial, key)
	e := entry{"_time": fields[0], "_msg": text[:min(len(text), lineLimit)], "stream": stream}
	if e["_msg"] == "" {
		// VictoriaLogs gives a line without text one of its own.
		e["_msg"] = " "
	}
	addPlace(e, path)
	addLevel(e, text)
	return e
}

func addPlace(e entry, path string) {
	container := filepath.Dir(path)
	e["kubernetes.container_name"] = filepath.Base(container)
	// Neither a namespace nor a name of a pod has an underscore.
	if parts := strings.Split(filepath.Base(filepath.Dir(container)), "_"); len(parts) == 3 {
		e["kubernetes.pod_namespace"], e["kubernetes.pod_name"], e["kubernetes.pod_id"] = parts[0], parts[1], parts[2]
	}
}

// addLevel takes level and trace of a line that is a JSON object.
func addLevel(e entry, text string) {
	if !strings.HasPrefix(text, "{") {
		return
	}
	var object struct {
		Level   string `json:"level"`
		TraceID string `json:"trace_id"`
	}
	if json.Unmarshal([]byte(text), &object) != nil {
		return
	}
	if object.Level != "" {
		e["level"] = strings.ToLower(object.Level)
	}
	if object.TraceID != "" {
		e["trace_id"] = object.TraceID
	}
}
