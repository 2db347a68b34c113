package schema

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// validInParts reports whether protobuf accepts all parts of m. It returns false for a graph that cannot be indexed.
func validInParts(m *wire.MetaGraph) bool {
	g, err := graph.New(m.Graph())
	if err != nil {
		return false
	}
	for i := range g.Len() {
		raw := g.Raw(i)
		attrs, ok := SplitNode(raw)
		if ok != ValidNode(raw[:len(raw)-len(attrs)]) || !ok || !ValidNode(attrs) {
			return false
		}
	}
	return g.Shortest() && ValidExceptNodes(m, g.Rest())
}

// TestValidParts: protobuf accepts a file if it accepts its parts, and real files have no other encodings.
func TestValidParts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, raw := range testfiles.Testdata(t) {
		m, err := wire.ParseMetaGraph(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !validInParts(m) {
			t.Errorf("%s: a part is not valid", name)
		}
		for range 300 {
			mutant := bytes.Clone(raw)
			mutant[random.IntN(len(mutant))] ^= 1 << random.IntN(8)
			if m, err := wire.ParseMetaGraph(mutant); err == nil && validInParts(m) && len(CheckMetaGraph(m, 1)) > 0 {
				t.Errorf("%s: the parts of a mutant are valid, but not the mutant: %q", name, mutant)
			}
		}
	}
}

func TestSplitNode(t *testing.T) {
	attr := bin(5, bin(1, "T"), bin(2, "\x30\x01"))
	for _, test := range []struct {
		name, node, want string
		ok               bool
	}{
		{"all fields", bin(1, "n") + bin(2, "Op") + bin(3, "x") + bin(3, "y") + bin(4, "/cpu:0") + attr, attr, true},
		{"no attr", bin(1, "n") + bin(2, "Op"), "", true},
		{"empty", "", "", true},
		{"fields after the attrs", bin(1, "n") + attr + bin(2, "Op"), attr + bin(2, "Op"), true},
		{"not UTF-8", bin(1, "n\xff") + attr, "", false},
		{"UTF-8", bin(1, "é") + attr, attr, true},
		{"cut off", bin(1, "name")[:4], "", false},
		{"only a tag", "\x0a", "", false},
		{"a length of six bytes", "\x0a\x81\x80\x80\x80\x80\x00n" + attr, "", false},
	} {
		if got, ok := SplitNode([]byte(test.node)); string(got) != test.want || ok != test.ok {
			t.Errorf("%s: got %q, %v; want %q, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

// TestUTF8 changes each byte of texts of many lengths, because isUTF8 looks at many bytes at once.
func TestUTF8(t *testing.T) {
	for length := range 80 {
		data := bytes.Repeat([]byte("n"), length)
		if !isUTF8(data) {
			t.Errorf("%d letters are not valid", length)
		}
		for at := range data {
			data[at] = 0xff
			if isUTF8(data) {
				t.Errorf("byte %d of %d: not detected", at, length)
			}
			data[at] = 'n'
		}
	}
}
