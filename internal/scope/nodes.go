package scope

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A NodeRewriter applies a plan, and other changes, to the nodes of a graph in one parallel walk. It counts what it does.
// The zero value with a Plan only renames. Its functions, and those of its plan, are called from several goroutines at
// once; only Reads is called on the goroutine of the caller, in file order.
type NodeRewriter struct {
	Plan         *Plan
	ClearDevices bool                             // clear the device of every node, including those in functions
	DropAttr     func(op, key, value []byte) bool // attrs to remove; nil: none
	Reads        func(node, input []byte)         // called for each data input of a kept node that reads a removed node; may be nil
	Edits        map[int]*Edit                    // further changes to nodes, by node number in file order
	After        map[int][]*NewNode               // nodes to add after the node with that number
	KeepNode     func(i int) bool                 // the nodes to keep, by node number in file order, if the plan keeps them too; nil: all
	KeepFunction func(name string) bool           // the library functions to keep; nil: all
	NewFunctions []wire.Function                  // functions to add to the library
	Done         NodeChanges
	unbound      map[string]bool // the elements of Done.Unbound
}

// NodeChanges counts the changes of a NodeRewriter.
type NodeChanges struct {
	Unbound   []string       // the inputs from outside the scope, each once, as first spelled, in order of occurrence
	Marked    bool           // whether the name of an input has the UnboundPrefix, although the plan keeps it
	Nodes     int            // nodes read
	Kept      int            // nodes kept
	Added     int            // nodes added
	Functions int            // functions removed
	Cleared   int            // nodes whose device was cleared, including those in functions
	Dropped   map[string]int // attrs removed, by name
}

// Graph appends the nodes of a graph to b with all changes applied. It passes all other fields to rest, which is called
// on the goroutine of the caller, when all fields before are in b. The error is a *wire.SyntaxError or the error of rest.
func (a *NodeRewriter) Graph(b *wire.Builder, graph wire.Graph, rest func(wire.Field) error) error {
	return parallel.Ordered(graph.Parts, func(p wire.Part) (*nodeWriter, error) {
		w := &nodeWriter{NodeRewriter: a, part: p, out: new(wire.Builder)}
		if p.Mixed {
			return w, nil // rest must be called in order
		}
		err := w.fields(nil)
		return w, err
	}, func(w *nodeWriter) (err error) {
		if w.part.Mixed {
			w.out = b
			err = w.fields(rest)
		} else {
			b.Append(w.out.Build())
		}
		a.join(w)
		return err
	})
}

// join adds what a writer did.
func (a *NodeRewriter) join(w *nodeWriter) {
	d := &a.Done
	d.Nodes += w.done.Nodes
	d.Kept += w.done.Kept
	d.Added += w.done.Added
	d.Functions += w.done.Functions
	d.Cleared += w.done.Cleared
	for key, n := range w.done.Dropped {
		if d.Dropped == nil {
			d.Dropped = make(map[string]int)
		}
		d.Dropped[key] += n
	}
	d.Marked = d.Marked || w.done.Marked
	for _, input := range w.done.Unbound {
		if addUnbound(&a.unbound, []byte(input)) {
			d.Unbound = append(d.Unbound, input)
		}
	}
	for _, r := range w.reads {
		a.Reads(r.node, r.input)
	}
}

// addUnbound adds an unbound input to a set of their spellings. It returns false if the set contains it.
func addUnbound(set *map[string]bool, input []byte) bool {
	spelled := Spelling(input)
	if (*set)[string(spelled)] {
		return false
	}
	if *set == nil {
		*set = make(map[string]bool)
	}
	(*set)[string(spelled)] = true
	return true
}

// A nodeWriter writes nodes one by one, those of one part of a graph or of a function.
type nodeWriter struct {
	*NodeRewriter
	out      *wire.Builder // of the part
	part     wire.Part
	done     NodeChanges
	seen     map[string]bool // the elements of done.Unbound
	reads    []read          // for NodeRewriter.Reads
	raw      []byte          // the current node
	node     wire.Node       // the current node, if parsed is set; its memory is reused
	parsed   bool
	placed   bool        // a device of the current node was removed and counted
	edits    []wire.Edit // the changes of the current node
	news     []byte      // what edits insert
	tail     int         // what follows it, see change
	payload  []byte      // buffer for the content of a new field
	list     []byte      // buffer for a new list
	controls []string    // mapped control inputs of the current node
}

// A read is an input of a kept node that reads a removed node.
type read struct{ node, input []byte }

// fields writes the fields of the part and passes those that are not nodes to rest.
func (w *nodeWriter) fields(rest func(wire.Field) error) error {
	return wire.Each(w.part.Fields, func(f wire.Field) error {
		if f.Is(fieldnum.GraphDef_Node) {
			return w.graphNode(f, w.part.First+w.done.Nodes)
		}
		return rest(f)
	})
}

// graphNode writes node number k of the graph.
func (w *nodeWriter) graphNode(f wire.Field, k int) error {
	w.done.Nodes++
	// Nodes that KeepNode excludes are not parsed, because a cut removes most nodes of a large graph.
	if w.KeepNode == nil || w.KeepNode(k) {
		if err := w.keptNode(f, k); err != nil {
			return err
		}
	}
	for _, n := range w.After[k] {
		if err := w.newNode(w.out, fieldnum.GraphDef_Node, n, true); err != nil {
			return err
		}
		w.done.Added++
	}
	return nil
}

// keptNode writes node number k of the graph, unless the plan removes it.
func (w *nodeWriter) keptNode(f wire.Field, k int) error {
	w.begin(f.Data)
	if w.Plan.removes() {
		if err := w.parse(); err != nil || !w.Plan.Keeps(w.node.Name) {
			return err
		}
	}
	w.done.Kept++
	if e := w.Edits[k]; e != nil {
		return w.edited(w.out, f, e, true)
	}
	return w.append(w.out, f, true)
}

// Library appends a function library. Functions have their own name space, so it changes only devices and attrs of their
// nodes. The first call also appends NewFunctions. An empty library is omitted.
func (a *NodeRewriter) Library(b *wire.Builder, library wire.Field) error {
	w := &nodeWriter{NodeRewriter: a}
	defer a.join(w)
	if a.KeepFunction == nil && len(a.NewFunctions) == 0 {
		return w.nested(b, library, w.libraryField)
	}
	var inner wire.Builder
	s := wire.Scan(library.Data)
	for s.Next() {
		if a.KeepFunction != nil && !a.keepsLibraryField(s.Field) {
			if s.Is(fieldnum.FunctionDefLibrary_Function) {
				w.done.Functions++
			}
			continue
		}
		if err := w.libraryField(&inner, s.Field); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	for _, function := range a.NewFunctions {
		f := wire.Field{Num: fieldnum.FunctionDefLibrary_Function, Type: protowire.BytesType, Data: function}
		f.Raw = protowire.AppendBytes(protowire.AppendTag(nil, f.Num, f.Type), function)
		if err := w.function(&inner, f); err != nil {
			return err
		}
	}
	a.NewFunctions = nil
	if inner.Size() > 0 {
		b.Message(library.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// libraryField appends one field of a function library.
func (w *nodeWriter) libraryField(b *wire.Builder, f wire.Field) error {
	if !f.Is(fieldnum.FunctionDefLibrary_Function) {
		b.Window(f.Raw)
		return nil
	}
	return w.function(b, f)
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
	w := &nodeWriter{NodeRewriter: a}
	defer a.join(w)
	return w.function(b, function)
}

// function appends a function.
func (w *nodeWriter) function(b *wire.Builder, function wire.Field) error {
	return w.nested(b, function, func(inner *wire.Builder, f wire.Field) error {
		if !f.Is(fieldnum.FunctionDef_NodeDef) {
			inner.Window(f.Raw)
			return nil
		}
		w.begin(f.Data)
		return w.append(inner, f, false)
	})
}

// nested appends a message field, using use for each field in it. The message is copied unchanged if no node in it
// changes.
func (w *nodeWriter) nested(b *wire.Builder, message wire.Field, use func(*wire.Builder, wire.Field) error) error {
	if !w.ClearDevices && w.DropAttr == nil {
		b.Window(message.Raw)
		return nil
	}
	before := w.changes()
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
	if w.changes() == before {
		b.Window(message.Raw)
	} else {
		b.Message(message.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// changes returns the number of changes to nodes of functions so far.
func (w *nodeWriter) changes() int {
	sum := w.done.Cleared
	for _, n := range w.done.Dropped {
		sum += n
	}
	return sum
}

// begin makes raw the current node. It is parsed only when that is necessary, because most nodes of a large graph need not be.
func (w *nodeWriter) begin(raw []byte) {
	w.raw, w.parsed, w.placed = raw, false, false
	w.controls = w.controls[:0]
}

// parse parses the current node.
func (w *nodeWriter) parse() (err error) {
	if !w.parsed {
		w.parsed, err = true, w.node.Parse(w.raw)
	}
	return err
}

// op returns the op of the current node. Whoever writes the node reports damage.
func (w *nodeWriter) op() []byte {
	_ = w.parse()
	return w.node.Op
}

// append appends the current node, which f holds. It changes the node's names if named is true.
func (w *nodeWriter) append(b *wire.Builder, f wire.Field, named bool) (err error) {
	w.edits, w.news = w.edits[:0], w.news[:0]
	for at := 0; at < len(f.Data); {
		// Fast path without a Scanner, as in wire.Node.Parse.
		rest := f.Data[at:]
		field := wire.Field{Num: protowire.Number(rest[0] >> 3), Type: protowire.BytesType}
		if start, end := wire.Payload(rest); end <= len(rest) {
			field.Raw, field.Data = rest[:end], rest[start:end]
		} else if field, err = wire.First(rest); err != nil {
			return err
		}
		start := len(w.news)
		same, err := w.change(&field, named)
		if err != nil {
			return err
		}
		if !same {
			w.edits = append(w.edits, wire.Edit{At: at, Size: len(field.Raw) - w.tail, New: len(w.news) - start})
		}
		at += len(field.Raw)
	}
	if len(w.edits) == 0 {
		b.Window(f.Raw)
	} else {
		b.Edited(f.Num, f.Data, w.edits, w.news)
	}
	return nil
}
