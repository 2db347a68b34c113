package text

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// A ParseError reports where and why text is not a valid message.
type ParseError struct {
	Line   int // from 1
	Column int // from 1, in characters
	reason string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.reason)
}

// A lexer splits a text into tokens. It is at byte pos.
type lexer struct {
	data []byte
	pos  int
}

// fail returns an error for the text at byte at.
func (l *lexer) fail(at int, format string, args ...any) error {
	line, column := l.place(at)
	return &ParseError{Line: line, Column: column, reason: fmt.Sprintf(format, args...)}
}

// place returns the line and the column of a byte.
func (l *lexer) place(at int) (line, column int) {
	before := l.data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1
}

// expected returns the error that the next token is not what was expected.
func (l *lexer) expected(what string) error {
	return l.fail(l.pos, "expected %s, found %s", what, l.found())
}

// maxFound is the maximum length of an unexpected token in an error.
const maxFound = 40

// found describes the next token for an error.
func (l *lexer) found() string {
	if l.pos >= len(l.data) {
		return "the end of the text"
	}
	n := l.wordEnd(l.pos) - l.pos
	if n == 0 {
		_, n = utf8.DecodeRune(l.data[l.pos:])
	}
	if n > maxFound {
		return strconv.Quote(string(l.data[l.pos:l.pos+maxFound])) + "..."
	}
	return strconv.Quote(string(l.data[l.pos : l.pos+n]))
}

// skip skips comments and white space, as Python's regular expressions define it.
func (l *lexer) skip() {
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		switch {
		case c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f:
			l.pos++
		case c == '#':
			if end := bytes.IndexByte(l.data[l.pos:], '\n'); end >= 0 {
				l.pos += end
			} else {
				l.pos = len(l.data)
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(l.data[l.pos:])
			if !unicode.IsSpace(r) {
				return
			}
			l.pos += n
		default:
			return
		}
	}
}

// peek skips to the next token and returns its first byte, or 0 at the end of the text.
func (l *lexer) peek() byte {
	l.skip()
	if l.pos < len(l.data) {
		return l.data[l.pos]
	}
	return 0
}

// accept consumes the next token if it is c and reports whether it did.
func (l *lexer) accept(c byte) bool {
	if l.peek() != c || l.pos >= len(l.data) {
		return false
	}
	l.pos++
	return true
}

// wordEnd returns the end of the letters, digits and underscores at pos.
func (l *lexer) wordEnd(pos int) int {
	for pos < len(l.data) && isWord(l.data[pos]) {
		pos++
	}
	return pos
}

// word consumes and returns the name or the number of a field. It returns an empty slice if there is none.
func (l *lexer) word() []byte {
	l.skip()
	start := l.pos
	l.pos = l.wordEnd(start)
	return l.data[start:l.pos]
}

// scalar consumes and returns a number or an identifier. It returns an empty slice if there is none. White space
// after a minus sign is allowed, as in C++.
func (l *lexer) scalar() []byte {
	l.skip()
	start := l.pos
	l.pos = l.scalarEnd(start)
	token := l.data[start:l.pos]
	if len(token) == 1 && token[0] == '-' {
		l.skip()
		rest := l.pos
		l.pos = l.scalarEnd(rest)
		return append([]byte{'-'}, l.data[rest:l.pos]...)
	}
	return token
}

// scalarEnd returns the end of the number or identifier at pos.
func (l *lexer) scalarEnd(pos int) int {
	for pos < len(l.data) {
		if c := l.data[pos]; !isWord(c) && c != '+' && c != '-' && c != '.' {
			break
		}
		pos++
	}
	return pos
}
