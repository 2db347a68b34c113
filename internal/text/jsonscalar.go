package text

import (
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// appendJSONScalar appends a number, a boolean or an enum.
func appendJSONScalar(dst []byte, f *field, bits uint64) []byte {
	switch f.kind {
	case protoreflect.FloatKind:
		return appendJSONFloat(dst, float64(math.Float32frombits(uint32(bits))), 32)
	case protoreflect.DoubleKind:
		return appendJSONFloat(dst, math.Float64frombits(bits), 64)
	case protoreflect.EnumKind:
		if name, ok := f.enum.names[int32(bits)]; ok {
			return appendJSONString(dst, name)
		}
		return strconv.AppendInt(dst, int64(int32(bits)), 10)
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return append(appendScalar(append(dst, '"'), f, bits), '"')
	}
	return appendScalar(dst, f, bits)
}

// appendJSONFloat appends a float in the form of encoding/json. Negative zero is -0.0: Python reads -0 as an integer, which has no sign.
func appendJSONFloat(dst []byte, v float64, size int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	case v == 0 && math.Signbit(v):
		return append(dst, "-0.0"...)
	}
	abs := math.Abs(v)
	tiny, huge := 1e-6, 1e21
	if size == 32 {
		abs = float64(float32(abs))
		tiny, huge = float64(float32(1e-6)), float64(float32(1e21))
	}
	if abs == 0 || abs >= tiny && abs < huge {
		return strconv.AppendFloat(dst, v, 'f', -1, size)
	}
	dst = strconv.AppendFloat(dst, v, 'e', -1, size)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' { // e-09 to e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendJSONString appends a string with its quotes.
func appendJSONString(dst []byte, s string) []byte {
	return append(appendJSONEscaped(append(dst, '"'), []byte(s)), '"')
}

// appendJSONEscaped appends s with everything escaped that JSON or a terminal would interpret.
func appendJSONEscaped(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(s[i:])
			if r < 0xa0 || r == '\u2028' || r == '\u2029' {
				dst = append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
			} else {
				dst = append(dst, s[i:i+n]...)
			}
			i += n
			continue
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}
