package shapes

import (
	"encoding/binary"
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/tensor"
)

// similarNodes holds the results of nodes, by their kind and what is known of their inputs. Most nodes of a large graph are like
// another one.
type similarNodes struct {
	kinds   kindedNodes      // nil if the nodes have no kinds
	results map[string]int32 // numbers of lists, by key
	recent  [256]result      // the last result of a kind, by its number modulo 256
	key     []byte           // of the current node; empty if its result must not be used for others
}

// A result is the number of the list of all nodes with a key.
type result struct {
	key    []byte
	number int32
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

// The number of a list has one of these marks if the node may have values that shapes depend on. Without a mark, what value and
// partialShape return follows from the list.
const (
	valued  int32 = 1 << 29 // all nodes with this number have the same values
	obscure int32 = 1 << 30 // nodes with this number can have different values
	marks         = valued | obscure
)

// settle returns the number of the list of a node whose inputs have been visited.
func (w *Walk) settle(i int) int32 {
	number, known := w.findSimilar(i)
	if known {
		return number
	}
	settled := w.nodes.Settle(i, w.infer(i))
	s := &w.similar
	switch {
	case !w.hasValue(i):
		number = w.inference.shapes.number(settled)
	case len(s.key) > 0 && len(s.results) < maxSimilar:
		number = w.inference.shapes.add(settled) | valued
	default:
		number = w.inference.shapes.number(settled) | obscure
	}
	s.add(number)
	return number
}

// hasValue reports whether value or partialShape may return more for an output of node i than follows from its shape.
func (w *Walk) hasValue(i int) bool {
	marked := func(e graph.Edge) bool {
		return e.Node != graph.Dangling && (w.lists[e.Node] < 0 || w.lists[e.Node]&marks != 0)
	}
	inputs := w.nodes.Inputs(i)
	switch valueOps[w.nodes.Op(i).Name] {
	case ofLiteral:
		_, known := w.literal(i)
		return known
	case ofShape:
		return true
	case ofInputs:
		return !slices.ContainsFunc(inputs, func(e graph.Edge) bool { return !marked(e) })
	case ofFirst:
		return len(inputs) > 0 && marked(inputs[0])
	}
	return false
}

// findSimilar makes node i the current one and returns the result of a similar node. The key has the kind of the node and, for each
// input, its number and port.
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
		if e.Node == graph.Dangling || w.lists[e.Node] < 0 || w.lists[e.Node]&obscure != 0 || w.closesLoop(i, e) {
			return 0, false
		}
		key = binary.LittleEndian.AppendUint32(key, uint32(w.lists[e.Node]))
		key = binary.LittleEndian.AppendUint32(key, uint32(e.Port))
	}
	s.key = key
	recent := &s.recent[uint32(kind)%uint32(len(s.recent))]
	if string(recent.key) == string(key) {
		return recent.number, true
	}
	number, known := s.results[string(key)]
	if known {
		recent.key, recent.number = append(recent.key[:0], key...), number
	}
	return number, known
}

// list returns the shapes of the outputs of node i, which has been visited.
func (w *Walk) list(i int32) []tensor.Shape { return w.inference.shapes.lists[w.lists[i]&^marks] }

// sameValue returns the tensor under which the value of e is cached: tensors with the same value share it if possible.
func (w *Walk) sameValue(e graph.Edge) graph.Edge {
	if number := w.lists[e.Node]; number >= 0 && number&valued != 0 {
		e.Node = ^number
	}
	return e
}
