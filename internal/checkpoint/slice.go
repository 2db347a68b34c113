package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Slice is a rectangular part of a tensor. The zero value is the whole tensor.
type Slice struct {
	Start  []int64 `json:"start"`
	Length []int64 `json:"length"` // -1 for the whole dimension, with Start 0
}

// ParseShapeAndSlice parses an element of the shape_and_slices input of SaveV2 and RestoreV2 (ParseShapeAndSlice in
// tensorflow/core/util/saved_tensor_slice_util.cc). "" is a whole tensor, with a nil shape. Otherwise the element has the
// dimensions of the tensor and the slice, such as "10 4 0,5:-".
func ParseShapeAndSlice(spec string) (shape []int64, slice Slice, err error) {
	if spec == "" {
		return nil, Slice{}, nil
	}
	invalid := fmt.Errorf("invalid shape and slice %q (expected something like \"10 4 0,5:-\")", spec)
	words := strings.Split(spec, " ")
	shape = []int64{}
	for _, word := range words[:len(words)-1] {
		dim, err := strconv.ParseInt(word, 10, 64)
		if err != nil || dim < 0 || len(shape) == tensor.MaxRank {
			return nil, Slice{}, invalid
		}
		shape = append(shape, dim)
	}
	last := words[len(words)-1]
	if last == "" && len(shape) == 0 {
		return shape, Slice{}, nil
	}
	for extent := range strings.SplitSeq(last, ":") {
		start, length := int64(0), int64(-1)
		if extent != "-" {
			a, b, ok := strings.Cut(extent, ",")
			var errA, errB error
			start, errA = strconv.ParseInt(a, 10, 64)
			length, errB = strconv.ParseInt(b, 10, 64)
			if !ok || errA != nil || errB != nil || start < 0 || length < 0 {
				return nil, Slice{}, invalid
			}
		}
		slice.Start, slice.Length = append(slice.Start, start), append(slice.Length, length)
	}
	if len(slice.Start) != len(shape) {
		return nil, Slice{}, invalid
	}
	return shape, slice, nil
}

// FormatShapeAndSlice returns what ParseShapeAndSlice parses: the dimensions of a tensor and a slice of it.
func FormatShapeAndSlice(shape []int64, slice Slice) string {
	var b strings.Builder
	for _, dim := range shape {
		b.WriteString(strconv.FormatInt(dim, 10) + " ")
	}
	for i := range shape {
		if i > 0 {
			b.WriteByte(':')
		}
		if slice.Start == nil || slice.Length[i] < 0 {
			b.WriteByte('-')
		} else {
			b.WriteString(strconv.FormatInt(slice.Start[i], 10) + "," + strconv.FormatInt(slice.Length[i], 10))
		}
	}
	return b.String()
}

// Within returns the slice with explicit lengths for a tensor of the given shape, and whether it fits into that shape.
func (s Slice) Within(shape []int64) (Slice, bool) {
	if s.Start == nil {
		return Slice{make([]int64, len(shape)), slices.Clone(shape)}, true
	}
	if len(s.Start) != len(shape) || len(s.Length) != len(shape) {
		return Slice{}, false
	}
	full := Slice{slices.Clone(s.Start), slices.Clone(s.Length)}
	for i, dim := range shape {
		if full.Length[i] < 0 {
			full.Start[i], full.Length[i] = 0, dim
		}
		if full.Start[i] < 0 || full.Start[i] > dim || full.Length[i] > dim-full.Start[i] {
			return Slice{}, false
		}
	}
	return full, true
}

// isFull reports whether the slice covers a whole tensor of the given shape.
func (s Slice) isFull(shape []int64) bool {
	within, ok := s.Within(shape)
	return ok && slices.Equal(within.Length, shape)
}

// parseSlice decodes a TensorSliceProto. A full dimension has start 0 and length -1.
func parseSlice(raw []byte) (Slice, error) {
	slice := Slice{Start: []int64{}, Length: []int64{}}
	s := wire.Scan(raw)
	for s.Next() {
		if !s.Is(fieldnum.TensorSliceProto_Extent) {
			continue
		}
		start, length := int64(0), int64(-1)
		e := wire.Scan(s.Data)
		for e.Next() {
			switch {
			case e.Type != protowire.VarintType:
			case e.Num == fieldnum.TensorSliceProto_Extent_Start:
				start = int64(e.Uint())
			case e.Num == fieldnum.TensorSliceProto_Extent_Length:
				length = int64(e.Uint())
			}
		}
		if err := e.Err(); err != nil {
			return Slice{}, err
		}
		if len(slice.Start) == tensor.MaxRank || start < 0 || length < -1 {
			return Slice{}, fmt.Errorf("a slice is invalid")
		}
		slice.Start, slice.Length = append(slice.Start, start), append(slice.Length, length)
	}
	return slice, s.Err()
}

// sliceKey returns the key under which a slice of a tensor is stored (EncodeTensorNameSlice in
// tensorflow/core/util/saved_tensor_slice_util.cc). As in the index, full dimensions of the slice must have length -1.
func sliceKey(name string, s Slice) []byte {
	key := appendNumber(make([]byte, 0, len(name)+8+4*len(s.Start)), 0)
	key = appendString(key, name)
	key = appendNumber(key, uint64(len(s.Start)))
	for i := range s.Start {
		key = appendSigned(appendSigned(key, s.Start[i]), s.Length[i])
	}
	return key
}

// maxElements limits the elements of a tensor so that its size in bytes fits into an int64 for every dtype.
const maxElements = 1 << 58

// elements returns the number of elements of a shape. It reports false if a dimension is negative or the product is too large.
func elements(shape tensor.Shape) (int64, bool) {
	n, ok := shape.Elements()
	return n, ok && n <= maxElements
}
