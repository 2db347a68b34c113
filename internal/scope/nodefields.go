package scope

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// change reports whether a field of the current node stays the same. If not, it appends the replacement to w.news, except
// the last w.tail bytes, which are those of the old field. The replacement is empty if the field is removed.
func (w *nodeWriter) change(f *wire.Field, named bool) (same bool, err error) {
	w.tail = 0
	if f.Type != protowire.BytesType {
		return true, nil
	}
	switch {
	case f.Num == fieldnum.NodeDef_Name && named:
		return w.rename(f.Num, nil, f.Data, nil), nil
	case f.Num == fieldnum.NodeDef_Input && named:
		return w.input(f)
	case f.Num == fieldnum.NodeDef_Device && w.ClearDevices:
		w.clearDevice(f.Data)
		return false, nil
	case f.Num == fieldnum.NodeDef_Attr:
		return w.attr(f, named)
	}
	return true, nil
}

// clearDevice counts a device field of the current node that is removed. Protobuf reads the last one.
func (w *nodeWriter) clearDevice(device []byte) {
	placed := len(device) > 0
	switch {
	case placed && !w.placed:
		w.done.Cleared++
	case !placed && w.placed:
		w.done.Cleared--
	}
	w.placed = placed
}

// rename is like change, for a field num with the name of a kept node between a mark and a port.
func (w *nodeWriter) rename(num protowire.Number, mark, node, port []byte) bool {
	scope, rest, number := w.Plan.rename(node)
	switch {
	case number != 0:
		w.payload = append(w.Plan.appendNode(append(w.payload[:0], mark...), node), port...)
		w.replace(num, w.payload)
	case scope != "":
		w.tail = len(rest) + len(port)
		w.news = wire.AppendHeader(w.news, num, len(mark)+len(scope)+1+w.tail)
		w.news = append(append(append(w.news, mark...), scope...), '/')
	case len(rest) < len(node):
		w.tail = len(rest) + len(port)
		w.news = append(wire.AppendHeader(w.news, num, len(mark)+w.tail), mark...)
	default:
		return true
	}
	return false
}

// replace appends a field num to w.news.
func (w *nodeWriter) replace(num protowire.Number, content []byte) {
	w.news = append(wire.AppendHeader(w.news, num, len(content)), content...)
}

// input is like change, for an input.
func (w *nodeWriter) input(f *wire.Field) (bool, error) {
	mark, node, port := Split(f.Data)
	var action inputAction
	w.payload, action = w.Plan.appendInput(w.payload[:0], f.Data, mark, node)
	switch action {
	case inputKept:
		w.done.Marked = w.done.Marked || bytes.HasPrefix(node, []byte(UnboundPrefix))
		return w.rename(f.Num, mark, node, port), nil
	case inputRemoved:
		if f.Data[0] != '^' && w.Reads != nil {
			w.reads = append(w.reads, read{w.node.Name, f.Data})
		}
		return false, nil
	case inputUnbound:
		if addUnbound(&w.seen, w.payload) {
			w.done.Unbound = append(w.done.Unbound, string(w.payload))
		}
	case inputMapped:
		if w.payload[0] == '^' {
			return w.mappedControl(f), nil
		}
	}
	if bytes.Equal(w.payload, f.Data) {
		return true, nil
	}
	w.replace(f.Num, w.payload)
	return false, nil
}

// mappedControl is like change, for a mapped control input whose new form is w.payload. It removes control inputs that
// the node already has (RemapNodeDefInputs in tensorflow/core/common_runtime/graph_constructor.cc).
func (w *nodeWriter) mappedControl(f *wire.Field) bool {
	start := len(w.news)
	for _, control := range append([]string{string(w.payload)}, w.Plan.FurtherControls[string(f.Data)]...) {
		if !slices.Contains(w.controls, control) {
			w.controls = append(w.controls, control)
			w.replace(f.Num, []byte(control))
		}
	}
	if bytes.Equal(w.news[start:], f.Raw) {
		w.news = w.news[:start]
		return true
	}
	return false
}

// attr is like change, for the map entry of an attr.
func (w *nodeWriter) attr(f *wire.Field, named bool) (bool, error) {
	key, value := wire.MapEntry(f.Data)
	if w.DropAttr != nil && w.DropAttr(w.op(), key, value) {
		if w.done.Dropped == nil {
			w.done.Dropped = make(map[string]int)
		}
		w.done.Dropped[string(key)]++
		return false, nil
	}
	if !named || len(key) < len("_class") {
		return true, nil
	}
	switch string(key) {
	case "_class":
		return w.class(f, key, value)
	case "frame_name":
		if op := string(w.op()); op != "Enter" && op != "RefEnter" {
			return true, nil
		}
		name, ok := wire.AttrBytes(value, fieldnum.AttrValue_S)
		if !ok {
			return true, nil
		}
		w.payload = w.Plan.appendScope(w.payload[:0], name)
		if bytes.Equal(w.payload, name) {
			return true, nil
		}
		w.replaceAttr(f.Num, key, fieldnum.AttrValue_S, w.payload)
		return false, nil
	}
	return true, nil
}

// class is like change, for the attr `_class`. It removes the groups of removed nodes. An attr that loses all its groups
// stays as an empty list, as TensorFlow's _node_def (meta_graph.py) writes it.
func (w *nodeWriter) class(f *wire.Field, key, value []byte) (bool, error) {
	list, ok := wire.AttrBytes(value, fieldnum.AttrValue_List)
	if !ok {
		return true, nil
	}
	w.list = w.list[:0]
	start := len(w.news)
	same := true
	s := wire.Scan(list)
	for s.Next() {
		w.tail = 0
		mark, node, port := Split(s.Data)
		if !s.Is(fieldnum.AttrValue_ListValue_S) || string(mark) != wire.GroupPrefix {
			w.list = append(w.list, s.Raw...)
			continue
		}
		if !w.Plan.Keeps(node) {
			same = false
			continue
		}
		if w.rename(s.Num, mark, node, port) {
			w.list = append(w.list, s.Raw...)
			continue
		}
		same = false
		w.list = append(append(w.list, w.news[start:]...), s.Raw[len(s.Raw)-w.tail:]...)
		w.news = w.news[:start]
		if at, ok := wire.Offset(f.Raw, s.Raw); !ok || at+len(s.Raw) < len(f.Raw) {
			w.tail = 0 // more follows it in the old field
		}
	}
	if err := s.Err(); err != nil || same {
		return true, err
	}
	w.replaceAttr(f.Num, key, fieldnum.AttrValue_List, w.list)
	return false, nil
}

// replaceAttr appends to w.news the map entry num of an attr whose AttrValue is a field kind, except the last w.tail bytes.
func (w *nodeWriter) replaceAttr(num protowire.Number, key []byte, kind protowire.Number, content []byte) {
	value := protowire.SizeTag(kind) + protowire.SizeBytes(len(content))
	entry := protowire.SizeTag(fieldnum.MapEntry_Key) + protowire.SizeBytes(len(key)) + protowire.SizeTag(fieldnum.MapEntry_Value) + protowire.SizeBytes(value)
	w.news = wire.AppendHeader(w.news, num, entry)
	w.news = append(wire.AppendHeader(w.news, fieldnum.MapEntry_Key, len(key)), key...)
	w.news = wire.AppendHeader(w.news, fieldnum.MapEntry_Value, value)
	w.news = append(wire.AppendHeader(w.news, kind, len(content)), content[:len(content)-w.tail]...)
}
