package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s as a person may see it: itself where it is printable UTF-8, else quoted as Go quotes it, so that no
// string of a file can move the cursor, change a color, begin a line or hide what it is.
func Text(s string) string {
	if printable(s) && !padded(s) {
		return s
	}
	return strconv.Quote(s)
}

// rawText is Text for a line of its own: spaces at its ends and tabs do no harm there.
func rawText(s string) string {
	if printable(strings.ReplaceAll(s, "\t", " ")) {
		return s
	}
	return strconv.Quote(s)
}

// padded reports whether s begins or ends with a space, which nobody would see.
func padded(s string) bool {
	return s != "" && (s[0] == ' ' || s[len(s)-1] == ' ')
}

// printable reports whether s is UTF-8 and every character of it has a place on paper.
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

// cell returns what stands in a cell of column c of a table.
func cell(s string, c Column) string {
	if c.Comma {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return numberText(n)
		}
	}
	if c.Tree != "" {
		last := strings.LastIndex(s, c.Tree) + 1
		return strings.Repeat(gap, strings.Count(s, c.Tree)) + Text(s[last:])
	}
	return Text(s)
}
