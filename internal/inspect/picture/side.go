package picture

import (
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/opdef"
)

// A sideWork says what a node serves that is no part of the model itself.
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

// sideNames are what kinds of side work are called.
var sideNames = [sideKinds]string{
	sideTraining:     "gradients and updates",
	sideSaving:       "savers",
	sideInitializing: "initializers",
	sideSummaries:    "summaries",
	sideAssertions:   "assertions",
}

// A sideWorkClassifier finds out which nodes do side work.
type sideWorkClassifier struct {
	*dataflow.Flow
	g       *graph.Graph
	queue   []int32
	side    []sideWork
	fixed   []bool  // the same in every run: made of constants alone
	readers []int32 // how many inputs of other nodes read a node, apart from those that do side work
	keep    func(i int32) bool
}

// findSideWork returns for each node what side work it serves: the nodes that are made for it by their ops, all that nobody but
// those reads, and what nothing but those feeds. Nodes that keep names, losses that are trained, and sources, are part of
// the model.
func findSideWork(g *graph.Graph, keep func(i int32) bool) []sideWork {
	s := &sideWorkClassifier{Flow: dataflow.NewFlow(g), g: g, side: make([]sideWork, g.Len()), fixed: make([]bool, g.Len()), readers: make([]int32, g.Len()), keep: keep}
	s.MarkGradients()
	s.countReaders()
	for i := range int32(g.Len()) {
		if kind := s.made(i); kind != sideNone {
			s.put(i, kind)
		}
	}
	// What gathers side work (NoOp, a merged summary) stands behind it in nearly every file. A second look finds what is
	// read by what the first has found.
	for range 2 {
		for i := range int32(g.Len()) {
			if kind := s.fed(i); kind != sideNone {
				s.put(i, kind)
			}
		}
	}
	return s.side
}

// countReaders counts who reads each node, those left out that only make the value of a variable known to nobody: TensorFlow 1
// gives every variable one.
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

// made returns what side work node i is made for by its op.
func (s *sideWorkClassifier) made(i int32) sideWork {
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
	case op == "IsVariableInitialized" || op == "VarIsInitializedOp":
		return sideInitializing
	case s.Is(i, opdef.ClassUpdate):
		return s.update(i, op)
	}
	return sideNone
}

// update returns what an update of a variable is for.
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

// readsCheckpoint reports whether node i hands out what was read from a checkpoint.
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

// fed returns the side work that node i is done with: nothing but side work and constants feeds it. What is run for nothing
// else than to wait for others, and waits for none, is what TensorFlow makes to initialize things of which there are none.
func (s *sideWorkClassifier) fed(i int32) sideWork {
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

// free reports whether node i may be found to do side work.
func (s *sideWorkClassifier) free(i int32) bool {
	return s.side[i] == sideNone && !s.keep(i) && !s.Has(i, dataflow.MarkTrained)
}

// put marks node i, and what nobody but side work reads any more.
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
					// The slots of an optimizer are saved and initialized as well, but that is not what they are for.
					s.side[e.Node] = sideTraining
				}
				s.queue = append(s.queue, e.Node)
			}
		}
	}
}
