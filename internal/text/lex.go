package text

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// A ParseError says where a text is no message and what stands there instead.
type ParseError struct {
	Line   int // from 1 on
	Column int // from 1 on, in characters
	Reason string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// A lexer takes a text apart. It is at the byte pos.
type lexer struct {
	data []byte
	pos  int
}

// fail returns the error that at byte at the text is wrong.
func (l *lexer) fail(at int, format string, args ...any) error {
	line, column := l.place(at)
	return &ParseError{Line: line, Column: column, Reason: fmt.Sprintf(format, args...)}
}

// place returns the line and the column of a byte.
func (l *lexer) place(at int) (line, column int) {
	before := l.data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1
}

// expected returns the error that something else stands where what should.
func (l *lexer) expected(what string) error {
	return l.fail(l.pos, "expected %s, found %s", what, l.found())
}

// maxFound is how much of an unexpected text an error shows.
const maxFound = 40

// found names what stands at the current place, for an error.
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

// skip steps over white space, as Python's regular expressions know it, and comments.
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

// peek skips to the next token and returns its first byte, 0 at the end of the text.
func (l *lexer) peek() byte {
	l.skip()
	if l.pos < len(l.data) {
		return l.data[l.pos]
	}
	return 0
}

// accept steps over the next token where it is c.
func (l *lexer) accept(c byte) bool {
	if l.peek() != c || l.pos >= len(l.data) {
		return false
	}
	l.pos++
	return true
}

// wordEnd returns where the letters, digits and underscores end that begin at pos.
func (l *lexer) wordEnd(pos int) int {
	for pos < len(l.data) && isWord(l.data[pos]) {
		pos++
	}
	return pos
}

// word steps over the name or the number of a field and returns it, nothing where none stands.
func (l *lexer) word() []byte {
	l.skip()
	start := l.pos
	l.pos = l.wordEnd(start)
	return l.data[start:l.pos]
}

// scalar steps over a number or an identifier and returns it, nothing where none stands. Between a minus and what follows
// there may be white space: C++ reads it.
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

// scalarEnd returns where the number or identifier ends that begins at pos.
func (l *lexer) scalarEnd(pos int) int {
	for pos < len(l.data) {
		if c := l.data[pos]; !isWord(c) && c != '+' && c != '-' && c != '.' {
			break
		}
		pos++
	}
	return pos
}
