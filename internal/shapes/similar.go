package shapes

import (
	"encoding/binary"

	"github.com/metagraph/metagraph/internal/graph"
)

// similarNodes holds the results of nodes, by their kind and what is known of their inputs. Most nodes of a large graph are like
// another one.
type similarNodes struct {
	kinds   kindedNodes      // nil if the nodes have no kinds
	results map[string]int32 // numbers of lists
	key     []byte           // of the current node; empty if its result must not be used for others
}

// Limits on the results of similarNodes.
const (
	maxSimilar       = 1 << 16 // results
	maxSimilarInputs = 16      // of one node
)

// unique marks the result of the current node as one that depends on more than its key.
func (s *similarNodes) unique() { s.key = s.key[:0] }

// add adds the result of the current node.
func (s *similarNodes) add(number int32) {
	if len(s.key) == 0 || len(s.results) == maxSimilar {
		return
	}
	if s.results == nil {
		s.results = make(map[string]int32)
	}
	s.results[string(s.key)] = number
}

// findSimilar makes node i the current one and returns the result of a similar node. The key has the kind of the node and, for each
// input, its list and port, or the kind of a constant.
func (w *Walk) findSimilar(i int) (int32, bool) {
	s := &w.similar
	s.unique()
	if s.kinds == nil {
		return 0, false
	}
	kind, inputs := s.kinds.Kind(i), w.nodes.Inputs(i)
	if kind == 0 || len(inputs) > maxSimilarInputs {
		return 0, false
	}
	key := binary.LittleEndian.AppendUint32(s.key, uint32(kind))
	for _, e := range inputs {
		if e.Node == graph.Dangling || w.lists[e.Node] < 0 || w.closesLoop(i, e) {
			return 0, false
		}
		a, b := w.lists[e.Node], e.Port
		if constant := w.constantKind(e); constant != 0 {
			a, b = constant, -1
		}
		key = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(key, uint32(a)), uint32(b))
	}
	s.key = key
	number, known := s.results[string(key)]
	return number, known
}

// constantKind returns the kind of the Const node that an input reads, or 0 if it does not read one. Its kind determines its value.
func (w *Walk) constantKind(e graph.Edge) int32 {
	if e.Port != 0 || w.nodes.Op(int(e.Node)).Name != "Const" || len(w.nodes.Inputs(int(e.Node))) > 0 {
		return 0
	}
	return w.similar.kinds.Kind(int(e.Node))
}

// read returns input k of the current node, whose shapes depend on the value of this input.
func (w *Walk) read(k int) graph.Edge {
	e := w.edges[k]
	if len(w.similar.key) > 0 && w.constantKind(e) == 0 {
		w.similar.unique()
	}
	return e
}
