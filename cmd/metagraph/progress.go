package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/metagraph/metagraph/internal/render"
)

// A progress is a line on a terminal that shows how much of a long task is done. It appears after a moment, so that short tasks show
// none, and is erased at the end. Its methods may be called from several goroutines.
type progress struct {
	w     io.Writer // nil if stderr is not a terminal
	what  string
	total int64
	lock  sync.Mutex
	have  int64
	next  time.Time // when the line is drawn again
	drawn bool
}

const (
	progressDelay    = 500 * time.Millisecond
	progressInterval = 100 * time.Millisecond
)

// newProgress returns a progress that ends at total bytes.
func newProgress(env *environment, what string, total int64) *progress {
	p := &progress{what: what, total: total, next: time.Now().Add(progressDelay)}
	if terminal, _ := terminal(env.stderr); terminal {
		p.w = env.stderr
	}
	return p
}

// add notes that n more bytes are done.
func (p *progress) add(n int64) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.have += n
	now := time.Now()
	if p.w == nil || p.total == 0 || now.Before(p.next) {
		return
	}
	p.next, p.drawn = now.Add(progressInterval), true
	const width = 24
	full := int(min(p.have, p.total) * width / p.total)
	// Where stderr fails there is nobody to tell.
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s [%-*s] %3d%%", render.Message(p.what), width, "########################"[:full], min(p.have, p.total)*100/p.total)
}

// done erases the line.
func (p *progress) done() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.drawn {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
}
