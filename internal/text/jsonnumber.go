package text

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// parseJSONScalar returns the bits of a bool, number or enum on the wire.
func parseJSONScalar(f *field, token json.Token) (uint64, error) {
	number, isNumber := token.(json.Number)
	text, isString := token.(string)
	switch {
	case f.kind == protoreflect.BoolKind:
		value, ok := token.(bool)
		if !ok {
			return 0, fmt.Errorf("expected true or false, found %v", token)
		}
		return protowire.EncodeBool(value), nil
	case f.enum != nil && isString:
		value := f.enum.values.ByName(protoreflect.Name(text))
		if value == nil {
			return 0, fmt.Errorf("%s has no value %q", f.enum.name, text)
		}
		return uint64(value.Number()), nil
	case isNumber:
		text = number.String()
	case !isString:
		return 0, fmt.Errorf("expected a number, found %v", token)
	}
	switch f.kind {
	case protoreflect.FloatKind:
		value, err := parseJSONFloat(text, 32)
		return uint64(math.Float32bits(float32(value))), err
	case protoreflect.DoubleKind:
		value, err := parseJSONFloat(text, 64)
		return math.Float64bits(value), err
	}
	return parseJSONInteger(f.kind, text)
}

// parseJSONFloat parses a floating-point number of the given size in bits.
func parseJSONFloat(text string, size int) (float64, error) {
	switch text {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	value, err := strconv.ParseFloat(text, size)
	if err != nil || !isJSONNumber(text) {
		return 0, fmt.Errorf("invalid number %q", text)
	}
	return value, nil
}

// parseJSONInteger parses an integer, which may be written as 1e3 or 1.0, and returns its bits on the wire.
func parseJSONInteger(kind protoreflect.Kind, text string) (uint64, error) {
	invalid := fmt.Errorf("invalid integer %q", text)
	if !isJSONNumber(text) {
		return 0, invalid
	}
	if at := strings.IndexAny(text, ".eE"); at >= 0 {
		exact, ok := new(big.Rat), false
		// A longer exponent would need much memory, and no integer field can hold the number.
		if e := strings.IndexAny(text, "eE"); e < 0 || len(text)-e <= len("e+99") {
			_, ok = exact.SetString(text)
		}
		if !ok || !exact.IsInt() {
			return 0, invalid
		}
		text = exact.Num().String()
	}
	size := 64
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		size = 32
	}
	switch kind {
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		value, err := strconv.ParseUint(text, 10, size)
		if err != nil {
			return 0, invalid
		}
		return value, nil
	}
	value, err := strconv.ParseInt(text, 10, size)
	switch {
	case err != nil:
		return 0, invalid
	case kind == protoreflect.Sint32Kind || kind == protoreflect.Sint64Kind:
		return protowire.EncodeZigZag(value), nil
	}
	return uint64(value), nil
}

// isJSONNumber reports whether text is a number in JSON.
func isJSONNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789+-.eE") == "" && json.Valid([]byte(text))
}

// loneSurrogate reports whether an escape in JSON is one half of a surrogate pair, which alone is not a character.
// Decoders of JSON would replace it.
func loneSurrogate(data []byte) bool {
	half := func(at int) (high, low bool) {
		if at+6 > len(data) || data[at] != '\\' || data[at+1] != 'u' {
			return false, false
		}
		code, err := strconv.ParseUint(string(data[at+2:at+6]), 16, 16)
		return err == nil && code >= 0xd800 && code < 0xdc00, err == nil && code >= 0xdc00 && code < 0xe000
	}
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		high, low := half(i)
		if low {
			return true
		}
		if i++; high {
			if _, low := half(i + 5); !low {
				return true
			}
			i += 10
		}
	}
	return false
}
