package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFollowerReadsWhatIsNewWithItsPlace(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "shop_geo-1_uid", "geo")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "0.log")
	appendTo := func(text string) {
		handle, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer handle.Close()
		if _, err := handle.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	f := newFollower(root)
	appendTo("2026-01-01T00:00:00Z stdout F {\"level\":\"ERROR\",\"trace_id\":\"ab\"}\n2026-01-01T00:00:01Z stdout P half")
	first := f.read()
	if len(first) != 1 || first[0]["level"] != "error" || first[0]["trace_id"] != "ab" ||
		first[0]["kubernetes.pod_namespace"] != "shop" || first[0]["kubernetes.pod_name"] != "geo-1" ||
		first[0]["kubernetes.container_name"] != "geo" || first[0]["stream"] != "stdout" {
		t.Fatalf("got %v", first)
	}
	appendTo(" a line,\n2026-01-01T00:00:02Z stderr F between\n2026-01-01T00:00:03Z stdout F  and the rest\n")
	rest := f.read()
	if len(rest) != 2 || rest[0]["_msg"] != "between" || rest[1]["_msg"] != "half a line, and the rest" {
		t.Fatalf("got %v", rest)
	}
	if again := f.read(); len(again) != 0 {
		t.Errorf("read twice: %v", again)
	}
	if err := os.WriteFile(file, []byte("2026-01-01T00:00:04Z stdout F anew\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if rotated := f.read(); len(rotated) != 1 || rotated[0]["_msg"] != "anew" {
		t.Errorf("after rotation: %v", rotated)
	}
}
