// Package printable decides which strings from a file can be shown unchanged. A file can hold any bytes: terminal
// control sequences, line breaks, characters that change the direction of text.
package printable

import (
	"strconv"
	"unicode/utf8"
)

// Is reports whether s is valid UTF-8 and consists of visible characters and spaces.
func Is(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' {
			return isUnicode(s[i:])
		}
	}
	return true
}

func isUnicode(s string) bool {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// Quote returns s if it is printable and not empty, and a quoted Go string otherwise.
func Quote(s string) string {
	if s == "" || !Is(s) {
		return strconv.Quote(s)
	}
	return s
}
