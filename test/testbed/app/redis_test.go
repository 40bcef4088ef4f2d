package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func reply(text string) (any, error) { return readReply(bufio.NewReader(strings.NewReader(text))) }

func TestReadReply(t *testing.T) {
	cases := map[string]any{
		"+OK\r\n":                          "OK",
		":42\r\n":                          int64(42),
		"$5\r\na\r\nbc\r\n":                "a\r\nbc",
		"$-1\r\n":                          nil,
		"*-1\r\n":                          nil,
		"*3\r\n$1\r\na\r\n$-1\r\n:1\r\n":   []any{"a", nil, int64(1)},
		"*2\r\n*1\r\n:1\r\n*1\r\n+two\r\n": []any{[]any{int64(1)}, []any{"two"}},
	}
	for text, want := range cases {
		got, err := reply(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, %v; want %#v", text, got, err, want)
		}
	}
}

func TestReadReplyRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, text := range []string{"", "+OK", "!x\r\n", "$x\r\n", "$9999999999\r\n", "$5\r\nab", "*1\r\n"} {
		if got, err := reply(text); err == nil {
			t.Errorf("%q: got %#v, want an error", text, got)
		}
	}
	_, err := reply("-WRONGPASS invalid\r\n")
	var refused redisError
	if !errors.As(err, &refused) || refused.Error() != "WRONGPASS invalid" {
		t.Errorf("error reply became %v", err)
	}
}

func TestEncodeCommandsKeepsBinaryContent(t *testing.T) {
	got := string(encodeCommands([][]string{{"SET", "k", "a\r\nb"}, {"PING"}}))
	want := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nPING\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// scriptedRedis answers every connection with the same bytes and reports what it was sent.
func scriptedRedis(t *testing.T, answer string) (address string, received chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	received = make(chan string, 10)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 64<<10)
			n, _ := connection.Read(buffer)
			received <- string(buffer[:n])
			_, _ = connection.Write([]byte(answer))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String(), received
}

func testStore(t *testing.T, address string) *store {
	t.Helper()
	s := newServer("test")
	pool, err := newPool(s.metrics)
	if err != nil {
		t.Fatal(err)
	}
	return &store{server: s, address: address, username: "geo", password: "secret", pool: pool}
}

func TestStoreLogsInAsItsOwnUser(t *testing.T) {
	address, received := scriptedRedis(t, "+OK\r\n+PONG\r\n")
	replies, err := testStore(t, address).do(context.Background(), []string{"PING"})
	if err != nil || !reflect.DeepEqual(replies, []any{"PONG"}) {
		t.Fatalf("got %v, %v", replies, err)
	}
	if sent := <-received; !strings.HasPrefix(sent, "*3\r\n$4\r\nAUTH\r\n$3\r\ngeo\r\n$6\r\nsecret\r\n") {
		t.Errorf("sent %q", sent)
	}
}

func TestStoreFailureNamesAddressAndReason(t *testing.T) {
	address, _ := scriptedRedis(t, "-WRONGPASS invalid username-password pair\r\n")
	_, err := testStore(t, address).do(context.Background(), []string{"PING"})
	f := asFailure(err)
	if f.Status != http.StatusServiceUnavailable || f.Upstream != "redis" || f.Address != address ||
		!strings.Contains(f.Err.Error(), "WRONGPASS") {
		t.Errorf("got %+v", f)
	}
}
