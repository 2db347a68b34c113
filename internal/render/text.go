package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s if it is printable UTF-8, and a quoted Go string otherwise. So no string from a file can move the cursor, change colors,
// start a new line or disguise itself.
func Text(s string) string {
	if printable(s) && !padded(s) {
		return s
	}
	return strconv.Quote(s)
}

// rawText is Text for a string on its own line, where tabs and spaces at the ends are harmless.
func rawText(s string) string {
	if printable(strings.ReplaceAll(s, "\t", " ")) {
		return s
	}
	return strconv.Quote(s)
}

// padded reports whether s begins or ends with a space, which would be invisible.
func padded(s string) bool {
	return s != "" && (s[0] == ' ' || s[len(s)-1] == ' ')
}

// printable reports whether s is valid UTF-8 and all of its characters are visible.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' {
			return printableRunes(s[i:])
		}
	}
	return true
}

func printableRunes(s string) bool {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if !strconv.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}

// cell returns the text to print in a cell of column c.
func cell(s string, c column) string {
	if c.comma {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return numberText(n)
		}
	}
	if c.tree != "" {
		last := strings.LastIndex(s, c.tree) + 1
		return strings.Repeat(gap, strings.Count(s, c.tree)) + Text(s[last:])
	}
	return Text(s)
}
