package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A FixedSize is a constant that still contains a size that a new shape replaced.
type FixedSize struct {
	Node   string `json:"node"`   // the constant
	Reader string `json:"reader"` // the op that reads it as a shape
	Size   int64  `json:"size"`
}

// maxFixed is the maximum number of reported constants.
const maxFixed = 20

// shapeInput returns which input of an op is a shape, and whether it has one.
func shapeInput(op []byte) (int, bool) {
	switch string(op) {
	case "Reshape", "BroadcastTo", "Tile":
		return 1, true
	case "Fill", "RandomUniform", "RandomStandardNormal", "TruncatedNormal", "Empty":
		return 0, true
	}
	return 0, false
}

// findFixedSizes reports constants that contain a replaced size and that a node at or near a changed node reads as a
// shape.
func (s *shapeSetter) findFixedSizes() {
	old := make(map[int64]bool)
	for _, change := range s.report.Shapes {
		for k, dim := range change.From {
			if dim > 1 && change.To[k] != dim {
				old[dim] = true
			}
		}
	}
	if len(old) == 0 {
		return
	}
	var n wire.Node
	for i := range s.g.Files() {
		s.g.Graph.Node(i, &n)
		k, ok := shapeInput(n.Op)
		if !ok || !s.cut.Keeps(i) || len(s.report.Constants) >= maxFixed || !s.nearDownstream(i) || k >= len(n.Inputs) {
			continue
		}
		source, ok := s.g.Source(n.Inputs[k])
		reader := string(n.Name)
		if !ok || source >= s.g.Files() {
			continue
		}
		s.g.Graph.Node(source, &n)
		if size, ok := findSize(&n, old); ok {
			s.report.Constants = append(s.report.Constants, FixedSize{Node: string(n.Name), Reader: reader, Size: size})
		}
	}
}

// nearDownstream reports whether a node, or one of its readers, depends on a changed placeholder.
func (s *shapeSetter) nearDownstream(i int) bool {
	return s.changed[i] || slices.ContainsFunc(s.g.Consumers(i), func(c graph.Edge) bool { return s.changed[c.Node] })
}

// findSize returns which of the sizes an integer constant contains, and whether it contains one.
func findSize(n *wire.Node, sizes map[int64]bool) (int64, bool) {
	if string(n.Op) != "Const" {
		return 0, false
	}
	value, _ := n.Attr("value")
	raw, _ := wire.AttrBytes(value, fieldnum.AttrValue_Tensor)
	decoded := tensor.ParseTensor(raw)
	if decoded == nil || len(decoded.Shape) > 1 {
		return 0, false
	}
	for _, v := range decoded.Values {
		if v.Kind == tensor.ValueInt && sizes[v.Int] {
			return v.Int, true
		}
	}
	return 0, false
}
