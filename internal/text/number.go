package text

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/nearest"
)

// parseScalar parses the value of a scalar field and returns its wire bits, or the reason why it is invalid.
func parseScalar(token []byte, f *field) (bits uint64, reason string) {
	switch f.kind {
	case protoreflect.BoolKind:
		return parseBool(token)
	case protoreflect.EnumKind:
		return parseEnum(token, f.enum)
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		value, ok := parseFloat(token)
		if !ok {
			return 0, "is not a number"
		}
		if f.kind == protoreflect.FloatKind {
			return uint64(math.Float32bits(float32(value))), ""
		}
		return math.Float64bits(value), ""
	case protoreflect.Sint32Kind:
		bits, reason = parseInteger(token, true, 32)
		return protowire.EncodeZigZag(int64(bits)) & math.MaxUint32, reason
	case protoreflect.Sint64Kind:
		bits, reason = parseInteger(token, true, 64)
		return protowire.EncodeZigZag(int64(bits)), reason
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind:
		return parseInteger(token, true, 32)
	case protoreflect.Int64Kind, protoreflect.Sfixed64Kind:
		return parseInteger(token, true, 64)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return parseInteger(token, false, 32)
	default:
		return parseInteger(token, false, 64)
	}
}

// parseBool parses Python's spellings of a bool and the numbers 0 and 1 in any notation.
func parseBool(token []byte) (uint64, string) {
	switch string(token) {
	case "true", "t", "True":
		return 1, ""
	case "false", "f", "False":
		return 0, ""
	}
	value, reason := parseInteger(token, false, 1)
	if reason != "" {
		reason = "must be true or false"
	}
	return value, reason
}

// parseEnum parses an enum value given by name or number.
func parseEnum(token []byte, e *enum) (uint64, string) {
	if c := token[0]; c >= '0' && c <= '9' || c == '-' || c == '+' {
		value, reason := parseInteger(token, true, 32)
		if reason == "" && !e.known(value) {
			reason = fmt.Sprintf("is not the number of a value of %s", e.name)
		}
		return value, reason
	}
	value := e.values.ByName(protoreflect.Name(token))
	if value == nil {
		names := make([]string, e.values.Len())
		for i := range names {
			names[i] = string(e.values.Get(i).Name())
		}
		return 0, fmt.Sprintf("is not a value of %s%s", e.name, nearestHint(string(token), names))
	}
	return uint64(value.Number()), ""
}

// nearestHint returns a suggestion for a misspelled name, or "" if no name is similar.
func nearestHint(name string, names []string) string {
	if near := nearest.Name(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// parseInteger parses an integer of the given size as Python's text_format does: decimal, hexadecimal (0x1f), octal
// (017, 0o17) or binary (0b11), with an optional sign and single underscores between digits. It returns the value in
// two's complement, or the reason why it is invalid.
func parseInteger(token []byte, signed bool, bits int) (value uint64, reason string) {
	rest := token
	negative := false
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		negative = rest[0] == '-'
		rest = rest[1:]
	}
	value, fits, ok := parseDigits(rest, len(token) > 0 && token[0] == '+')
	if !ok {
		return 0, "is not an integer"
	}
	limit := uint64(math.MaxUint64) >> (64 - bits)
	kind := "uint"
	switch {
	case signed:
		kind = "int"
		limit >>= 1
		if negative {
			limit++
		}
	case negative:
		limit = 0
	}
	if !fits || value > limit {
		return 0, fmt.Sprintf("is out of range for %s%d", kind, bits)
	}
	if negative {
		value = -value
	}
	return value, ""
}

// parseDigits parses an integer without its sign, which is a plus if plus is true. It reports whether the value fits 64 bits, and
// whether rest is an integer. An octal number without a letter has neither a plus nor underscores.
func parseDigits(rest []byte, plus bool) (value uint64, fits, ok bool) {
	base, prefixed := uint64(10), false
	if len(rest) > 1 && rest[0] == '0' {
		switch rest[1] | 0x20 {
		case 'x':
			base, prefixed = 16, true
		case 'o':
			base, prefixed = 8, true
		case 'b':
			base, prefixed = 2, true
		default:
			base = 8
		}
	}
	if prefixed {
		rest = rest[2:]
	}
	digits, underscores := 0, false
	fits = true
	for i, c := range rest {
		if c == '_' && i+1 < len(rest) && rest[i+1] != '_' && (digits > 0 || prefixed) {
			underscores = true
			continue
		}
		digit := uint64(digitValue(c))
		if digit >= base {
			return 0, false, false
		}
		digits++
		fits = fits && value <= (math.MaxUint64-digit)/base
		value = value*base + digit
	}
	plain := base == 8 && !prefixed && value != 0
	return value, fits, digits > 0 && (!plain || !underscores && !plus)
}

// parseFloat reads a floating point number as Python's text_format does: what Python's float reads (1, 1., .5, 1e3, 1_000,
// inf, infinity and nan in any case), also followed by f, but no octal or hexadecimal number.
func parseFloat(token []byte) (float64, bool) {
	body := token
	sign := byte(0)
	if len(body) > 0 && (body[0] == '-' || body[0] == '+') {
		sign = body[0]
		body = body[1:]
	}
	if sign != '+' && len(body) > 1 && body[0] == '0' && body[1] >= '0' && body[1] <= '9' {
		return 0, false
	}
	if sign != '+' && bytes.EqualFold(body, []byte("inff")) {
		body = body[:len("inf")]
	}
	value, ok := pythonFloat(body)
	if !ok {
		value, ok = pythonFloat(bytes.TrimRight(body, "fF"))
	}
	if ok && sign == '-' {
		value = math.Copysign(value, -1)
	}
	return value, ok
}

// misplacedUnderscore matches an underscore that is not between two digits.
var misplacedUnderscore = regexp.MustCompile(`(^|\D)_|_(\D|$)`)

// pythonFloat parses an unsigned number as Python's float does.
func pythonFloat(body []byte) (float64, bool) {
	text := strings.ToLower(string(body))
	switch text {
	case "inf", "infinity":
		return math.Inf(1), true
	case "nan":
		return math.Float64frombits(0x7ff8000000000000), true // Python's, not Go's
	}
	if strings.Trim(text, "0123456789._e+-") != "" || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") ||
		strings.Contains(text, "_") && misplacedUnderscore.MatchString(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	return value, err == nil || errors.Is(err, strconv.ErrRange) // out of range is infinite, as in Python
}
