package diff

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
)

// sameType reports whether two tensors have the same dtype and shape, so that their values can be compared one by one.
func (t *tensor) sameType(u *tensor) bool {
	return t.proto.GetDtype() == u.proto.GetDtype() && sameShape(t.proto.GetTensorShape(), u.proto.GetTensorShape())
}

// sameShape reports whether two shapes are equal, including the names of dimensions. A missing shape equals that of a scalar.
func sameShape(a, b *tfpb.TensorShapeProto) bool {
	if a.GetUnknownRank() != b.GetUnknownRank() || len(a.GetDim()) != len(b.GetDim()) {
		return false
	}
	for i, d := range a.GetDim() {
		if d.GetSize() != b.GetDim()[i].GetSize() || d.GetName() != b.GetDim()[i].GetName() {
			return false
		}
	}
	return true
}

// equal reports whether two tensors mean the same.
func (t *tensor) equal(u *tensor) bool {
	return t.sameType(u) && t.proto.GetVersionNumber() == u.proto.GetVersionNumber() && bytes.Equal(t.stray, u.stray) &&
		t.compare(u, false).Differ == 0
}

// compare counts the differing values of two tensors of the same type. Unless all is true, it stops after the first difference.
func (t *tensor) compare(u *tensor, all bool) *Tensor {
	out := &Tensor{DType: dtypeName(t.proto.GetDtype()), Shape: t.shape, Values: max(t.values, u.values), FirstIndex: -1}
	if out.Shape == nil {
		out.Shape = []int64{}
	}
	if t.element.kind == messageKind {
		if !t.sameMessages(u) {
			out.Differ, out.FirstIndex = 1, 0
		}
		return out
	}
	if t.given == u.given && t.broken == u.broken && t.element.width > 0 && bytes.Equal(t.data, u.data) {
		return out
	}
	// From index single on, both sides only repeat their last value, so one comparison covers the rest.
	single := min(out.Values, max(t.given, u.given, 1))
	var largest float64
	for i := int64(0); i < single; i++ {
		if t.sameBlock(u, i) {
			i += block - 1
			continue
		}
		if t.sameAt(u, i) {
			continue
		}
		count := int64(1)
		if i == single-1 {
			count = out.Values - i
		}
		if out.FirstIndex < 0 {
			out.FirstIndex, out.FirstA, out.FirstB = i, t.text(i), u.text(i)
		}
		out.Differ += count
		if !all {
			return out
		}
		largest = max(largest, t.difference(u, i)) // stays NaN once a difference is NaN
	}
	if out.Differ > 0 && !math.IsNaN(largest) && !math.IsInf(largest, 0) {
		out.Largest = &largest
	}
	if out.Differ == 0 && (t.broken != u.broken || t.broken && t.given != u.given) {
		out.Differ, out.FirstIndex = 1, single // stored zeros against absent values
	}
	return out
}

// block is the number of values that are compared at once.
const block = 512

// sameBlock reports whether the block of values that starts at i is stored with the same bytes on both sides.
func (t *tensor) sameBlock(u *tensor, i int64) bool {
	if i%block != 0 || t.element.width == 0 || i+block > min(t.given, u.given) {
		return false
	}
	from, to := i*int64(t.element.width), (i+block)*int64(t.element.width)
	return bytes.Equal(t.data[from:to], u.data[from:to])
}

// at returns the bytes of value i. If fewer values are stored, it returns the last one, or nil for zero if none is stored.
func (t *tensor) at(i int64) []byte {
	if t.given == 0 || i >= t.given && t.broken {
		return nil
	}
	i = min(i, t.given-1)
	if t.element.width == 0 {
		return t.strings[i]
	}
	w := int64(t.element.width)
	return t.data[i*w : (i+1)*w]
}

// sameAt reports whether value i is equal on both sides: equal bits, or NaN in both.
func (t *tensor) sameAt(u *tensor, i int64) bool {
	a, b := t.at(i), u.at(i)
	if bytes.Equal(a, b) || isZero(a) && isZero(b) && len(t.strings)+len(u.strings) == 0 {
		return true
	}
	switch t.element.kind {
	case float, brainFloat:
		return math.IsNaN(t.number(a)) && math.IsNaN(u.number(b))
	case complexes:
		ar, ai := t.parts(a)
		br, bi := u.parts(b)
		return sameFloat(ar, br) && sameFloat(ai, bi)
	}
	return false
}

// sameFloat reports whether two floats have the same bits or are both NaN.
func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// difference returns the distance between both values at i, or NaN if the dtype has no distance.
func (t *tensor) difference(u *tensor, i int64) float64 {
	a, b := t.at(i), u.at(i)
	switch t.element.kind {
	case signed, unsigned, float, brainFloat:
		return math.Abs(t.number(a) - u.number(b))
	case complexes:
		ar, ai := t.parts(a)
		br, bi := u.parts(b)
		return math.Hypot(ar-br, ai-bi)
	}
	return math.NaN()
}

// number returns a value of a real dtype.
func (t *tensor) number(v []byte) float64 {
	bits := bits(v)
	switch t.element.kind {
	case signed:
		shift := 64 - 8*t.element.width
		return float64(int64(bits<<shift) >> shift)
	case float:
		switch t.element.width {
		case 2:
			return dtypes.Float16(uint16(bits))
		case 4:
			return float64(math.Float32frombits(uint32(bits)))
		}
		return math.Float64frombits(bits)
	case brainFloat:
		return float64(math.Float32frombits(uint32(bits) << 16))
	}
	return float64(bits)
}

// parts returns the real and the imaginary part of a complex value.
func (t *tensor) parts(v []byte) (re, im float64) {
	half := t.element.width / 2
	if len(v) == 0 {
		return 0, 0
	}
	part := tensor{element: element{half, float}}
	return part.number(v[:half]), part.number(v[half:])
}

// bits returns up to eight little-endian bytes as a number.
func bits(v []byte) uint64 {
	var out uint64
	for i := min(len(v), 8) - 1; i >= 0; i-- {
		out = out<<8 | uint64(v[i])
	}
	return out
}

// text returns value i as text.
func (t *tensor) text(i int64) string {
	v := t.at(i)
	switch t.element.kind {
	case boolean:
		return strconv.FormatBool(!isZero(v))
	case signed:
		shift := 64 - 8*t.element.width
		return strconv.FormatInt(int64(bits(v)<<shift)>>shift, 10)
	case unsigned:
		return strconv.FormatUint(bits(v), 10)
	case float, brainFloat:
		size := 32
		if t.element.width == 8 {
			size = 64
		}
		return strconv.FormatFloat(t.number(v), 'g', -1, size)
	case complexes:
		re, im := t.parts(v)
		return strconv.FormatComplex(complex(re, im), 'g', -1, 8*t.element.width)
	case stringKind:
		return printable.Quote(string(v))
	}
	return fmt.Sprintf("0x%x", v)
}

// shown is the number of values up to which the text of a tensor includes them.
const shown = 6

// String returns a short text for the tensor: its dtype, its shape and, if it is small, its values.
func (t *tensor) String() string {
	var b strings.Builder
	b.WriteString(dtypeName(t.proto.GetDtype()))
	scalar := len(t.shape) == 0 && !t.proto.GetTensorShape().GetUnknownRank()
	if !scalar {
		b.WriteString(" " + shapeText(t.proto.GetTensorShape()))
	}
	if t.element.kind == messageKind || t.values > shown || t.values == 0 || t.broken {
		return b.String()
	}
	for i := range t.values {
		b.WriteString([]string{" ", ", "}[min(i, 1)] + t.text(i))
	}
	return b.String()
}

// sameMessages compares tensors of resource handles or variants.
func (t *tensor) sameMessages(u *tensor) bool {
	d := messages{stop: true}
	for _, pair := range [][2]*tfpb.TensorProto{{
		{ResourceHandleVal: t.proto.GetResourceHandleVal(), VariantVal: t.proto.GetVariantVal()},
		{ResourceHandleVal: u.proto.GetResourceHandleVal(), VariantVal: u.proto.GetVariantVal()},
	}} {
		d.plain("", pair[0].ProtoReflect(), pair[1].ProtoReflect())
	}
	return len(d.fields) == 0
}
