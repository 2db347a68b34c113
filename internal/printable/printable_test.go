package printable_test

import (
	"testing"

	"github.com/metagraph/metagraph/internal/printable"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"tower_0/conv 1", "tower_0/conv 1"},
		{"größe→\uFFFD", "größe→\uFFFD"},
		{"", `""`},
		{"\x1b[2J", `"\x1b[2J"`},
		{"two\nlines", `"two\nlines"`},
		{"a\xff", `"a\xff"`},
		{"a\u202eb", `"a\u202eb"`},         // changes the direction of text
		{"a\u00a0b", `"a\u00a0b"`},         // looks like a space
		{"a\u200bb\x7f", `"a\u200bb\x7f"`}, // invisible
	} {
		if got := printable.Quote(test.text); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}
