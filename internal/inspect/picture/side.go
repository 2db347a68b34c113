package picture

import (
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/opdef"
)

// A sideWork is the purpose of a node that is not part of the model itself.
type sideWork uint8

const (
	sideNone sideWork = iota
	sideTraining
	sideSaving
	sideInitializing
	sideSummaries
	sideAssertions
	sideKinds
)

// sideNames are the names of the kinds of side work.
var sideNames = [sideKinds]string{
	sideTraining:     "gradients and updates",
	sideSaving:       "savers",
	sideInitializing: "initializers",
	sideSummaries:    "summaries",
	sideAssertions:   "assertions",
}

// A sideWorkClassifier finds the nodes that do side work.
type sideWorkClassifier struct {
	*dataflow.Flow
	g       *graph.Graph
	queue   []int32
	side    []sideWork
	fixed   []bool  // the node depends only on constants
	readers []int32 // number of inputs that read the node, without those of side work
	keep    func(i int32) bool
}

// findSideWork returns the side work of each node. The op of a node can make it side work. So can its neighbors: a node is side work if
// only side work reads it, or if only side work and constants feed it. Nodes that keep selects, trained losses and sources are always part
// of the model.
func findSideWork(g *graph.Graph, keep func(i int32) bool) []sideWork {
	s := &sideWorkClassifier{Flow: dataflow.NewFlow(g), g: g, side: make([]sideWork, g.Len()), fixed: make([]bool, g.Len()), readers: make([]int32, g.Len()), keep: keep}
	s.MarkGradients()
	s.countReaders()
	for i := range int32(g.Len()) {
		if kind := s.sideWorkOf(i); kind != sideNone {
			s.put(i, kind)
		}
	}
	// Nodes that group side work, such as NoOp or a merged summary, come after it in nearly every file. A second pass finds the rest.
	for range 2 {
		for i := range int32(g.Len()) {
			if kind := s.sideWorkBelow(i); kind != sideNone {
				s.put(i, kind)
			}
		}
	}
	return s.side
}

// countReaders counts the readers of each node. It skips the Identity that TensorFlow 1 adds to every variable if nothing reads it.
func (s *sideWorkClassifier) countReaders() {
	for i := range int32(s.g.Len()) {
		if in := s.g.Inputs(int(i)); len(in) == 1 && in[0].Node != graph.Dangling && s.Is(in[0].Node, opdef.ClassVariable) && s.Is(i, opdef.ClassSame) &&
			!s.keep(i) && len(s.g.Consumers(int(i))) == 0 {
			continue
		}
		for _, e := range s.g.Inputs(int(i)) {
			if e.Node != graph.Dangling {
				s.readers[e.Node]++
			}
		}
	}
}

// sideWorkOf returns the side work of node i according to its op.
func (s *sideWorkClassifier) sideWorkOf(i int32) sideWork {
	switch op := s.g.OpName(s.g.Op(int(i))); {
	case s.keep(i):
		return sideNone
	case s.Is(i, opdef.ClassSave):
		return sideSaving
	case s.Has(i, dataflow.MarkGradient):
		return sideTraining
	case s.Is(i, opdef.ClassSummary):
		return sideSummaries
	case op == "Assert":
		return sideAssertions
	case opdef.ChecksInitialized(op):
		return sideInitializing
	case s.Is(i, opdef.ClassUpdate):
		return s.update(i, op)
	}
	return sideNone
}

// update returns the purpose of an op that updates a variable.
func (s *sideWorkClassifier) update(i int32, op string) sideWork {
	if strings.HasPrefix(op, "Assign") && !strings.HasPrefix(op, "AssignAdd") && !strings.HasPrefix(op, "AssignSub") {
		for _, e := range s.g.Inputs(int(i)) {
			if e.Node != graph.Dangling && e.Port >= 0 && s.readsCheckpoint(e.Node) {
				return sideSaving
			}
		}
		return sideInitializing
	}
	return sideTraining
}

// readsCheckpoint reports whether the value of node i was read from a checkpoint.
func (s *sideWorkClassifier) readsCheckpoint(i int32) bool {
	for step := 0; step < 3 && s.Is(i, opdef.ClassSame); step++ {
		in := s.g.Inputs(int(i))
		if len(in) == 0 || in[0].Node == graph.Dangling {
			return false
		}
		i = in[0].Node
	}
	return s.Is(i, opdef.ClassSave)
}

// sideWorkBelow returns the side work of node i if only side work and constants feed it. A NoOp without inputs is an initializer: TensorFlow
// creates one if there is nothing to initialize.
func (s *sideWorkClassifier) sideWorkBelow(i int32) sideWork {
	if !s.free(i) || s.Is(i, opdef.ClassVariable|opdef.ClassRandom) || s.Is(i, opdef.ClassSource) && !s.Is(i, opdef.ClassPlaceholder) {
		return sideNone
	}
	kind := sideNone
	for _, e := range s.g.Inputs(int(i)) {
		switch {
		case e.Node == graph.Dangling:
			return sideNone
		case s.side[e.Node] != sideNone:
			if kind == sideNone {
				kind = s.side[e.Node]
			}
		case !s.fixed[e.Node]:
			return sideNone
		}
	}
	switch {
	case kind == sideNone && s.g.OpName(s.g.Op(int(i))) == "NoOp":
		return sideInitializing
	case kind == sideNone:
		s.fixed[i] = len(s.g.Inputs(int(i))) > 0 || s.Is(i, opdef.ClassConst|opdef.ClassPlaceholder)
	}
	return kind
}

// free reports whether node i can still become side work.
func (s *sideWorkClassifier) free(i int32) bool {
	return s.side[i] == sideNone && !s.keep(i) && !s.Has(i, dataflow.MarkTrained)
}

// put marks node i as side work, and with it all nodes that now only side work reads.
func (s *sideWorkClassifier) put(i int32, kind sideWork) {
	s.side[i] = kind
	s.queue = append(s.queue[:0], i)

	for len(s.queue) > 0 {
		i := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		for _, e := range s.g.Inputs(int(i)) {
			if e.Node == graph.Dangling {
				continue
			}
			s.readers[e.Node]--
			if s.readers[e.Node] == 0 && s.free(e.Node) {
				s.side[e.Node] = kind
				if s.Is(e.Node, opdef.ClassVariable) {
					// Optimizer slots are also saved and initialized, but they serve training.
					s.side[e.Node] = sideTraining
				}
				s.queue = append(s.queue, e.Node)
			}
		}
	}
}
