package scope

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Glob is a pattern for names: `*` stands for any run of characters, slashes included, `?` for one character, `[a-z]`
// and `[^a-z]` for one of a set, and a backslash takes the meaning off the character behind it.
type Glob struct {
	pattern string
	literal bool // there is nothing but plain characters in it
}

// ParseGlob returns the Glob of a pattern. It fails on a set without end and on a backslash at the end.
func ParseGlob(pattern string) (Glob, error) {
	for p := pattern; p != ""; {
		_, rest, ok := element(p)
		if !ok {
			return Glob{}, fmt.Errorf("pattern %q: a set is not closed or a backslash stands at the end", pattern)
		}
		p = rest
	}
	return Glob{pattern, !strings.ContainsAny(pattern, `*?[\`)}, nil
}

// String returns the pattern.
func (g Glob) String() string { return g.pattern }

// Literal reports whether the pattern is a plain name, with nothing in it that stands for something else.
func (g Glob) Literal() bool { return g.literal }

// Match reports whether the whole of name fits the pattern.
func (g Glob) Match(name string) bool {
	// A name that has a star or a bracket in it can be given as it is.
	if g.literal || g.pattern == name {
		return g.pattern == name
	}
	// On a mismatch only the last star can take more, so one place to go back to is enough.
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

// step matches the first element of a pattern, no star, with the first character of name and returns what is left of both.
func step(pattern, name string) (string, string, bool) {
	if pattern == "" || name == "" {
		return "", "", false
	}
	r, n := utf8.DecodeRuneInString(name)
	match, rest, _ := element(pattern)
	return rest, name[n:], match(r)
}

// element takes the first element off a pattern. It reports false where that is not well formed.
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

// set takes apart what stands behind the bracket that opens a set.
func set(pattern string) (match func(rune) bool, rest string, ok bool) {
	negated := strings.HasPrefix(pattern, "^") || strings.HasPrefix(pattern, "!")
	if negated {
		pattern = pattern[1:]
	}
	// A bracket that stands first is a member of the set.
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
