package tensor

import (
	"encoding/binary"
	"math"
	"sort"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode returns the element that a text spells, such as "true", "-1" or "0.5", as tensor_content holds it. It rounds to the nearest
// number. It returns an error of package strconv if the text spells no element, and nil if the kind is Complex, Bytes, Message or Opaque.
func (e Encoding) Encode(text string) ([]byte, error) {
	var bits uint64
	var err error
	switch e.Kind {
	case Boolean:
		var is bool
		is, err = strconv.ParseBool(text)
		bits = protowire.EncodeBool(is)
	case Signed:
		var number int64
		number, err = strconv.ParseInt(text, 10, 8*e.Size)
		bits = uint64(number)
	case Unsigned:
		bits, err = strconv.ParseUint(text, 10, 8*e.Size)
	case Float, BrainFloat:
		var number float64
		number, err = strconv.ParseFloat(text, max(32, 8*e.Size))
		bits = e.bits(number)
	default:
		return nil, nil
	}
	return binary.LittleEndian.AppendUint64(nil, bits)[:e.Size], err
}

// bits returns the bits of a Float or BrainFloat.
func (e Encoding) bits(number float64) uint64 {
	narrow := math.Float32bits(float32(number))
	switch {
	case e.Kind == BrainFloat:
		return uint64((narrow + 0x7FFF + narrow>>16&1) >> 16)
	case e.Size == 2:
		return uint64(toFloat16(number))
	case e.Size == 4:
		return uint64(narrow)
	}
	return math.Float64bits(number)
}

// toFloat16 returns the IEEE 754 half-precision number nearest to a number.
func toFloat16(number float64) uint16 {
	const infinity = 0x7C00
	if math.IsNaN(number) {
		return infinity | 0x200
	}
	size := math.Abs(number)
	bits := sort.Search(infinity, func(bits int) bool { return float16(uint16(bits)) >= size })
	if bits > 0 && bits < infinity && size-float16(uint16(bits-1)) < float16(uint16(bits))-size {
		bits--
	}
	if math.Signbit(number) {
		bits |= 0x8000
	}
	return uint16(bits)
}
