package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// nodeOptions is one member of a generic application: what it listens on, calls, must be given and must be able to
// write.
type nodeOptions struct {
	listen    string
	name      string
	upstreams words
	env       words
	files     words
	data      string
}

type words []string

func (w *words) String() string { return strings.Join(*w, ",") }

func (w *words) Set(value string) error {
	*w = append(*w, value)
	return nil
}

// runNode answers GET / when its settings are there, its folder can be written and read, and all it calls answer.
func runNode(args []string) error {
	var options nodeOptions
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.StringVar(&options.listen, "listen", ":8080", "address to listen on")
	flags.StringVar(&options.name, "name", "node", "name to answer with")
	flags.Var(&options.upstreams, "upstream", "HOST:PORT to ask on each request (repeatable)")
	flags.Var(&options.env, "require-env", "environment variable that must not be empty (repeatable)")
	flags.Var(&options.files, "require-file", "file that must not be empty (repeatable)")
	flags.StringVar(&options.data, "data", "", "folder that each request writes to and reads from")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := options.check(); err != nil {
		return err
	}
	s := newServer(options.name)
	callees := make([]*upstream, len(options.upstreams))
	for i, address := range options.upstreams {
		callees[i] = s.upstream(address, address)
	}
	s.route("GET /", func(w http.ResponseWriter, r *http.Request) error { return options.answer(w, r, callees) })
	return s.listen(options.listen)
}

func (o *nodeOptions) check() error {
	if _, err := requiredSettings(o.env...); err != nil {
		return err
	}
	for _, file := range o.files {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("setting file cannot be read: %w", err)
		}
		if len(content) == 0 {
			return fmt.Errorf("setting file %s is empty", file)
		}
	}
	return nil
}

type nodeAnswer struct {
	Name    string       `json:"name"`
	Visited []nodeAnswer `json:"visited"`
}

func (o *nodeOptions) answer(w http.ResponseWriter, r *http.Request, callees []*upstream) error {
	if err := o.touchData(); err != nil {
		return &failure{Status: http.StatusInternalServerError, Upstream: "volume", Address: o.data, Err: err}
	}
	visited := make([]nodeAnswer, len(callees))
	errs := make([]error, len(callees))
	var wait sync.WaitGroup
	for i, callee := range callees {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[i] = callee.get(r.Context(), "/", nil, &visited[i])
		}()
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, nodeAnswer{Name: o.name, Visited: visited})
	return nil
}

// touchData appends one byte and reads the file back, so that a lost or read-only volume fails the request.
func (o *nodeOptions) touchData() error {
	if o.data == "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(o.data, "visits"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString("."); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if n, err := file.Read(make([]byte, 1)); err != nil || n != 1 {
		return fmt.Errorf("%s could not be read back: %w", file.Name(), err)
	}
	return nil
}
