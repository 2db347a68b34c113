package wire

import (
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of GraphDef (tensorflow/core/framework/graph.proto).
const (
	GraphNode       protowire.Number = 1
	GraphLibrary    protowire.Number = 2
	GraphOldVersion protowire.Number = 3
	GraphVersions   protowire.Number = 4
	GraphDebugInfo  protowire.Number = 5
)

// Field numbers of FunctionDefLibrary and FunctionDef (tensorflow/core/framework/function.proto).
const (
	LibraryFunction            protowire.Number = 1
	LibraryGradient            protowire.Number = 2
	LibraryRegisteredGradients protowire.Number = 3

	FunctionSignature  protowire.Number = 1
	FunctionNode       protowire.Number = 3
	FunctionRet        protowire.Number = 4
	FunctionAttr       protowire.Number = 5
	FunctionControlRet protowire.Number = 6
	FunctionArgAttr    protowire.Number = 7
)

// A Graph is the bytes of a GraphDef.
type Graph []byte

// Nodes returns the nodes in file order. It reuses one Node for all of them, so copy what you need to keep. It stops
// at the first error, a *SyntaxError, and yields it with a nil Node.
func (g Graph) Nodes() iter.Seq2[*Node, error] { return nodes(g, GraphNode) }

// Library returns the fields of the function library in file order. If the library occurs several times, they count
// as one.
func (g Graph) Library() iter.Seq2[Field, error] {
	return func(yield func(Field, error) bool) {
		s := Scan(g)
		for s.Next() {
			if !s.Is(GraphLibrary) {
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
			if f.Is(LibraryFunction) && !yield(Function(f.Data), nil) {
				return
			}
		}
	}
}

// Versions returns the bytes of the VersionDef and reports whether it is present.
func (g Graph) Versions() ([]byte, bool) { return Merged(g, GraphVersions) }

// A Function is the bytes of a FunctionDef.
type Function []byte

// Name returns the function's name, which is in its signature.
func (f Function) Name() string {
	signature, _ := Merged(f, FunctionSignature)
	return string(Last(signature, 1))
}

// Nodes returns the nodes of the function's body in file order, like Graph.Nodes.
func (f Function) Nodes() iter.Seq2[*Node, error] { return nodes(f, FunctionNode) }

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
