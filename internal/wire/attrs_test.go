package wire_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/wire"
)

// TestAttrOfManyAttrs asks a node with many attrs, some of which are repeated, for each of them several times: the first
// answers come from a search, the later ones from a sorted list. The last entry of a key counts.
func TestAttrOfManyAttrs(t *testing.T) {
	const keys = 70
	var entries [][]byte
	for i := range 2 * keys {
		entries = append(entries, field(5, str(1, fmt.Sprintf("k%d", i*31%keys)), field(2, varint(3, uint64(i)))))
	}
	var n wire.Node
	if err := n.Parse(join(entries...)); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for key, value := range n.Attrs {
		want[string(key)] = string(value)
	}
	for _, node := range []wire.Node{n, wire.Shared(&n)} {
		for range 2 {
			got := make(map[string]string)
			for i := range keys {
				key := fmt.Sprintf("k%d", i)
				value, _ := node.Attr(key)
				got[key] = string(value)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-Attrs +Attr:\n%s", diff)
			}
			for _, absent := range []string{"", "k", "k00", "z"} {
				if value, found := node.Attr(absent); found || value != nil {
					t.Errorf("Attr(%q) = %q, %v", absent, value, found)
				}
			}
		}
	}
}

// TestShared parses another node into a copy of a shared one, which keeps its inputs and attrs.
func TestShared(t *testing.T) {
	var n wire.Node
	if err := n.Parse(join(str(3, "a"), str(3, "b"), field(5, str(1, "k"), field(2, varint(3, 1))))); err != nil {
		t.Fatal(err)
	}
	shared := wire.Shared(&n)
	copied := shared
	if err := copied.Parse(join(str(3, "x"), str(3, "y"), field(5, str(1, "other")))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]byte{[]byte("a"), []byte("b")}, shared.Inputs); diff != "" {
		t.Errorf("inputs: -want +got:\n%s", diff)
	}
	if _, found := shared.Attr("k"); !found {
		t.Error("the attr is gone")
	}
}
