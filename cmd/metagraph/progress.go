package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/metagraph/metagraph/internal/render"
)

// A progress shows on a terminal how much of a long task is complete. The line appears after a delay, so that short tasks do not show it, and
// is erased at the end. Its methods can be called from several goroutines.
type progress struct {
	w     io.Writer // nil if stderr is not a terminal
	what  string
	total int64
	lock  sync.Mutex
	have  int64
	next  time.Time // the next time to draw the line
	drawn bool
}

const (
	progressDelay    = 500 * time.Millisecond
	progressInterval = 100 * time.Millisecond
)

// newProgress returns a progress for a task of total bytes.
func newProgress(env *environment, what string, total int64) *progress {
	p := &progress{what: what, total: total, next: time.Now().Add(progressDelay)}
	if terminal, _ := terminal(env.stderr); terminal {
		p.w = env.stderr
	}
	return p
}

// add adds n bytes to the part that is done.
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
	// An error of stderr cannot be reported anywhere.
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
