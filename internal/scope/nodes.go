package scope

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A NodeRewriter applies a plan, and other changes, to the nodes of a graph in one walk. It counts what it does. The zero value
// with a Plan only renames.
type NodeRewriter struct {
	Plan         *Plan
	ClearDevices bool                             // clear the device of every node, including those in functions
	DropAttr     func(op, key, value []byte) bool // attrs to remove; nil: none
	Reads        func(node, input []byte) error   // called for each data input of a kept node that reads a removed node; may be nil
	Edits        map[int]*Edit                    // further changes to nodes, by node number in file order
	After        map[int][]*NewNode               // nodes to add after the node with that number
	KeepNode     func(i int) bool                 // the nodes to keep, by node number in file order, if the plan keeps them too; nil: all
	KeepFunction func(name string) bool           // the library functions to keep; nil: all
	NewFunctions []*wire.Rope                     // FunctionDefs to add to the library
	Unbound      []string                         // the inputs from outside the scope, each once, as first spelled, in order of occurrence
	Nodes        int                              // nodes read
	Kept         int                              // nodes kept
	Added        int                              // nodes added
	Functions    int                              // functions removed
	Cleared      int                              // nodes whose device was cleared, including those in functions
	Dropped      int                              // attrs removed
	seen         map[string]bool                  // the elements of Unbound
	node         wire.Node                        // the current node; its memory is reused
	payload      []byte                           // buffer for new names
	field        []byte                           // buffer for a new field
	controls     []string                         // mapped control inputs of the current node
}

// Graph appends the nodes of a graph to b with all changes applied. It passes all other fields to rest. The error is a
// *wire.SyntaxError or the error of rest.
func (a *NodeRewriter) Graph(b *wire.Builder, graph wire.Graph, rest func(wire.Field) error) error {
	s := wire.Scan(graph)
	for s.Next() {
		var err error
		if s.Is(fieldnum.GraphDef_Node) {
			err = a.graphNode(b, s.Field)
		} else {
			err = rest(s.Field)
		}
		if err != nil {
			return err
		}
	}
	return s.Err()
}

// graphNode appends one node of the graph.
func (a *NodeRewriter) graphNode(b *wire.Builder, f wire.Field) error {
	number := a.Nodes
	a.Nodes++
	// Nodes that KeepNode excludes are not parsed, because a cut removes most nodes of a large graph.
	if a.KeepNode == nil || a.KeepNode(number) {
		if err := a.keptNode(b, f, number); err != nil {
			return err
		}
	}
	for _, n := range a.After[number] {
		if err := a.added(b, n); err != nil {
			return err
		}
	}
	return nil
}

// keptNode appends node number k of the graph, unless the plan removes it.
func (a *NodeRewriter) keptNode(b *wire.Builder, f wire.Field, k int) error {
	if err := a.node.Parse(f.Data); err != nil {
		return err
	}
	if !a.Plan.Keeps(a.node.Name) {
		return nil
	}
	a.Kept++
	if e := a.Edits[k]; e != nil {
		return a.edited(b, f, e, true)
	}
	return a.append(b, f, true)
}

// Library appends a function library. Functions have their own name space, so it changes only devices and attrs of their
// nodes. The first call also appends NewFunctions. An empty library is omitted.
func (a *NodeRewriter) Library(b *wire.Builder, library wire.Field) error {
	if a.KeepFunction == nil && len(a.NewFunctions) == 0 {
		return a.nested(b, library, a.libraryField)
	}
	var inner wire.Builder
	s := wire.Scan(library.Data)
	for s.Next() {
		if a.KeepFunction != nil && !a.keepsLibraryField(s.Field) {
			if s.Is(fieldnum.FunctionDefLibrary_Function) {
				a.Functions++
			}
			continue
		}
		if err := a.libraryField(&inner, s.Field); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	for _, function := range a.NewFunctions {
		inner.Message(fieldnum.FunctionDefLibrary_Function, func() { inner.Append(function) })
	}
	a.NewFunctions = nil
	if inner.Size() > 0 {
		b.Message(library.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// libraryField appends one field of a function library.
func (a *NodeRewriter) libraryField(b *wire.Builder, f wire.Field) error {
	if !f.Is(fieldnum.FunctionDefLibrary_Function) {
		b.Window(f.Raw)
		return nil
	}
	return a.Function(b, f)
}

// keepsLibraryField reports whether a field of the library is kept. A gradient is kept if its functions are.
func (a *NodeRewriter) keepsLibraryField(f wire.Field) bool {
	switch {
	case f.Is(fieldnum.FunctionDefLibrary_Function):
		return a.KeepFunction(wire.Function(f.Data).Name())
	case f.Is(fieldnum.FunctionDefLibrary_Gradient):
		return a.KeepFunction(string(wire.Last(f.Data, fieldnum.GradientDef_FunctionName))) &&
			a.KeepFunction(string(wire.Last(f.Data, fieldnum.GradientDef_GradientFunc)))
	case f.Is(fieldnum.FunctionDefLibrary_RegisteredGradients):
		return a.KeepFunction(string(wire.Last(f.Data, fieldnum.RegisteredGradient_GradientFunc)))
	}
	return true
}

// Function is like Library, for a single function.
func (a *NodeRewriter) Function(b *wire.Builder, function wire.Field) error {
	return a.nested(b, function, func(inner *wire.Builder, f wire.Field) error {
		if !f.Is(fieldnum.FunctionDef_NodeDef) {
			inner.Window(f.Raw)
			return nil
		}
		if err := a.node.Parse(f.Data); err != nil {
			return err
		}
		return a.append(inner, f, false)
	})
}

// nested appends a message field, using use for each field in it. The message is copied unchanged if no node in it
// changes.
func (a *NodeRewriter) nested(b *wire.Builder, message wire.Field, use func(*wire.Builder, wire.Field) error) error {
	if !a.ClearDevices && a.DropAttr == nil {
		b.Window(message.Raw)
		return nil
	}
	before := a.Cleared + a.Dropped
	var inner wire.Builder
	s := wire.Scan(message.Data)
	for s.Next() {
		if err := use(&inner, s.Field); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if a.Cleared+a.Dropped == before {
		b.Window(message.Raw)
	} else {
		b.Message(message.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// append appends a.node, which f holds. It changes the node's names if named is true.
func (a *NodeRewriter) append(b *wire.Builder, f wire.Field, named bool) error {
	if a.ClearDevices && len(a.node.Device) > 0 {
		a.Cleared++
	}
	a.controls = a.controls[:0]
	// Everything before the first change stays one window; an unchanged node is a single window.
	var failed error
	s := wire.Scan(f.Data)
	for s.Next() {
		same, err := a.change(s.Field, named)
		if err != nil {
			return err
		}
		if same {
			continue
		}
		at, _ := wire.Offset(f.Data, s.Raw)
		b.Message(f.Num, func() {
			b.Window(f.Data[:at])
			b.Copy(a.field)
			for s.Next() {
				same, err := a.change(s.Field, named)
				if err != nil {
					failed = err
					return
				}
				if same {
					b.Window(s.Raw)
				} else {
					b.Copy(a.field)
				}
			}
		})
		return failed
	}
	b.Window(f.Raw)
	return nil
}

// change reports whether a field of a.node stays the same. If not, a.field holds its replacement, which is empty if the
// field is removed.
func (a *NodeRewriter) change(f wire.Field, named bool) (same bool, err error) {
	a.field = a.field[:0]
	if f.Type != protowire.BytesType {
		return true, nil
	}
	switch {
	case f.Num == fieldnum.NodeDef_Name && named:
		a.payload = a.Plan.appendNode(a.payload[:0], f.Data)
		return a.replace(f), nil
	case f.Num == fieldnum.NodeDef_Input && named:
		return a.input(f)
	case f.Num == fieldnum.NodeDef_Device && a.ClearDevices:
		return false, nil
	case f.Num == fieldnum.NodeDef_Attr:
		return a.attr(f, named)
	}
	return true, nil
}

// replace sets a.field to the field f with a.payload as its content. It reports whether f already has that content.
func (a *NodeRewriter) replace(f wire.Field) bool {
	if bytes.Equal(a.payload, f.Data) {
		return true
	}
	a.field = protowire.AppendTag(a.field[:0], f.Num, protowire.BytesType)
	a.field = protowire.AppendBytes(a.field, a.payload)
	return false
}

// input is like change, for an input.
func (a *NodeRewriter) input(f wire.Field) (bool, error) {
	var action inputAction
	a.payload, action = a.Plan.appendInput(a.payload[:0], f.Data)
	switch action {
	case inputRemoved:
		if f.Data[0] != '^' && a.Reads != nil {
			return false, a.Reads(a.node.Name, f.Data)
		}
		return false, nil
	case inputUnbound:
		if spelled := Spelling(a.payload); !a.seen[string(spelled)] {
			if a.seen == nil {
				a.seen = make(map[string]bool)
			}
			a.seen[string(spelled)] = true
			a.Unbound = append(a.Unbound, string(a.payload))
		}
	case inputMapped:
		if a.payload[0] == '^' {
			return a.mappedControl(f)
		}
	}
	return a.replace(f), nil
}

// mappedControl is like change, for a mapped control input whose new form is a.payload. It removes control inputs that
// the node already has (RemapNodeDefInputs in tensorflow/core/common_runtime/graph_constructor.cc).
func (a *NodeRewriter) mappedControl(f wire.Field) (bool, error) {
	further := a.Plan.FurtherControls[string(f.Data)]
	a.field = a.field[:0]
	for _, control := range append([]string{string(a.payload)}, further...) {
		if !slices.Contains(a.controls, control) {
			a.controls = append(a.controls, control)
			a.field = protowire.AppendTag(a.field, f.Num, protowire.BytesType)
			a.field = protowire.AppendString(a.field, control)
		}
	}
	return bytes.Equal(a.field, f.Raw), nil
}

// attr is like change, for the map entry of an attr.
func (a *NodeRewriter) attr(f wire.Field, named bool) (bool, error) {
	key, value := wire.MapEntry(f.Data)
	if a.DropAttr != nil && a.DropAttr(a.node.Op, key, value) {
		a.Dropped++
		return false, nil
	}
	if !named || len(key) < len("_class") {
		return true, nil
	}
	switch string(key) {
	case "_class":
		return a.class(f, value)
	case "frame_name":
		if op := string(a.node.Op); op != "Enter" && op != "RefEnter" {
			return true, nil
		}
		name, ok := wire.AttrBytes(value, fieldnum.AttrValue_S)
		if !ok {
			return true, nil
		}
		frame := a.Plan.appendScope(nil, name)
		if bytes.Equal(frame, name) {
			return true, nil
		}
		a.entry(f, key, func(dst []byte) []byte {
			dst = protowire.AppendTag(dst, fieldnum.AttrValue_S, protowire.BytesType)
			return protowire.AppendBytes(dst, frame)
		})
		return false, nil
	}
	return true, nil
}

// class is like change, for the attr `_class`. It removes the groups of removed nodes. An attr that loses all its groups
// stays as an empty list, as TensorFlow's _node_def (meta_graph.py) writes it.
func (a *NodeRewriter) class(f wire.Field, value []byte) (bool, error) {
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	if !ok {
		return true, nil
	}
	var changed []byte
	same := true
	s := wire.Scan(list)
	for s.Next() {
		mark, node, port := Split(s.Data)
		if !s.Is(fieldnum.AttrValue_ListValue_S) || string(mark) != "loc:@" {
			changed = append(changed, s.Raw...)
			continue
		}
		if !a.Plan.Keeps(node) {
			same = false
			continue
		}
		a.payload = append(a.Plan.appendNode(append(a.payload[:0], mark...), node), port...)
		same = same && bytes.Equal(a.payload, s.Data)
		changed = protowire.AppendTag(changed, fieldnum.AttrValue_ListValue_S, protowire.BytesType)
		changed = protowire.AppendBytes(changed, a.payload)
	}
	if err := s.Err(); err != nil || same {
		return true, err
	}
	a.entry(f, []byte("_class"), func(dst []byte) []byte {
		dst = protowire.AppendTag(dst, fieldnum.AttrValue_List, protowire.BytesType)
		return protowire.AppendBytes(dst, changed)
	})
	return false, nil
}

// entry sets a.field to the map entry f with another AttrValue, whose fields value appends.
func (a *NodeRewriter) entry(f wire.Field, key []byte, value func(dst []byte) []byte) {
	a.field = protowire.AppendTag(a.field[:0], f.Num, protowire.BytesType)
	start := len(a.field)
	a.field = protowire.AppendTag(a.field, fieldnum.MapEntry_Key, protowire.BytesType)
	a.field = protowire.AppendBytes(a.field, key)
	a.field = protowire.AppendTag(a.field, fieldnum.MapEntry_Value, protowire.BytesType)
	inner := len(a.field)
	a.field = insertLength(value(a.field), inner)
	a.field = insertLength(a.field, start)
}
