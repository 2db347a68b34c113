package problems

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInEdges checks the inputs of nodes: whether each exists, whether it has that output and the right type, and whether their
// number is right (GraphConstructor in tensorflow/core/common_runtime/graph_constructor.cc).
func (f *problemFinder) findInEdges() {
	for i := range f.g.Len() {
		edges := f.g.Inputs(i)
		control, ordered := false, true
		data := 0
		for k, e := range edges {
			if e.Node == graph.Dangling || e.Port == graph.BadPort {
				f.missingInput(i, k)
			}
			if e.Port == graph.Control {
				control = true
				continue
			}
			if control {
				ordered = false
			}
			data++
		}
		if !ordered {
			f.found.add(inputOrder, "", f.node(i), fixed("a control input comes before a data input"))
			continue
		}
		f.checkInputTypes(i, edges[:data])
	}
}

// input returns input k of node i as written.
func (f *problemFinder) input(i, k int) []byte {
	f.g.Node(i, &f.scratch)
	if k >= len(f.scratch.Inputs) {
		return nil
	}
	return f.scratch.Inputs[k]
}

func (f *problemFinder) missingInput(i, k int) {
	if len(f.unbound) > 0 && f.unbound[string(f.input(i, k))] {
		return // already reported for all of them
	}
	f.found.add(missingInput, "", f.node(i), func() string { return "reads " + shown(f.input(i, k)) + ", which does not exist" })
}

// checkInputTypes checks the data inputs of node i.
func (f *problemFinder) checkInputTypes(i int, edges []graph.Edge) {
	types := f.types(i)
	if types != nil && types.inputCount != int64(len(edges)) {
		f.found.add(inputCount, "", f.node(i), func() string {
			return fmt.Sprintf("op %s takes %d inputs, but the node has %d", shown(f.g.OpName(f.g.Op(i))), types.inputCount, len(edges))
		})
		types = nil
	}
	run := 0
	for k, e := range edges {
		want := int32(0)
		if types != nil {
			for int64(k) >= types.inputs[run].end { // there are as many types as inputs
				run++
			}
			want = types.inputs[run].dtype
		}
		if e.Node == graph.Dangling || e.Port < 0 {
			continue
		}
		read := f.types(int(e.Node))
		if read == nil {
			continue
		}
		port := int64(e.Port)
		if port >= read.outputCount {
			f.found.add(invalidOutput, "", f.node(i), func() string {
				return fmt.Sprintf("reads %s, but node %s has %d outputs", shown(f.input(i, k)), shown(f.g.Name(int(e.Node))), read.outputCount)
			})
			continue
		}
		if want == 0 {
			continue
		}
		// A reference can be read as its value. Everything else must have the exact type.
		if given := at(read.outputs, port); given != want && given != want+tensor.RefOffset {
			if given+tensor.RefOffset == want && f.frozen() {
				f.found.add(frozenRefOp, "", f.node(i), func() string {
					return fmt.Sprintf("op %s updates a variable, but reads %s, which is %s", shown(f.g.OpName(f.g.Op(i))), shown(f.input(i, k)), tensor.DTypeName(given))
				})
				continue
			}
			f.found.add(inputType, "", f.node(i), func() string {
				return fmt.Sprintf("input %d reads %s, which is %s; op %s takes %s", k, shown(f.input(i, k)), tensor.DTypeName(given),
					shown(f.g.OpName(f.g.Op(i))), tensor.DTypeName(want))
			})
		}
	}
}

// frozen reports whether the graph has no variables that return references.
func (f *problemFinder) frozen() bool { return !slices.ContainsFunc(f.g.Ops(), opdef.ReturnsReference) }

// findCycles reports nodes that wait for each other, which TensorFlow cannot put in order. A Merge that reads a NextIteration
// starts a loop and does not count (GraphConstructor::InitFromEdges).
func (f *problemFinder) findCycles() {
	if !f.hasBackEdge() {
		return
	}
	n := f.g.Len()
	waits := make([]int32, n) // number of inputs that are not ready yet
	ready := make([]int32, 0, n)
	for i := range n {
		edges := f.g.Inputs(i)
		waits[i] = int32(len(edges))
		controls, loop := int32(0), false
		for _, e := range edges {
			switch {
			case e.Port == graph.Control:
				controls++
			case e.Node != graph.Dangling && f.closesLoop(i, int(e.Node)):
				loop = true
			}
			if e.Node == graph.Dangling {
				waits[i]-- // reported separately
			}
		}
		if loop {
			waits[i] = controls + 1
		}
		if waits[i] == 0 {
			ready = append(ready, int32(i))
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		i := int(ready[done])
		for _, e := range f.g.Consumers(i) {
			if f.closesLoop(int(e.Node), i) {
				continue
			}
			waits[e.Node]--
			if waits[e.Node] == 0 {
				ready = append(ready, e.Node)
			}
		}
	}
	if done == n {
		return
	}
	cycle := f.findCycle(waits)
	f.found.addTimes(graphCycle, "", n-done, f.node(cycle[0]), func() string {
		if n-done == 1 {
			return path(cycle, f.g.Name)
		}
		return fmt.Sprintf("%d nodes are in a cycle or depend on one: %s", n-done, path(cycle, f.g.Name))
	})
}

// hasBackEdge reports whether any node reads itself or a later node, except for a Merge of a loop. In nearly every graph, nodes come
// after their inputs.
func (f *problemFinder) hasBackEdge() bool {
	for i := range f.g.Len() {
		for _, e := range f.g.Inputs(i) {
			if int(e.Node) < i {
				continue
			}
			if !f.closesLoop(i, int(e.Node)) {
				return true
			}
		}
	}
	return false
}

// closesLoop reports whether the edge from node source to node reader closes a while loop.
func (f *problemFinder) closesLoop(reader, source int) bool {
	return opdef.ClosesLoop(f.g.OpName(f.g.Op(reader)), f.g.OpName(f.g.Op(source)))
}

// findCycle returns a cycle among the waiting nodes. Each reads the next one in the list, and the last one reads the first.
func (f *problemFinder) findCycle(waits []int32) []int {
	at := 0
	for waits[at] <= 0 {
		at++
	}
	visited := make(map[int]int) // index in path
	var path []int
	for {
		if first, seen := visited[at]; seen {
			return path[first:]
		}
		visited[at] = len(path)
		path = append(path, at)
		next := -1
		for _, e := range f.g.Inputs(at) {
			if e.Node != graph.Dangling && waits[e.Node] > 0 && !f.closesLoop(at, int(e.Node)) {
				next = int(e.Node)
				break
			}
		}
		if next < 0 {
			return path[len(path)-1:] // no input of it waits: a Merge with more than one entry
		}
		at = next
	}
}

// maxPath is the maximum number of nodes of a cycle in a message.
const maxPath = 6

// path returns the nodes of a cycle for a message. name returns the name of a node.
func path[N []byte | string](cycle []int, name func(i int) N) string {
	var b strings.Builder
	for k, i := range cycle {
		if k == maxPath {
			fmt.Fprintf(&b, "... (%d more) reads ", len(cycle)-k)
			break
		}
		b.WriteString(shown(name(i)) + " reads ")
	}
	return b.String() + shown(name(cycle[0]))
}

// checkClass checks the colocation groups in the attr _class (GraphConstructor::ValidateColocationConstraints, and
// _GetColocationNames in tensorflow/python/framework/importer.py).
func (f *problemFinder) checkClass(p *nodePlace, value []byte) {
	wrong := func(message string) { f.report(p, missingColocation, "", fixed(message)) }
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	if !ok {
		if s, isString := wire.AttrBytes(value, fieldnum.AttrValue_S); !isString || len(s) > 0 {
			wrong("_class is not a list")
		}
		return
	}
	for s := wire.Scan(list); s.Next(); {
		switch {
		case !s.Is(fieldnum.AttrValue_ListValue_S):
			if s.Num > fieldnum.AttrValue_ListValue_S && s.Num <= fieldnum.AttrValue_ListValue_Func {
				wrong("_class is not a list of strings")
				return
			}
		case !utf8.Valid(s.Data):
			wrong("_class has a string that is not UTF-8")
		default:
			group, isGroup := bytes.CutPrefix(s.Data, []byte(wire.GroupPrefix))
			if !isGroup || f.group != nil && bytes.Equal(group, f.group) {
				continue // nodes of one group are often adjacent
			}
			if _, found := f.g.Find(group); found {
				f.group = group
			} else {
				f.report(p, missingColocation, "", func() string { return "_class names " + shown(group) + ", which does not exist" })
			}
		}
	}
}
