package main

import (
	"sync"
	"syscall"
	"time"
)

// The image of this revision was released with faults that no probe notices: rate is slow, recommendation keeps what it
// should drop, profile fails for some guests.
const revisionWithRegressions = "1.5.0"

const (
	conversionTime = 60 * time.Millisecond
	rememberedSize = 48 << 10
	// One of so many requests fails.
	brokenEvery = 4
)

// hasRegressions tells whether this is that revision; the image says which one it is.
func hasRegressions() bool { return setting("SHOP_REVISION", "") == revisionWithRegressions }

// memory keeps pages by what they were asked for.
type memory struct {
	mu    sync.Mutex
	pages map[string][]byte
}

func (m *memory) keep(key string) {
	page := make([]byte, rememberedSize)
	for i := 0; i < len(page); i += 1024 {
		// Memory that is never written to is none.
		page[i] = 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil {
		m.pages = map[string][]byte{}
	}
	m.pages[key] = page
}

// pictures are PICTURES_MEGABYTES of memory outside of the collected heap: what a role needs however little it does.
var pictures []byte

func holdPictures() error {
	megabytes, err := wholeNumber("PICTURES_MEGABYTES", 0)
	if err != nil || megabytes == 0 {
		return err
	}
	pictures, err = syscall.Mmap(-1, 0, megabytes<<20, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	for i := 0; err == nil && i < len(pictures); i += 4096 {
		pictures[i] = 1
	}
	return err
}
