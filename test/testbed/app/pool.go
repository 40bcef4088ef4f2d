package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// pool limits how many connections to a store are open at the same time; who finds none free waits. A connection that
// was given back counts for a while still, as one does that is kept for the next request.
type pool struct {
	slots   chan struct{}
	linger  time.Duration
	waiting atomic.Int64
	metrics *metrics
}

// newPool reads REDIS_POOL_SIZE and REDIS_POOL_LINGER_MS.
func newPool(m *metrics) (*pool, error) {
	size, err := wholeNumber("REDIS_POOL_SIZE", 64)
	if err != nil {
		return nil, err
	}
	linger, err := wholeNumber("REDIS_POOL_LINGER_MS", 0)
	if err != nil {
		return nil, err
	}
	p := &pool{slots: make(chan struct{}, max(size, 1)), linger: time.Duration(linger) * time.Millisecond, metrics: m}
	m.read("store_pool_size", func() float64 { return float64(cap(p.slots)) })
	m.read("store_pool_in_use", func() float64 { return float64(len(p.slots)) })
	m.read("store_pool_waiting", func() float64 { return float64(p.waiting.Load()) })
	return p, nil
}

// take waits for a free connection and returns how to give it back.
func (p *pool) take(ctx context.Context) (giveBack func(), err error) {
	started := time.Now()
	p.waiting.Add(1)
	defer func() {
		p.waiting.Add(-1)
		p.metrics.observe("store_pool_wait_seconds", p.metrics.labels(), time.Since(started))
	}()
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("no connection was free: all %d are in use: %w", cap(p.slots), ctx.Err())
	}
	return func() {
		if p.linger == 0 {
			<-p.slots
			return
		}
		time.AfterFunc(p.linger, func() { <-p.slots })
	}, nil
}
