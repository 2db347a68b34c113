package parallel_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/parallel"
)

// numbers yields 0 to n-1.
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func withProcessors(t *testing.T, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

func TestOrdered(t *testing.T) {
	for _, processors := range []int{1, 2, 7} {
		for _, parts := range []int{0, 1, 2, 1000} {
			t.Run(fmt.Sprintf("%d parts on %d processors", parts, processors), func(t *testing.T) {
				withProcessors(t, processors)
				var got []int
				err := parallel.Ordered(numbers(parts), func(i int) (int, error) {
					if i%3 == 0 {
						runtime.Gosched() // let later parts overtake
					}
					return i * i, nil
				}, func(square int) error {
					got = append(got, square)
					return nil
				})
				var want []int
				for i := range parts {
					want = append(want, i*i)
				}
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("error %v, results -want +got:\n%s", err, diff)
				}
			})
		}
	}
}

// TestFirstError checks that the error of the first part in order is returned, after the results before it.
func TestFirstError(t *testing.T) {
	withProcessors(t, 4)
	for range 100 {
		joined := 0
		err := parallel.Ordered(numbers(100), func(i int) (int, error) {
			if i >= 20 && i%2 == 0 {
				return 0, fmt.Errorf("part %d", i)
			}
			return i, nil
		}, func(int) error {
			joined++
			return nil
		})
		if err == nil || err.Error() != "part 20" || joined != 20 {
			t.Fatalf("error %v after %d results, want part 20 after 20", err, joined)
		}
	}
}

// TestJoinError checks that an error of join ends the iteration over the parts.
func TestJoinError(t *testing.T) {
	stop := errors.New("stop")
	var worked atomic.Int64
	err := parallel.Ordered(numbers(1_000_000), func(i int) (int, error) {
		worked.Add(1)
		return i, nil
	}, func(i int) error {
		if i == 10 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || worked.Load() > 1000 {
		t.Errorf("error %v after %d parts", err, worked.Load())
	}
}

// TestFault checks that a fault in a worker reaches the caller as a panic.
func TestFault(t *testing.T) {
	type fault interface{ Addr() uintptr }
	defer func() {
		if _, ok := recover().(fault); !ok {
			t.Error("the fault did not reach the caller")
		}
	}()
	_ = parallel.Ordered(slices.Values([]int{1, 2, 3}), func(i int) (int, error) {
		if i == 2 {
			panic(addressError{})
		}
		return i, nil
	}, func(int) error { return nil })
}

type addressError struct{}

func (addressError) Error() string { return "fault" }
func (addressError) Addr() uintptr { return 1 }

// TestWrite checks the order of output that is larger than what may wait for it.
func TestWrite(t *testing.T) {
	const size = 2 << 20
	for _, processors := range []int{1, 2, 7} {
		withProcessors(t, processors)
		var got, want bytes.Buffer
		joined := 0
		err := parallel.Write(&got, numbers(12), func(w io.Writer, i int) (int, error) {
			for at := 0; at < i%3*size; at += 1 << 15 {
				if _, err := w.Write(bytes.Repeat([]byte{byte(i)}, 1<<15)); err != nil {
					return 0, err
				}
			}
			_, err := fmt.Fprint(w, i)
			return i, err
		}, func(i int) error {
			if i != joined || !bytes.HasSuffix(got.Bytes(), []byte(strconv.Itoa(i))) {
				t.Errorf("part %d joined after %d others and %d bytes", i, joined, got.Len())
			}
			joined++
			return nil
		})
		for i := range 12 {
			want.Write(bytes.Repeat([]byte{byte(i)}, i%3*size))
			fmt.Fprint(&want, i)
		}
		if err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%d processors: error %v, or another output", processors, err)
		}
	}
}

// TestWriteError checks that Write returns the first error of the writer or of the work, after the output before it, and
// that workers with more output do not keep it from returning.
func TestWriteError(t *testing.T) {
	withProcessors(t, 4)
	endless := func(w io.Writer, i int) (struct{}, error) {
		if _, err := fmt.Fprintf(w, "%d ", i); err != nil || i < 5 {
			return struct{}{}, err
		}
		for i > 5 {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, fmt.Errorf("part %d", i)
	}
	ignore := func(struct{}) error { return nil }
	var out strings.Builder
	err := parallel.Write(&out, numbers(100), endless, ignore)
	if err == nil || err.Error() != "part 5" || out.String() != "0 1 2 3 4 5 " {
		t.Errorf("error %v after %q, want part 5", err, out.String())
	}
	full := errors.New("full")
	err = parallel.Write(writerFunc(func([]byte) (int, error) { return 0, full }), numbers(100), endless, ignore)
	if !errors.Is(err, full) {
		t.Errorf("error %v, want that of the writer", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
