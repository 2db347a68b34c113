package diff

import (
	"bytes"
	"fmt"
	"math"
	"math/cmplx"
	"slices"
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
	return a.GetUnknownRank() == b.GetUnknownRank() && slices.EqualFunc(a.GetDim(), b.GetDim(), func(x, y *tfpb.TensorShapeProto_Dim) bool {
		return x.GetSize() == y.GetSize() && x.GetName() == y.GetName()
	})
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
	if t.element.Kind == dtypes.Message {
		if !t.sameMessages(u) {
			out.Differ, out.FirstIndex = 1, 0
		}
		return out
	}
	if t.given == u.given && t.broken == u.broken && t.element.Size > 0 && bytes.Equal(t.data, u.data) {
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
	if i%block != 0 || t.element.Size == 0 || i+block > min(t.given, u.given) {
		return false
	}
	from, to := i*int64(t.element.Size), (i+block)*int64(t.element.Size)
	return bytes.Equal(t.data[from:to], u.data[from:to])
}

// at returns the bytes of value i. If fewer values are stored, it returns the last one, or nil for zero if none is stored.
func (t *tensor) at(i int64) []byte {
	if t.given == 0 || i >= t.given && t.broken {
		return nil
	}
	i = min(i, t.given-1)
	if t.element.Size == 0 {
		return t.strings[i]
	}
	w := int64(t.element.Size)
	return t.data[i*w : (i+1)*w]
}

// sameAt reports whether value i is equal on both sides: equal bits, or NaN in both.
func (t *tensor) sameAt(u *tensor, i int64) bool {
	a, b := t.at(i), u.at(i)
	if bytes.Equal(a, b) || isZero(a) && isZero(b) && len(t.strings)+len(u.strings) == 0 {
		return true
	}
	switch t.element.Kind {
	case dtypes.Float, dtypes.BrainFloat:
		return math.IsNaN(t.element.Float(a)) && math.IsNaN(t.element.Float(b))
	case dtypes.Complex:
		x, y := t.element.Complex(a), t.element.Complex(b)
		return sameFloat(real(x), real(y)) && sameFloat(imag(x), imag(y))
	}
	return false
}

// sameFloat reports whether two floats have the same bits or are both NaN.
func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func isZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// difference returns the distance between both values at i, or NaN if the dtype has no distance.
func (t *tensor) difference(u *tensor, i int64) float64 {
	a, b := t.at(i), u.at(i)
	switch t.element.Kind {
	case dtypes.Signed, dtypes.Unsigned, dtypes.Float, dtypes.BrainFloat:
		return math.Abs(t.element.Float(a) - t.element.Float(b))
	case dtypes.Complex:
		return cmplx.Abs(t.element.Complex(a) - t.element.Complex(b))
	}
	return math.NaN()
}

// text returns value i as text.
func (t *tensor) text(i int64) string {
	v := t.at(i)
	switch t.element.Kind {
	case dtypes.Boolean:
		return strconv.FormatBool(!isZero(v))
	case dtypes.Signed:
		return strconv.FormatInt(t.element.Int(v), 10)
	case dtypes.Unsigned:
		return strconv.FormatUint(uint64(t.element.Int(v)), 10)
	case dtypes.Float, dtypes.BrainFloat:
		return strconv.FormatFloat(t.element.Float(v), 'g', -1, max(32, 8*t.element.Size))
	case dtypes.Complex:
		return strconv.FormatComplex(t.element.Complex(v), 'g', -1, 8*t.element.Size)
	case dtypes.Bytes:
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
	if t.element.Kind == dtypes.Message || t.values > shown || t.values == 0 || t.broken {
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
	d.plain("", t.messages().ProtoReflect(), u.messages().ProtoReflect())
	return len(d.fields) == 0
}

// messages returns the resource handles or variants in a tensor.
func (t *tensor) messages() *tfpb.TensorProto {
	return &tfpb.TensorProto{ResourceHandleVal: t.proto.GetResourceHandleVal(), VariantVal: t.proto.GetVariantVal()}
}

// dtypeName returns TensorFlow's short name of a DataType, as tensor.DTypeName does, and "no dtype" for DT_INVALID.
func dtypeName(dtype tfpb.DataType) string {
	if dtype == tfpb.DataType_DT_INVALID {
		return "no dtype"
	}
	return dtypes.DTypeName(int32(dtype))
}
