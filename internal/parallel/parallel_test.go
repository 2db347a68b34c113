package parallel_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
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
