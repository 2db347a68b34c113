package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/shapes"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// originalShapes implements shapes.Nodes for a graph as it is in a file.
type originalShapes struct {
	*shapes.FileGraph
	g      *graph.Graph
	errors *shapeErrors
}

func (n *originalShapes) Settle(i int, inferred []tensor.Shape) []tensor.Shape {
	settled, _ := shapes.Combine(inferred, n.Recorded(i))
	return settled
}

func (n *originalShapes) Reject(i int, err error) { n.errors.add("", n.g.Name(i), n.Op(i).Name, err) }

// A shapeErrors collects the nodes that do not accept the shapes of their inputs after a change, but did before it.
type shapeErrors struct {
	conflicts        *draft.Conflicts
	argument, advice string
	what             string             // what the nodes cannot take: "the mapped inputs"
	changed          bool               // the errors are those after the change
	known            map[[2]string]bool // by function and node
	count            int                // reported conflicts
}

// add adds a node of a function, or of the graph if function is empty.
func (e *shapeErrors) add(function string, node []byte, op string, err error) {
	key := [2]string{function, string(node)}
	if e.known[key] {
		return
	}
	if e.known == nil {
		e.known = make(map[[2]string]bool)
	}
	e.known[key] = true
	if !e.changed || e.count == maxAlike {
		return
	}
	e.count++
	if function == "" {
		e.conflicts.About(e.argument, e.advice, "node %q (%s) cannot take %s: %v", node, op, e.what, err)
		return
	}
	e.conflicts.About(e.argument, e.advice, "node %q (%s) of function %q cannot take %s: %v", node, op, function, e.what, err)
}

// inferenceOf returns an Inference that adds the errors in function bodies to e. See shapes.New.
func (e *shapeErrors) inferenceOf(ops *opdef.Ops, versions wire.Graph) *shapes.Inference {
	c := shapes.New(ops, versions)
	c.Reject = e.add
	return c
}

// sameShape reports whether two shapes are equal. An unknown shape equals only itself.
func sameShape(a, b tensor.Shape) bool { return slices.Equal(a, b) && (a == nil) == (b == nil) }

// refines reports whether shape a is at least as specific as shape b and does not contradict it.
func refines(a, b tensor.Shape) bool {
	if b == nil {
		return true
	}
	if a == nil || len(a) != len(b) {
		return false
	}
	for k := range b {
		if b[k] >= 0 && a[k] != b[k] {
			return false
		}
	}
	return true
}
