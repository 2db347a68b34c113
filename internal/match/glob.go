// Package match implements the patterns with which users select names and devices: globs and device patterns.
package match

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Glob is a pattern for names. `*` matches any run of characters, including slashes, `?` matches one character, `[a-z]` and
// `[^a-z]` match one character of a set, and a backslash makes the next character literal.
type Glob struct {
	pattern string
	literal bool // the pattern has no special characters
}

// ParseGlob compiles a pattern. It fails if a set is not closed or if the pattern ends in a backslash.
func ParseGlob(pattern string) (Glob, error) {
	for p := pattern; p != ""; {
		_, rest, ok := element(p)
		if !ok {
			return Glob{}, fmt.Errorf("invalid pattern %q: unclosed [ or trailing backslash", pattern)
		}
		p = rest
	}
	return Glob{pattern, !strings.ContainsAny(pattern, `*?[\`)}, nil
}

// String returns the pattern.
func (g Glob) String() string { return g.pattern }

// Match reports whether the pattern matches the whole name. A pattern always matches the name that equals it.
func (g Glob) Match(name string) bool {
	if g.literal || g.pattern == name {
		return g.pattern == name
	}
	// After a mismatch only the last star can match more, so remembering one position is enough.
	pattern, starPattern, starName := g.pattern, "", ""
	starred := false
	for name != "" || pattern != "" {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			starred, starPattern, starName = true, pattern, name
			continue
		}
		if rest, left, ok := step(pattern, name); ok {
			pattern, name = rest, left
			continue
		}
		if !starred || starName == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(starName)
		starName = starName[n:]
		pattern, name = starPattern, starName
	}
	return true
}

// step matches the first element of a pattern, which is not a star, against the first character of name. It returns the rest of both.
func step(pattern, name string) (string, string, bool) {
	if pattern == "" || name == "" {
		return "", "", false
	}
	r, n := utf8.DecodeRuneInString(name)
	match, rest, _ := element(pattern)
	return rest, name[n:], match(r)
}

// element splits off the first element of a pattern. It reports false if that element is malformed.
func element(pattern string) (match func(rune) bool, rest string, ok bool) {
	r, n := utf8.DecodeRuneInString(pattern)
	rest = pattern[n:]
	switch r {
	case '*', '?':
		return func(rune) bool { return true }, rest, true
	case '\\':
		r, n = utf8.DecodeRuneInString(rest)
		return func(c rune) bool { return c == r }, rest[n:], n > 0
	case '[':
		return set(rest)
	}
	return func(c rune) bool { return c == r }, rest, true
}

// set parses a set whose opening bracket has been read.
func set(pattern string) (match func(rune) bool, rest string, ok bool) {
	negated := strings.HasPrefix(pattern, "^") || strings.HasPrefix(pattern, "!")
	if negated {
		pattern = pattern[1:]
	}
	// A bracket in first place is a member of the set.
	end := strings.IndexByte(pattern, ']')
	if end == 0 {
		end = 1 + strings.IndexByte(pattern[1:], ']')
	}
	if end <= 0 {
		return nil, "", false
	}
	members, rest := []rune(pattern[:end]), pattern[end+1:]
	return func(c rune) bool {
		for i := 0; i < len(members); i++ {
			low, high := members[i], members[i]
			if i+2 < len(members) && members[i+1] == '-' {
				high = members[i+2]
				i += 2
			}
			if low <= c && c <= high {
				return !negated
			}
		}
		return negated
	}, rest, true
}
