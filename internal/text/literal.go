package text

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// literal consumes one quoted string and appends its value to dst, like CUnescape in
// google/protobuf/text_encoding.py.
func (l *lexer) literal(dst []byte) ([]byte, error) {
	start := l.pos
	quote := l.data[start]
	begin := len(dst)
	plain := start + 1 // start of the bytes to append unchanged
	for i := plain; i < len(l.data); {
		switch c := l.data[i]; {
		case c == quote:
			l.pos = i + 1
			return append(dst, l.data[plain:i]...), nil
		case c == '\n':
			return nil, l.fail(start, "string has no closing %c on its line", quote)
		case c == '\\' && i+1 < len(l.data) && l.data[i+1] != '\n':
			next := l.data[i+1]
			if next == 'u' || next == 'U' || next >= utf8.RuneSelf || bytes.HasPrefix(l.data[i:], []byte(`\x\`)) {
				return l.unicodeLiteral(dst[:begin], start)
			}
			dst = append(dst, l.data[plain:i]...)
			var n int
			var reason string
			if dst, n, reason = appendEscape(dst, l.data[i:]); reason != "" {
				return nil, l.fail(i, "%s", reason)
			}
			i += n
			plain = i
		default:
			i++
		}
	}
	return nil, l.fail(start, "string has no closing %c", quote)
}

// simpleEscapes holds the letters of the escapes for single bytes; simpleValues holds these bytes.
const (
	simpleEscapes = "abfnrtv"
	simpleValues  = "\a\b\f\n\r\t\v"
)

// appendEscape appends the value of the escape at the beginning of b. It returns the length of the escape, or a
// reason if it is invalid. An unknown escape stands for itself, as in Python.
func appendEscape(dst, b []byte) (out []byte, n int, reason string) {
	if i := strings.IndexByte(simpleEscapes, b[1]); i >= 0 {
		return append(dst, simpleValues[i]), 2, ""
	}
	switch c := b[1]; c {
	case '\\', '\'', '"':
		return append(dst, c), 2, ""
	case 'x':
		value, n := digits(b[2:], 16, 2)
		if n == 0 {
			return dst, 0, `\x needs a hexadecimal digit`
		}
		return append(dst, byte(value)), 2 + n, ""
	case '0', '1', '2', '3', '4', '5', '6', '7':
		value, n := digits(b[1:], 8, 3)
		if value > 0xff {
			return dst, 0, fmt.Sprintf(`\%o is more than a byte`, value)
		}
		return append(dst, byte(value)), 1 + n, ""
	case 'N':
		return dst, 0, `\N is not supported`
	default:
		return append(dst, '\\', c), 2, ""
	}
}

// digits parses up to most digits in the given base and returns their value and count.
func digits(b []byte, base uint32, most int) (value uint32, n int) {
	for n < len(b) && n < most {
		digit := uint32(digitValue(b[n]))
		if digit >= base {
			break
		}
		value = value*base + digit
		n++
	}
	return value, n
}

// digitValue returns the value of a hexadecimal digit, and more than 15 for other characters.
func digitValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}

// unicodeLiteral is like literal for a string that has \u or \U in it, or a backslash before a non-ASCII character.
// Python decodes such a string in three passes, each on the result of the previous one, so that \u005cn is a line
// break. unicodeLiteral does the same.
func (l *lexer) unicodeLiteral(dst []byte, start int) ([]byte, error) {
	quote := l.data[start]
	end := start + 1
	for ; end < len(l.data) && l.data[end] != quote && l.data[end] != '\n'; end++ {
		if l.data[end] == '\\' && end+1 < len(l.data) && l.data[end+1] != '\n' {
			end++
		}
	}
	if end >= len(l.data) || l.data[end] != quote {
		return nil, l.fail(start, "string has no closing %c", quote)
	}
	raw := l.data[start+1 : end]
	if !utf8.Valid(raw) {
		return nil, l.fail(start, "string with \\u in it is not valid UTF-8")
	}
	decoded, reason := decodeUnicode(widenHex(raw))
	if reason == "" {
		dst, reason = appendEscapes(dst, decoded)
	}
	if reason != "" {
		return nil, l.fail(start, "%s", reason)
	}
	l.pos = end + 1
	return dst, nil
}

// widenHex is the first pass: it inserts a zero into \x escapes with one digit.
func widenHex(raw []byte) []byte {
	out := make([]byte, 0, len(raw)+8)
	for i := 0; i < len(raw); i++ {
		out = append(out, raw[i])
		if raw[i] != '\\' || i+1 == len(raw) {
			continue
		}
		i++
		out = append(out, raw[i])
		if _, n := digits(raw[i+1:], 16, 2); raw[i] == 'x' && n == 1 {
			out = append(out, '0')
		}
	}
	return out
}

// decodeUnicode is the second pass, Python's raw_unicode_escape: it decodes \u and \U. A pair of surrogates, which
// Python rejects, becomes one character, as in C++.
func decodeUnicode(text []byte) (out []byte, reason string) {
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			i++
			continue
		}
		r, n, reason := unicodeEscape(text[i:])
		switch {
		case reason != "":
			return nil, reason
		case n > 0:
			if r >= 0xd800 && r < 0xdc00 {
				low, m, _ := unicodeEscape(text[i+n:])
				if low >= 0xdc00 && low < 0xe000 {
					r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
					n += m
				}
			}
			if !utf8.ValidRune(r) {
				return nil, fmt.Sprintf(`\u%04x is half a surrogate pair`, r)
			}
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		next, size := utf8.DecodeRune(text[i+1:])
		switch {
		case next > 0xffff:
			out = fmt.Appendf(out, `\\U%08x`, next) // Python writes it so between its passes
		case next > 0xff:
			out = fmt.Appendf(out, `\\u%04x`, next)
		default:
			out = append(out, text[i:i+1+size]...)
		}
		i += 1 + size
	}
	return out, ""
}

// unicodeEscape decodes \u1234 or \U12345678 at the beginning of text. It returns length 0 if there is no such
// escape.
func unicodeEscape(text []byte) (r rune, n int, reason string) {
	if len(text) < 2 || text[0] != '\\' || text[1] != 'u' && text[1] != 'U' {
		return 0, 0, ""
	}
	want := 4
	if text[1] == 'U' {
		want = 8
	}
	value, n := digits(text[2:], 16, want)
	if n < want {
		return 0, 0, fmt.Sprintf(`\%c needs %d hexadecimal digits`, text[1], want)
	}
	if value > utf8.MaxRune {
		return 0, 0, fmt.Sprintf(`\U%08x is not a character`, value)
	}
	return rune(value), 2 + n, ""
}

// appendEscapes is the third pass, Python's unicode_escape. Every result must fit into a byte.
func appendEscapes(dst, text []byte) (out []byte, reason string) {
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			dst = append(dst, text[i])
			i++
			continue
		}
		if i+1 == len(text) {
			return nil, `string ends with \`
		}
		r, n, reason := unicodeEscape(text[i:])
		switch {
		case reason != "":
			return nil, reason
		case n > 0 && r > 0xff:
			return nil, fmt.Sprintf(`\u%04x is more than a byte here`, r)
		case n > 0:
			dst = append(dst, byte(r))
			i += n
			continue
		case text[i+1] == 'x':
			if _, n := digits(text[i+2:], 16, 2); n < 2 {
				return nil, `\x needs two hexadecimal digits here`
			}
		}
		if dst, n, reason = appendEscape(dst, text[i:]); reason != "" {
			return nil, reason
		}
		i += n
	}
	return dst, ""
}
