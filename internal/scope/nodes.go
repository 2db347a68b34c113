package scope

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// A Pass applies a plan to the nodes of a graph and takes along what else a rewrite does to nodes, so that a graph is walked
// once. It counts what it did. The zero value with a Plan renames and nothing else.
type Pass struct {
	Plan         *Plan
	ClearDevices bool                             // empty the device of every node, in functions too
	DropAttr     func(op, key, value []byte) bool // attrs to leave out; nil: none
	Reads        func(node, input []byte) error   // told of each data input of a node that stays whose own node goes; nil: nobody is
	Edits        map[int]*Edit                    // further changes to nodes, by their place in file order
	After        map[int][]*NewNode               // nodes to add after the node at that place
	KeepNode     func(i int) bool                 // which nodes stay, by their place in file order, as far as the plan keeps them; nil: all
	KeepFunction func(name string) bool           // which functions of the library stay; nil: all
	NewFunctions []*wire.Rope                     // FunctionDefs to add to the library
	Unbound      []string                         // the inputs from outside the scope, each once as it is first spelled, in the order in which they came
	Nodes        int                              // nodes that there were
	Kept         int                              // nodes that stayed
	Added        int                              // nodes that were added
	Functions    int                              // functions that were removed
	Cleared      int                              // nodes whose device was cleared, those in functions included
	Dropped      int                              // attrs that were left out
	seen         map[string]bool                  // what is in Unbound
	node         wire.Node                        // the node being walked; its room is used again
	payload      []byte                           // room for new names
	field        []byte                           // room for a new field
	controls     []string                         // control inputs of the node that were mapped
}

// Graph appends the nodes of a graph to b, as the plan has it, and leaves other fields to rest. The error is a
// *wire.SyntaxError.
func (a *Pass) Graph(b *wire.Builder, graph wire.Graph, rest func(wire.Field) error) error {
	s := wire.Scan(graph)
	for s.Next() {
		var err error
		if s.Is(wire.GraphNode) {
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
func (a *Pass) graphNode(b *wire.Builder, f wire.Field) error {
	number := a.Nodes
	a.Nodes++
	// A node that goes by its number is not even parsed: when a large graph is cut, most nodes go.
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
func (a *Pass) keptNode(b *wire.Builder, f wire.Field, k int) error {
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

// Library appends a function library. Its names are its own, but devices and attrs of its nodes are the pass's business. New
// functions are added to the first library that it is called with. A library that becomes empty is left out.
func (a *Pass) Library(b *wire.Builder, library wire.Field) error {
	if a.KeepFunction == nil && len(a.NewFunctions) == 0 {
		return a.nested(b, library, a.libraryField)
	}
	var inner wire.Builder
	s := wire.Scan(library.Data)
	for s.Next() {
		if a.KeepFunction != nil && !a.keepsLibraryField(s.Field) {
			if s.Is(wire.LibraryFunction) {
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
		inner.Message(wire.LibraryFunction, func() { inner.Append(function) })
	}
	a.NewFunctions = nil
	if inner.Size() > 0 {
		b.Message(library.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// libraryField appends one field of a function library.
func (a *Pass) libraryField(b *wire.Builder, f wire.Field) error {
	if !f.Is(wire.LibraryFunction) {
		b.Window(f.Raw)
		return nil
	}
	return a.Function(b, f)
}

// keepsLibraryField reports whether a function stays, or a gradient whose functions do.
func (a *Pass) keepsLibraryField(f wire.Field) bool {
	switch {
	case f.Is(wire.LibraryFunction):
		return a.KeepFunction(wire.Function(f.Data).Name())
	case f.Is(wire.LibraryGradient):
		return a.KeepFunction(string(wire.Last(f.Data, 1))) && a.KeepFunction(string(wire.Last(f.Data, 2)))
	case f.Is(wire.LibraryRegisteredGradients):
		return a.KeepFunction(string(wire.Last(f.Data, 1)))
	}
	return true
}

// Function does what Library does for one function.
func (a *Pass) Function(b *wire.Builder, function wire.Field) error {
	return a.nested(b, function, func(inner *wire.Builder, f wire.Field) error {
		if !f.Is(wire.FunctionNode) {
			inner.Window(f.Raw)
			return nil
		}
		if err := a.node.Parse(f.Data); err != nil {
			return err
		}
		return a.append(inner, f, false)
	})
}

// nested appends a message field, each of its fields as use appends it: as it stands where that changes no node.
func (a *Pass) nested(b *wire.Builder, message wire.Field, use func(*wire.Builder, wire.Field) error) error {
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

// append appends a.node, which f holds. Its names are looked at if named is set.
func (a *Pass) append(b *wire.Builder, f wire.Field, named bool) error {
	if a.ClearDevices && len(a.node.Device) > 0 {
		a.Cleared++
	}
	a.controls = a.controls[:0]
	// What stands before the first change stays one window; where nothing changes, so does the whole node.
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

// change reports whether a field of a.node stays as it is. If not, a.field is what takes its place: nothing for a field that
// goes.
func (a *Pass) change(f wire.Field, named bool) (same bool, err error) {
	a.field = a.field[:0]
	if f.Type != protowire.BytesType {
		return true, nil
	}
	switch {
	case f.Num == wire.NodeName && named:
		a.payload = a.Plan.appendNode(a.payload[:0], f.Data)
		return a.replace(f), nil
	case f.Num == wire.NodeInput && named:
		return a.input(f)
	case f.Num == wire.NodeDevice && a.ClearDevices:
		return false, nil
	case f.Num == wire.NodeAttr:
		return a.attr(f, named)
	}
	return true, nil
}

// replace makes a.field the field f with a.payload in it. It reports whether that is what f is already.
func (a *Pass) replace(f wire.Field) bool {
	if bytes.Equal(a.payload, f.Data) {
		return true
	}
	a.field = protowire.AppendTag(a.field[:0], f.Num, protowire.BytesType)
	a.field = protowire.AppendBytes(a.field, a.payload)
	return false
}

// input does what change does for an input.
func (a *Pass) input(f wire.Field) (bool, error) {
	var what fate
	a.payload, what = a.Plan.appendInput(a.payload[:0], f.Data)
	switch what {
	case gone:
		if f.Data[0] != '^' && a.Reads != nil {
			return false, a.Reads(a.node.Name, f.Data)
		}
		return false, nil
	case unbound:
		if spelled := Spelling(a.payload); !a.seen[string(spelled)] {
			if a.seen == nil {
				a.seen = make(map[string]bool)
			}
			a.seen[string(spelled)] = true
			a.Unbound = append(a.Unbound, string(a.payload))
		}
	case mapped:
		if a.payload[0] == '^' {
			return a.mappedControl(f)
		}
	}
	return a.replace(f), nil
}

// mappedControl does what change does for a control input that is mapped, which a.payload is the new form of. One that the node
// has already goes (RemapNodeDefInputs in tensorflow/core/common_runtime/graph_constructor.cc).
func (a *Pass) mappedControl(f wire.Field) (bool, error) {
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

// attr does what change does for the map entry of an attr.
func (a *Pass) attr(f wire.Field, named bool) (bool, error) {
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
		name, ok := wire.AttrBytes(value, wire.AttrS)
		if !ok {
			return true, nil
		}
		frame := a.Plan.appendScope(nil, name)
		if bytes.Equal(frame, name) {
			return true, nil
		}
		a.entry(f, key, func(dst []byte) []byte {
			dst = protowire.AppendTag(dst, wire.AttrS, protowire.BytesType)
			return protowire.AppendBytes(dst, frame)
		})
		return false, nil
	}
	return true, nil
}

// class does what change does for the attr `_class`: the groups of nodes that go are left out. An attr in which nothing is
// left stays as an empty list, as TensorFlow's _node_def (meta_graph.py) writes it.
func (a *Pass) class(f wire.Field, value []byte) (bool, error) {
	list, ok := wire.AttrBytes(value, wire.AttrList)
	if !ok {
		return true, nil
	}
	var changed []byte
	same := true
	s := wire.Scan(list)
	for s.Next() {
		mark, node, port := Split(s.Data)
		if !s.Is(wire.ListS) || string(mark) != "loc:@" {
			changed = append(changed, s.Raw...)
			continue
		}
		if !a.Plan.Keeps(node) {
			same = false
			continue
		}
		a.payload = append(a.Plan.appendNode(append(a.payload[:0], mark...), node), port...)
		same = same && bytes.Equal(a.payload, s.Data)
		changed = protowire.AppendTag(changed, wire.ListS, protowire.BytesType)
		changed = protowire.AppendBytes(changed, a.payload)
	}
	if err := s.Err(); err != nil || same {
		return true, err
	}
	a.entry(f, []byte("_class"), func(dst []byte) []byte {
		dst = protowire.AppendTag(dst, wire.AttrList, protowire.BytesType)
		return protowire.AppendBytes(dst, changed)
	})
	return false, nil
}

// entry makes a.field the map entry f with another AttrValue, whose fields value appends.
func (a *Pass) entry(f wire.Field, key []byte, value func(dst []byte) []byte) {
	a.field = protowire.AppendTag(a.field[:0], f.Num, protowire.BytesType)
	start := len(a.field)
	a.field = protowire.AppendTag(a.field, 1, protowire.BytesType)
	a.field = protowire.AppendBytes(a.field, key)
	a.field = protowire.AppendTag(a.field, 2, protowire.BytesType)
	inner := len(a.field)
	a.field = insertLength(value(a.field), inner)
	a.field = insertLength(a.field, start)
}
