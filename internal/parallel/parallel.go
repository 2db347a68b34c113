// Package parallel spreads work over the processors and keeps its results in order.
package parallel

import (
	"iter"
	"runtime"
	"runtime/debug"
	"sync"
)

// ahead is the number of parts for each worker that are handed out before the first of them is joined. It bounds the
// memory for results.
const ahead = 4

// Ordered calls work with each part, on as many goroutines as runtime.GOMAXPROCS allows, and join with each result in
// the order of the parts. It iterates over the parts and calls join on the goroutine of the caller, so only work must
// be safe for concurrent use.
//
// Ordered returns the first error in the order of the parts, whichever goroutine is the fastest: join has then been
// called for all parts before that one, and for none after it. No goroutine is left when Ordered returns. If work
// touches a mapped file that has become shorter, the fault is raised again on the goroutine of the caller, where
// metafile.Guard turns it into an error.
func Ordered[P, R any](parts iter.Seq[P], work func(P) (R, error), join func(R) error) error {
	return ordered(parts, func(t *task[P, R]) (R, error) { return work(t.part) }, func(t *task[P, R]) error {
		if err := t.wait(); err != nil {
			return err
		}
		return join(t.result)
	})
}

// ordered calls work with the task of each part on several goroutines, and finish with each task in the order of the
// parts. finish waits for the task.
func ordered[P, R any](parts iter.Seq[P], work func(*task[P, R]) (R, error), finish func(*task[P, R]) error) error {
	workers := runtime.GOMAXPROCS(0)
	todo := make(chan *task[P, R], ahead*workers)
	stop := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(todo)
	defer close(stop)
	var pending []*task[P, R]
	next := func() error {
		t := pending[0]
		pending = pending[1:]
		return finish(t)
	}
	started := 0
	for part := range parts {
		if len(pending) == cap(todo) {
			if err := next(); err != nil {
				return err
			}
		}
		t := &task[P, R]{part: part, done: make(chan struct{}), output: newOutput(stop)}
		pending = append(pending, t)
		todo <- t
		if started < workers {
			started++
			running.Go(func() {
				debug.SetPanicOnFault(true)
				for t := range todo {
					t.run(work)
				}
			})
		}
	}
	for len(pending) > 0 {
		if err := next(); err != nil {
			return err
		}
	}
	return nil
}

// Each is Ordered for work without results.
func Each[P any](parts iter.Seq[P], work func(P) error) error {
	return Ordered(parts, func(part P) (struct{}, error) { return struct{}{}, work(part) }, func(struct{}) error { return nil })
}

// A Run is the range of the numbers from First up to End, which is not part of it.
type Run struct{ First, End int }

// runLength is the length of a Run.
const runLength = 1 << 12

// Runs returns the runs of the numbers from 0 up to count, in order, as parts for Ordered and Each.
func Runs(count int) iter.Seq[Run] {
	return func(yield func(Run) bool) {
		for first := 0; first < count && yield(Run{first, min(first+runLength, count)}); first += runLength {
		}
	}
}

// A task is a part and, once done is closed, what became of it.
type task[P, R any] struct {
	part   P
	output output
	done   chan struct{}
	result R
	err    error
	fault  any // the value of a panic because of memory that cannot be read
}

func (t *task[P, R]) run(work func(*task[P, R]) (R, error)) {
	defer close(t.done)
	defer func() {
		cause := recover()
		if _, ok := cause.(interface{ Addr() uintptr }); ok {
			t.fault = cause
		} else if cause != nil {
			panic(cause)
		}
	}()
	t.result, t.err = work(t)
}

// wait waits until the task is done. It returns the error of its work, and raises its fault again.
func (t *task[P, R]) wait() error {
	<-t.done
	if t.fault != nil {
		panic(t.fault)
	}
	return t.err
}
