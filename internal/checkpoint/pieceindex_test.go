package checkpoint

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// TestPieceIndex: the index finds exactly the pieces that overlap a slice.
func TestPieceIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		shape := make([]int64, r.IntN(4))
		for i := range shape {
			shape[i] = 1 + r.Int64N(9)
		}
		part := func() Slice {
			s := Slice{Start: []int64{}, Length: []int64{}}
			for _, dim := range shape {
				start := r.Int64N(dim)
				s.Start, s.Length = append(s.Start, start), append(s.Length, r.Int64N(dim-start+1))
			}
			return s
		}
		tensor := &Tensor{Shape: shape}
		for range r.IntN(30) {
			tensor.pieces = append(tensor.pieces, piece{slice: part()})
		}
		index, err := newPieceIndex(tensor)
		if err != nil {
			t.Fatal(err)
		}
		want := part()
		var meeting []int
		for i := range tensor.pieces {
			if overlap(tensor.pieces[i].slice, want) {
				meeting = append(meeting, i)
			}
		}
		if diff := cmp.Diff(meeting, append([]int(nil), index.overlapping(want)...)); diff != "" {
			t.Fatalf("slice %v of shape %v: (-want +got)\n%s", want, shape, diff)
		}
	}
}

// TestManyPieces reads one part of a tensor with n parts. It must not cost n, because a graph can read each part.
func TestManyPieces(t *testing.T) {
	cost := func(n int) float64 {
		tensor := &Tensor{DType: int32(tfpb.DataType_DT_FLOAT), Shape: []int64{2, int64(n)}}
		for i := range n {
			tensor.pieces = append(tensor.pieces, piece{slice: Slice{[]int64{0, int64(i)}, []int64{2, 1}}})
		}
		c := new(Checkpoint)
		return testing.AllocsPerRun(10, func() {
			windows, err := c.assemble(tensor, tensor.pieces[n/2].slice, 4, func(*piece) ([]byte, error) { return make([]byte, 8), nil })
			if err != nil || len(windows) != 1 {
				t.Fatal(windows, err)
			}
		})
	}
	if few, many := cost(10), cost(10_000); many > few {
		t.Errorf("a part costs %v allocations of 10 parts, and %v of 10,000", few, many)
	}
}
