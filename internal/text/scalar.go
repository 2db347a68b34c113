package text

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// appendScalar appends the value of a scalar field that is neither string nor bytes, from its bits on the
// wire: PrintFieldValue in google/protobuf/text_format.py.
func appendScalar(dst []byte, f *field, bits uint64) []byte {
	switch f.kind {
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, bits != 0)
	case protoreflect.EnumKind:
		return f.enum.append(dst, int32(bits))
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return strconv.AppendInt(dst, int64(int32(bits)), 10)
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return strconv.AppendInt(dst, int64(bits), 10)
	case protoreflect.Sint32Kind:
		return strconv.AppendInt(dst, protowire.DecodeZigZag(bits&math.MaxUint32), 10)
	case protoreflect.Sint64Kind:
		return strconv.AppendInt(dst, protowire.DecodeZigZag(bits), 10)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(dst, uint64(uint32(bits)), 10)
	case protoreflect.FloatKind:
		return appendFloat(dst, math.Float32frombits(uint32(bits)))
	case protoreflect.DoubleKind:
		return appendDouble(dst, math.Float64frombits(bits))
	default:
		return strconv.AppendUint(dst, bits, 10)
	}
}

// isZero reports whether bits are the default value of a scalar field without presence. -0.0 is not.
func isZero(f *field, bits uint64) bool {
	switch f.kind {
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Sint32Kind, protoreflect.EnumKind:
		return uint32(bits) == 0
	default:
		return bits == 0
	}
}

// scalar decodes the value of wire type typ at the beginning of b. It returns its bits and size; a negative size
// means that the value is cut off.
func scalar(b []byte, typ protowire.Type) (bits uint64, n int) {
	switch typ {
	case protowire.Fixed32Type:
		v, n := protowire.ConsumeFixed32(b)
		return uint64(v), n
	case protowire.Fixed64Type:
		return protowire.ConsumeFixed64(b)
	default:
		if len(b) > 0 && b[0] < 0x80 {
			return uint64(b[0]), 1
		}
		if bits, n = wire.Varint(b); n == 0 {
			return 0, -1
		}
		return bits, n
	}
}

// appendFloat appends a float as TensorFlow's Python does: with the fewest digits, but at least six, that restore
// the float (ToShortestFloat in google/protobuf/internal/type_checkers.py), formatted like Python's repr.
func appendFloat(dst []byte, f float32) []byte {
	exponent := math.Float32bits(f) >> 23 & 0xff
	if exponent == 0xff || f == 0 {
		return appendDouble(dst, float64(f))
	}
	var room [32]byte
	if exponent != 0 && math.Float32bits(f)<<9 != 0 {
		// For all but subnormals, which have less than six digits' worth of bits, and powers of two, whose neighbors are not
		// equally far, the shortest decimal is the one that rounding to as many digits gives.
		return appendRepr(dst, strconv.AppendFloat(room[:0], float64(f), 'e', -1, 32))
	}
	for digits := 6; ; digits++ {
		decimal := strconv.AppendFloat(room[:0], float64(f), 'e', digits-1, 64)
		back, err := strconv.ParseFloat(string(decimal), 64)
		if err != nil || float32(back) == f || digits == 17 {
			return appendRepr(dst, decimal)
		}
	}
}

// appendDouble appends a double as Python's repr writes it.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	var room [32]byte
	return appendRepr(dst, strconv.AppendFloat(room[:0], f, 'e', -1, 64))
}

// appendRepr reformats a decimal of the form -d.ddde±xx, as strconv writes it, like Python's repr: without an
// exponent from 0.0001 to below 1e16, with ".0" if there is no fraction, and without trailing zeros.
func appendRepr(dst, decimal []byte) []byte {
	if decimal[0] == '-' {
		dst = append(dst, '-')
		decimal = decimal[1:]
	}
	var room [24]byte
	digits := append(room[:0], decimal[0])
	i := 1
	if decimal[i] == '.' {
		for i++; decimal[i] != 'e'; i++ {
			digits = append(digits, decimal[i])
		}
	}
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	exponent := 0
	for _, c := range decimal[i+2:] {
		exponent = exponent*10 + int(c-'0')
	}
	if decimal[i+1] == '-' {
		exponent = -exponent
	}
	switch {
	case exponent < -4 || exponent >= 16:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		return append(dst, decimal[i:]...)
	case exponent < 0:
		dst = append(dst, "0.0000"[:1-exponent]...)
		return append(dst, digits...)
	case exponent+1 >= len(digits):
		dst = append(dst, digits...)
		dst = append(dst, "000000000000000"[:exponent+1-len(digits)]...)
		return append(dst, ".0"...)
	default:
		dst = append(dst, digits[:exponent+1]...)
		dst = append(dst, '.')
		return append(dst, digits[exponent+1:]...)
	}
}

// escapes holds for each byte what it is in a bytes field, in escaped, and in escapeSizes how many bytes that are
// (_byte_escapes in google/protobuf/text_encoding.py).
var escapes, escapeSizes = func() (escaped [256][4]byte, sizes [256]uint8) {
	for c := range 256 {
		switch {
		case c == '\t':
			escaped[c], sizes[c] = [4]byte{'\\', 't'}, 2
		case c == '\n':
			escaped[c], sizes[c] = [4]byte{'\\', 'n'}, 2
		case c == '\r':
			escaped[c], sizes[c] = [4]byte{'\\', 'r'}, 2
		case c == '"' || c == '\'' || c == '\\':
			escaped[c], sizes[c] = [4]byte{'\\', byte(c)}, 2
		case c < ' ' || c >= 127:
			escaped[c], sizes[c] = [4]byte{'\\', '0' + byte(c>>6), '0' + byte(c>>3&7), '0' + byte(c&7)}, 4
		default:
			escaped[c], sizes[c] = [4]byte{byte(c)}, 1
		}
	}
	return escaped, sizes
}()

// appendBytes appends the value of a bytes field without quotes.
func appendBytes(dst, value []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, 4*len(value))
	room := dst[:at+4*len(value)]
	for _, c := range value {
		*(*[4]byte)(room[at:]) = escapes[c]
		at += int(escapeSizes[c])
	}
	return room[:at]
}

// appendString appends the value of a string field without quotes. Non-ASCII characters stay unchanged. Bytes that
// are not UTF-8, which a proto2 string may hold, become escapes.
func appendString(dst, value []byte) []byte {
	plain := 0 // start of the bytes to append unchanged
	for i := 0; i < len(value); {
		c := value[i]
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRune(value[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		} else if escapeSizes[c] == 1 {
			i++
			continue
		}
		dst = append(dst, value[plain:i]...)
		dst = append(dst, escapes[c][:escapeSizes[c]]...)
		i++
		plain = i
	}
	return append(dst, value[plain:]...)
}
