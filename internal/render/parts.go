package render

import (
	"io"
	"iter"

	"github.com/metagraph/metagraph/internal/parallel"
)

// parts is a sequence in consecutive parts, which can be read at the same time and more than once. Each part ends at its
// first error.
type parts[T any] = iter.Seq[iter.Seq2[T, error]]

// onePart returns a sequence as parts.
func onePart[T any](seq iter.Seq2[T, error]) parts[T] {
	return func(yield func(iter.Seq2[T, error]) bool) { yield(seq) }
}

// listed returns the forms of the elements of a list.
func listed[T, R any](list []T, form func(*T) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for i := range list {
			if !yield(form(&list[i]), nil) {
				return
			}
		}
	}
}

// each returns the forms of the elements of a list, in one part.
func each[T, R any](list []T, form func(*T) R) parts[R] { return onePart(listed(list, form)) }

// eachOf returns the forms of the elements of a sequence, in one part.
func eachOf[T, R any](seq iter.Seq[T], form func(T) R) parts[R] {
	return onePart(func(yield func(R, error) bool) {
		for element := range seq {
			if !yield(form(element), nil) {
				return
			}
		}
	})
}

// mapParts returns the values of seq, changed by a function. newForm is called for each part, so the function may reuse
// memory.
func mapParts[T, R any](seq parts[T], newForm func() func(T) R) parts[R] {
	return func(yield func(iter.Seq2[R, error]) bool) {
		for part := range seq {
			more := yield(func(yield func(R, error) bool) {
				form := newForm()
				for value, err := range part {
					if err != nil {
						yield(*new(R), err)
						return
					}
					if !yield(form(value), nil) {
						return
					}
				}
			})
			if !more {
				return
			}
		}
	}
}

// writeParts writes each value of seq. It writes parts on several goroutines, each with its own printer, for which it
// calls newWrite. Their output goes to w in order. writeParts returns the first error, after the output before it.
func writeParts[T any](w io.Writer, seq parts[T], newWrite func(*printer) func(T) error) error {
	return parallel.Write(w, seq, func(out io.Writer, part iter.Seq2[T, error]) (struct{}, error) {
		p := newPrinter(out)
		defer p.release()
		write := newWrite(p)
		for value, err := range part {
			if err == nil {
				err = write(value)
			}
			if err != nil {
				_ = p.flush()
				return struct{}{}, err
			}
		}
		return struct{}{}, p.flush()
	}, func(struct{}) error { return nil })
}
