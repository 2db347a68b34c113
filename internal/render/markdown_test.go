package render

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestHasCommit compares hasCommit with a regular expression on random words.
func TestHasCommit(t *testing.T) {
	commit := regexp.MustCompile(`\b[0-9a-f]{7,40}\b`)
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20_000 {
		var s strings.Builder
		for range 1 + r.IntN(60) {
			if n := r.IntN(40); n < 38 {
				s.WriteByte("0123456789abcdef"[n%16])
			} else {
				s.WriteString([]string{"/", "_", "g", "é", "-", "\xff"}[r.IntN(6)])
			}
		}
		want := slices.ContainsFunc(commit.FindAllString(s.String(), -1), func(word string) bool {
			return strings.ContainsAny(word, "abcdef") && strings.ContainsAny(word, "0123456789")
		})
		if got := hasCommit(s.String()); got != want {
			t.Errorf("hasCommit(%q) = %v", s.String(), got)
		}
		if want {
			found++
		}
	}
	if found < 1000 || found > 19_000 {
		t.Errorf("%d of 20000 words have a commit", found)
	}
}
