package scope

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Edit changes a node beyond its names. It uses the names of the file; the plan renames them like all
// others.
type Edit struct {
	Op     string                // the new op; empty keeps it
	Inputs []string              // the new inputs; nil keeps them
	Attrs  map[string]*wire.Rope // new AttrValues by attr name; a nil Rope removes the attr
	Alone  bool                  // remove every attr that Attrs does not set
}

// A NewNode is a node to add. It uses the names of the file too.
type NewNode struct {
	Name, Op, Device string
	Inputs           []string
	Attrs            map[string]*wire.Rope // AttrValues by attr name
}

// edited appends the current node, which f holds, with the changes of e. It renames the node's names if named is true.
func (w *nodeWriter) edited(b *wire.Builder, f wire.Field, e *Edit, named bool) error {
	if err := w.parse(); err != nil {
		return err
	}
	var failed error
	b.Message(f.Num, func() {
		written := false
		for s := wire.Scan(f.Data); s.Next(); {
			switch {
			case s.Is(fieldnum.NodeDef_Op) && e.Op != "":
				b.String(fieldnum.NodeDef_Op, e.Op)
			case s.Num == fieldnum.NodeDef_ExperimentalType && e.Op != "":
				// The full type describes the outputs of the old op.
			case s.Is(fieldnum.NodeDef_Input) && e.Inputs != nil:
				if !written {
					failed = w.newInputs(b, e.Inputs, named)
				}
				written = true
			case s.Is(fieldnum.NodeDef_Attr) && e.replaces(s.Data):
			default:
				w.news = w.news[:0]
				same, err := w.change(&s.Field, named)
				switch {
				case err != nil:
					failed = err
				case same:
					b.Window(s.Raw)
				default:
					b.Copy(w.news)
					b.Window(s.Raw[len(s.Raw)-w.tail:])
				}
			}
			if failed != nil {
				return
			}
		}
		if !written {
			failed = w.newInputs(b, e.Inputs, named)
		}
		appendAttrs(b, e.Attrs)
	})
	return failed
}

// FunctionNode appends node number k of a function body, with its edits, and the nodes to add after it. Names stay
// unchanged.
func (a *NodeRewriter) FunctionNode(b *wire.Builder, f wire.Field, k int) error {
	w := &nodeWriter{NodeRewriter: a}
	w.begin(f.Data)
	write := w.append
	if e := a.Edits[k]; e != nil {
		write = func(b *wire.Builder, f wire.Field, named bool) error { return w.edited(b, f, e, named) }
	}
	if err := write(b, f, false); err != nil {
		return err
	}
	for _, n := range a.After[k] {
		if err := w.newNode(b, f.Num, n, false); err != nil {
			return err
		}
	}
	return nil
}

// replaces reports whether the edit sets or removes the attr with this map entry.
func (e *Edit) replaces(entry []byte) bool {
	key, _ := wire.MapEntry(entry)
	_, set := e.Attrs[string(key)]
	return set || e.Alone
}

// newInputs appends the inputs of an edit.
func (w *nodeWriter) newInputs(b *wire.Builder, inputs []string, named bool) error {
	for _, input := range inputs {
		if !named {
			b.String(fieldnum.NodeDef_Input, input)
			continue
		}
		f := &wire.Field{Num: fieldnum.NodeDef_Input, Type: protowire.BytesType, Data: []byte(input)}
		w.news, w.tail = w.news[:0], 0
		same, err := w.input(f)
		if err != nil {
			return err
		}
		if same {
			b.String(fieldnum.NodeDef_Input, input)
		} else {
			b.Copy(w.news)
			b.Copy(f.Data[len(f.Data)-w.tail:])
		}
	}
	return nil
}

// newNode appends a field num with a new node. It renames the node's names if named is true.
func (w *nodeWriter) newNode(b *wire.Builder, num protowire.Number, n *NewNode, named bool) (err error) {
	w.begin(nil)
	w.node, w.parsed = wire.Node{Name: []byte(n.Name), Op: []byte(n.Op)}, true
	name := n.Name
	if named {
		name = w.Plan.Node(name)
	}
	b.Message(num, func() {
		b.String(fieldnum.NodeDef_Name, name)
		b.String(fieldnum.NodeDef_Op, n.Op)
		if err = w.newInputs(b, n.Inputs, named); err != nil {
			return
		}
		if n.Device != "" && !w.ClearDevices {
			b.String(fieldnum.NodeDef_Device, n.Device)
		}
		appendAttrs(b, n.Attrs)
	})
	return err
}

// appendAttrs appends attrs in the order of their names. It skips nil values.
func appendAttrs(b *wire.Builder, attrs map[string]*wire.Rope) {
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		if attrs[key] == nil {
			continue
		}
		b.Message(fieldnum.NodeDef_Attr, func() {
			b.String(fieldnum.MapEntry_Key, key)
			b.Message(fieldnum.MapEntry_Value, func() { b.Append(attrs[key]) })
		})
	}
}
