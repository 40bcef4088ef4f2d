package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const (
	redisTimeout = time.Second
	replyLimit   = 1 << 20
)

// redisError is an error reply of the server, for example NOAUTH or WRONGPASS.
type redisError string

func (e redisError) Error() string { return string(e) }

// store is a role's Redis server, with the role's own ACL user. It speaks RESP2 and opens a connection per command
// group, for the same reason as newHTTPClient.
type store struct {
	server   *server
	address  string
	username string
	password string
	pool     *pool
}

// newStore reads REDIS_ADDRESS, REDIS_USERNAME and REDIS_PASSWORD.
func newStore(s *server) (*store, error) {
	values, err := requiredSettings("REDIS_ADDRESS", "REDIS_USERNAME", "REDIS_PASSWORD")
	if err != nil {
		return nil, err
	}
	pool, err := newPool(s.metrics)
	if err != nil {
		return nil, err
	}
	return &store{server: s, address: values[0], username: values[1], password: values[2], pool: pool}, nil
}

// do sends the commands in one go and returns their replies: string, int64, nil or []any of those.
func (s *store) do(ctx context.Context, commands ...[]string) ([]any, error) {
	name := hostOf(s.address)
	span := s.server.tracer.startClient(ctx, "redis "+commands[0][0], name, s.address)
	span.attributes["db.system.name"] = "redis"
	started := time.Now()
	replies, err := s.exchange(ctx, commands)
	if err != nil {
		err = dependencyFailed("redis", s.address, err)
	}
	span.end(err)
	s.server.metrics.observeCall(name, err, time.Since(started))
	return replies, err
}

func (s *store) exchange(ctx context.Context, commands [][]string) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	giveBack, err := s.pool.take(ctx)
	if err != nil {
		return nil, err
	}
	defer giveBack()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return nil, err
	}
	all := append([][]string{{"AUTH", s.username, s.password}}, commands...)
	if _, err := connection.Write(encodeCommands(all)); err != nil {
		return nil, err
	}
	replies := make([]any, 0, len(all))
	reader := bufio.NewReader(connection)
	for range all {
		reply, err := readReply(reader)
		if err != nil {
			return nil, err
		}
		replies = append(replies, reply)
	}
	return replies[1:], nil
}

func encodeCommands(commands [][]string) []byte {
	var out []byte
	for _, words := range commands {
		out = fmt.Appendf(out, "*%d\r\n", len(words))
		for _, word := range words {
			out = fmt.Appendf(out, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	return out
}

// readReply reads one RESP2 value; an error reply is returned as redisError.
func readReply(reader *bufio.Reader) (any, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, fmt.Errorf("malformed reply %q", line)
	}
	kind, rest := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, redisError(rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$':
		return readBulk(reader, rest)
	case '*':
		return readArray(reader, rest)
	}
	return nil, fmt.Errorf("malformed reply %q", line)
}

func readBulk(reader *bufio.Reader, length string) (any, error) {
	size, err := replySize(length)
	if err != nil || size < 0 {
		return nil, err
	}
	buffer := make([]byte, size+2)
	if _, err := io.ReadFull(reader, buffer); err != nil {
		return nil, err
	}
	return string(buffer[:size]), nil
}

func readArray(reader *bufio.Reader, length string) (any, error) {
	size, err := replySize(length)
	if err != nil || size < 0 {
		return nil, err
	}
	values := make([]any, 0, min(size, 1024))
	for range size {
		value, err := readReply(reader)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func replySize(text string) (int, error) {
	size, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("malformed length %q", text)
	}
	if size > replyLimit {
		return 0, errors.New("reply too large")
	}
	return size, nil
}

// stringsOf returns the string members of an array reply; nil members become "".
func stringsOf(reply any) []string {
	values, _ := reply.([]any)
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i], _ = value.(string)
	}
	return texts
}
