package wire

import (
	"iter"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// A Graph is the bytes of a GraphDef.
type Graph []byte

// Nodes returns the nodes in file order. It reuses one Node for all of them, so copy what you need to keep. It stops
// at the first error, a *SyntaxError, and yields it with a nil Node.
func (g Graph) Nodes() iter.Seq2[*Node, error] { return nodes(g, fieldnum.GraphDef_Node) }

// A Part is a run of consecutive fields of a GraphDef.
type Part struct {
	Fields []byte // whole fields, except that the last part of a damaged graph ends with the damage
	First  int    // how many nodes come before
	Nodes  int    // how many nodes are in it
	Mixed  bool   // it has other fields too
}

// Parts of a graph end at a 64th of it, within these sizes in bytes. A small graph has several parts too. Fewer than
// minPart bytes of nodes between other fields do not form a separate part.
const (
	minPart = 4 << 10
	maxPart = 256 << 10
)

// Parts calls yield with the parts of the graph in file order, until yield returns false. It skips over the lengths
// of the fields and uses nothing in them. Parts is what parallel.Ordered needs for a walk over all nodes.
func (g Graph) Parts(yield func(Part) bool) {
	full := min(max(len(g)/64, minPart), maxPart)
	var part Part
	start := 0 // where part begins
	end := func(at, nodes int) bool {
		part.Fields, part.Nodes = g[start:at], nodes
		more := len(part.Fields) == 0 || yield(part)
		start, part = at, Part{First: part.First + nodes}
		return more
	}
	nodes, run, runNodes := 0, -1, 0 // nodes in part; where its last run of nodes begins, and the nodes before that
	at, ahead := 0, 0
	for at < len(g) {
		// Fast path without a Scanner, as in Node.Parse.
		node := g[at]>>3 == byte(fieldnum.GraphDef_Node)
		_, size := Payload(g[at:])
		if size > len(g)-at {
			f, err := First(g[at:])
			if err != nil {
				break
			}
			node, size = f.Is(fieldnum.GraphDef_Node), len(f.Raw)
		}
		if end := min(at+readAhead, len(g)); ahead < end {
			touch(g[max(ahead, at):end])
			ahead = end
		}
		switch {
		case at-start >= full, !node && !part.Mixed:
			if !end(at, nodes) {
				return
			}
			nodes, run = 0, -1
		case node && run >= 0 && at-run >= minPart && part.Mixed:
			before := runNodes
			if !end(run, before) {
				return
			}
			nodes -= before
		}
		switch {
		case !node:
			part.Mixed, run = true, -1
		case run < 0:
			run, runNodes = at, nodes
		}
		if node {
			nodes++
		}
		at += size
	}
	end(len(g), nodes)
}

// readAhead is the number of bytes that Parts touches ahead. A field begins where the one before ends, so processors
// cannot load the lengths of many fields at once by themselves.
const readAhead = 4 << 10

// touch loads b into the cache.
//
//go:noinline // otherwise, the compiler drops the loads
func touch(b []byte) (sum byte) {
	const cacheLine = 64
	for i := 0; i < len(b); i += cacheLine {
		sum += b[i]
	}
	return sum
}

// Library returns the fields of the function library in file order. If the library occurs several times, they count
// as one.
func (g Graph) Library() iter.Seq2[Field, error] {
	return func(yield func(Field, error) bool) {
		s := Scan(g)
		for s.Next() {
			if !s.Is(fieldnum.GraphDef_Library) {
				continue
			}
			l := Scan(s.Data)
			for l.Next() {
				if !yield(l.Field, nil) {
					return
				}
			}
			if err := l.Err(); err != nil {
				yield(Field{}, err)
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(Field{}, err)
		}
	}
}

// Functions returns the functions of the library in file order and stops at the first error.
func (g Graph) Functions() iter.Seq2[Function, error] {
	return func(yield func(Function, error) bool) {
		for f, err := range g.Library() {
			if err != nil {
				yield(nil, err)
				return
			}
			if f.Is(fieldnum.FunctionDefLibrary_Function) && !yield(Function(f.Data), nil) {
				return
			}
		}
	}
}

// FunctionNodes returns the nodes of all function bodies in file order, like Nodes.
func (g Graph) FunctionNodes() iter.Seq2[*Node, error] {
	return func(yield func(*Node, error) bool) {
		for f, err := range g.Functions() {
			if err != nil {
				yield(nil, err)
				return
			}
			for n, err := range f.Nodes() {
				if !yield(n, err) || err != nil {
					return
				}
			}
		}
	}
}

// Versions returns the bytes of the VersionDef and reports whether it is present.
func (g Graph) Versions() ([]byte, bool) { return Merged(g, fieldnum.GraphDef_Versions) }

// A Function is the bytes of a FunctionDef.
type Function []byte

// Signature returns the bytes of the function's OpDef.
func (f Function) Signature() []byte {
	signature, _ := Merged(f, fieldnum.FunctionDef_Signature)
	return signature
}

// Name returns the function's name, which is in its signature.
func (f Function) Name() string { return string(Last(f.Signature(), fieldnum.OpDef_Name)) }

// Arguments returns the names of the function's arguments in order.
func (f Function) Arguments() [][]byte { return argNames(f.Signature(), fieldnum.OpDef_InputArg) }

// Results returns the names of the function's results in order.
func (f Function) Results() [][]byte { return argNames(f.Signature(), fieldnum.OpDef_OutputArg) }

// argNames returns the names of the ArgDefs in field num of an OpDef.
func argNames(signature []byte, num protowire.Number) [][]byte {
	var names [][]byte
	for arg := range All(signature, num) {
		names = append(names, Last(arg, fieldnum.OpDef_ArgDef_Name))
	}
	return names
}

// Returns returns the tensor of the body that each result returns, by the name of the result.
func (f Function) Returns() map[string][]byte {
	tensors := make(map[string][]byte)
	for result, tensor := range MapEntries(f, fieldnum.FunctionDef_Ret) {
		tensors[string(result)] = tensor
	}
	return tensors
}

// Nodes returns the nodes of the function's body in file order, like Graph.Nodes.
func (f Function) Nodes() iter.Seq2[*Node, error] { return nodes(f, fieldnum.FunctionDef_NodeDef) }

// nodes walks the NodeDef fields num of message.
func nodes(message []byte, num protowire.Number) iter.Seq2[*Node, error] {
	return func(yield func(*Node, error) bool) {
		var node Node
		s := Scan(message)
		for s.Next() {
			if !s.Is(num) {
				continue
			}
			if err := node.Parse(s.Data); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&node, nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(nil, err)
		}
	}
}
