package scope

import (
	"slices"
	"strings"
	"testing"
)

// strip returns the new name of an input when scope is exported.
func strip(name, scope string) string {
	mark, node, port := Split([]byte(name))
	plan := Plan{Strip: Clean(scope)}
	return string(mark) + string(plan.appendNode(nil, node)) + string(port)
}

func TestStripAndPrepend(t *testing.T) {
	for _, test := range []struct{ name, scope, stripped, prepended string }{
		{"a/b", "a", "b", "a/a/b"},
		{"^a/b", "a/", "^b", "^a/a/b"},
		{"loc:@a/b", "a", "loc:@b", "loc:@a/a/b"},
		{"a///b:1", "a", "b:1", "a/a///b:1"},
		{"a_1/b", "a", "a_1/b", "a/a_1/b"},
		{"a", "a", "a", "a/a"},
		{"a/", "a", "a/", "a/a/"},
		{"b", "", "b", "b"},
		{"b", "/", "b", "b"},
		{"a/b/c", "a/b", "c", "a/b/a/b/c"},
		{"", "a", "", "a/"},
	} {
		if got := strip(test.name, test.scope); got != test.stripped {
			t.Errorf("strip(%q, %q) = %q, want %q", test.name, test.scope, got, test.stripped)
		}
		if got := Prepend(test.name, test.scope); got != test.prepended {
			t.Errorf("Prepend(%q, %q) = %q, want %q", test.name, test.scope, got, test.prepended)
		}
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "a/b_1.x-y": true, ".a": true, "0": true, `a\b`: false, "a>b": true, "": false, "_a": false, "/a": false, "a b": false,
		"a:0": false, "^a": false, "a>": false, ">a": false, "a>_b": false, "é": false, "a//b": true, "a/": true,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v, want %v", name, got, want)
		}
	}
}

// TestValidNameBytes puts each byte in each place of names that are checked eight bytes at a time.
func TestValidNameBytes(t *testing.T) {
	const plain = "az/AZ_09.-scope/name"
	for length := 2; length <= len(plain); length++ {
		for at := 1; at < length; at++ {
			for c := range 256 {
				name := []byte(plain[:length])
				name[at] = byte(c)
				want := strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/", byte(c)) >= 0 ||
					c == '>' && at+1 < length && !strings.ContainsAny(plain[at+1:at+2], "_-/")
				if got := ValidName(name); got != want {
					t.Fatalf("ValidName(%q) = %v, want %v", name, got, want)
				}
			}
		}
	}
}

func TestUnique(t *testing.T) {
	taken := func(s string) bool { return slices.Contains([]string{"a", "a_1", "b"}, s) }
	for name, want := range map[string]string{"a": "a_2", "b": "b_1", "c": "c", "a_1": "a_1_1"} {
		if got := Unique(name, taken); got != want {
			t.Errorf("Unique(%q) = %q, want %q", name, got, want)
		}
	}
}

// FuzzStripPrepend: the export of a scope reverses Prepend.
func FuzzStripPrepend(f *testing.F) {
	for _, seed := range []string{"a", "^a/b", "loc:@a", "a:0", "^", "loc:@", "a//b"} {
		f.Add(seed, "s")
	}
	f.Fuzz(func(t *testing.T, name, scope string) {
		if !ValidName(scope) || Clean(scope) == "" {
			t.Skip()
		}
		_, node, _ := Split([]byte(name))
		if len(node) == 0 || node[0] == '/' {
			t.Skip()
		}
		if got := strip(Prepend(name, scope), scope); got != name {
			t.Errorf("strip(Prepend(%q, %q)) = %q", name, scope, got)
		}
	})
}
