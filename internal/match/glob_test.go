package match

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzGlob compares Match with a matcher that tries everything, and ParseGlob with a simple parser.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"*", ""}, {"a*b*c", "aXbXbXc"}, {"[a-c]?", "bé"}, {"[^a]", "b"}, {"[!a]", "a"}, {"[]a]", "]"}, {"[a-]", "-"}, {"[z-a]", "b"},
		{`\*`, "*"}, {`\`, ""}, {"[", "["}, {"[]", ""}, {"**", "ab"}, {"*?*", ""}, {"[a", "[a"}, {"\xff", "\xff"}, {"?", "\xff"}, {"[é-ü]", "ö"}, {"a]", "a]"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 40 || len(name) > 40 {
			return
		}
		glob, err := ParseGlob(pattern)
		tokens, ok := globTokens([]rune(pattern))
		if utf8.ValidString(pattern) && (err == nil) != ok {
			t.Fatalf("ParseGlob(%q): %v", pattern, err)
		}
		if err != nil {
			if glob.String() != "" || glob.Match("x") {
				t.Errorf("an invalid pattern matches a name")
			}
			return
		}
		if glob.String() != pattern {
			t.Errorf("%q: String %q", pattern, glob.String())
		}
		if !glob.Match(pattern) {
			t.Errorf("%q does not match itself", pattern)
		}
		if !utf8.ValidString(pattern) || !utf8.ValidString(name) {
			_ = glob.Match(name) // must terminate
			return
		}
		if want := pattern == name || matchTokens(tokens, []rune(name)); glob.Match(name) != want {
			t.Errorf("pattern %q, name %q: match is %v", pattern, name, !want)
		}
	})
}

// A globToken is one element of a pattern: a star, or a set of characters.
type globToken struct {
	star bool
	fits func(rune) bool
}

// globTokens parses a pattern in the simplest way.
func globTokens(p []rune) ([]globToken, bool) {
	var out []globToken
	for len(p) > 0 {
		c := p[0]
		p = p[1:]
		switch c {
		case '*':
			out = append(out, globToken{star: true})
		case '?':
			out = append(out, globToken{fits: func(rune) bool { return true }})
		case '\\':
			if len(p) == 0 {
				return nil, false
			}
			literal := p[0]
			p = p[1:]
			out = append(out, globToken{fits: func(r rune) bool { return r == literal }})
		case '[':
			negated := len(p) > 0 && (p[0] == '^' || p[0] == '!')
			if negated {
				p = p[1:]
			}
			end := 1
			for end < len(p) && p[end] != ']' {
				end++
			}
			if end >= len(p) {
				return nil, false
			}
			members := p[:end]
			p = p[end+1:]
			out = append(out, globToken{fits: func(r rune) bool { return inSet(members, r) != negated }})
		default:
			out = append(out, globToken{fits: func(r rune) bool { return r == c }})
		}
	}
	return out, true
}

func inSet(members []rune, r rune) bool {
	switch {
	case len(members) == 0:
		return false
	case len(members) >= 3 && members[1] == '-':
		return members[0] <= r && r <= members[2] || inSet(members[3:], r)
	}
	return members[0] == r || inSet(members[1:], r)
}

// matchTokens tries all lengths for each star.
func matchTokens(tokens []globToken, name []rune) bool {
	// reach[i] is true if the tokens so far match the first i characters.
	reach := make([]bool, len(name)+1)
	reach[0] = true
	for _, token := range tokens {
		next := make([]bool, len(name)+1)
		for i := range reach {
			switch {
			case token.star:
				next[i] = reach[i] || i > 0 && next[i-1]
			case i > 0:
				next[i] = reach[i-1] && token.fits(name[i-1])
			}
		}
		reach = next
	}
	return reach[len(name)]
}

// TestGlobEnds matches a pattern with many stars against a long name that nearly matches.
func TestGlobEnds(t *testing.T) {
	glob, err := ParseGlob(strings.Repeat("*a", 200) + "b")
	if err != nil {
		t.Fatal(err)
	}
	if glob.Match(strings.Repeat("a", 20_000)) {
		t.Error("it matches")
	}
}

// FuzzParseDevice: a device's full spelling denotes the same device, and every device matches itself.
func FuzzParseDevice(f *testing.F) {
	for _, seed := range []string{
		"/job:ps/replica:0/task:1/device:GPU:0", "/gpu:0", "gpu", "GPU:*", "/job:a/b", "/device::0", "/device:", "/job:/gpu:1", "//", "/task:1/job:w/cpu:0",
		"/device:XLA_GPU:1", "/tpu_system:0", "/job:a:b", "*", "/job:[a-z]*/task:?", "/device:ß:0", "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		d, ok := ParseDevice(name)
		if !ok && d != (Device{}) {
			t.Errorf("%q is not a device, but parsed as %+v", name, d)
		}
		if again, same := ParseDevice(d.String()); ok && (!same || again != d) {
			t.Errorf("%q is parsed as %+v, but its spelling %q as %+v (%v)", name, d, d.String(), again, same)
		}
		normal := NormalDevice(name)
		if NormalDevice(normal) != normal {
			t.Errorf("NormalDevice(%q) is %q, but that of the result is %q", name, normal, NormalDevice(normal))
		}
		pattern, err := ParseDevicePattern(name)
		if err != nil {
			return
		}
		if pattern.String() != name || pattern.Match("") {
			t.Errorf("pattern %q: String %q, matches the empty device: %v", name, pattern.String(), pattern.Match(""))
		}
		if ok && !strings.ContainsAny(name, `*?[\`) {
			if !pattern.Match(name) || !pattern.Match(normal) {
				t.Errorf("%q does not match itself (%v) or its full spelling (%v)", name, pattern.Match(name), pattern.Match(normal))
			}
		}
	})
}

// TestParseDevice: devices are parsed as TensorFlow does.
func TestParseDevice(t *testing.T) {
	for name, want := range map[string]Device{
		"/job:ps/replica:0/task:1/device:GPU:0": {"ps", "0", "1", "GPU", "0"},
		"/job:localhost/replica:0/task:0/cpu:0": {"localhost", "0", "0", "CPU", "0"},
		"/device:TPU_REPLICATED_CORE:1":         {"", "", "", "TPU_REPLICATED_CORE", "1"},
		"/device:gpu":                           {"", "", "", "GPU", ""},
		"GPU:0":                                 {"", "", "", "GPU", "0"},
		"/task:0":                               {"", "", "0", "", ""},
		"/gpu:*":                                {"", "", "", "GPU", "*"},
		"/job:a/gpu:0/device:CPU:1":             {"a", "", "", "CPU", "1"},
	} {
		if got, ok := ParseDevice(name); !ok || got != want {
			t.Errorf("%q is %+v (%v), want %+v", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "/", "x", "/job", "/job:a:b", "/device", "/device:", "/device::0", "/device:GPU:0:1", "/gpu:0:1", "/xpu:0", "/job:a/x", "loc:@a"} {
		if d, ok := ParseDevice(name); ok {
			t.Errorf("%q is a device: %+v", name, d)
		}
	}
}
