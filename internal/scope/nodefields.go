package scope

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// change reports whether a field of the current node stays the same. If not, its replacement is w.field and, after it, the last
// w.tail bytes of the old field. It is empty if the field is removed.
func (w *nodeWriter) change(f *wire.Field, named bool) (same bool, err error) {
	w.field, w.tail = w.field[:0], 0
	if f.Type != protowire.BytesType {
		return true, nil
	}
	switch {
	case f.Num == fieldnum.NodeDef_Name && named:
		return w.rename(f, nil, f.Data, nil), nil
	case f.Num == fieldnum.NodeDef_Input && named:
		return w.input(f)
	case f.Num == fieldnum.NodeDef_Device && w.ClearDevices:
		return false, nil
	case f.Num == fieldnum.NodeDef_Attr:
		return w.attr(f, named)
	}
	return true, nil
}

// rename is like change, for a field with the name of a kept node between a mark and a port.
func (w *nodeWriter) rename(f *wire.Field, mark, node, port []byte) bool {
	scope, rest, number := w.Plan.rename(node)
	if scope == "" && len(rest) == len(node) && number == 0 {
		return true
	}
	tail := len(rest) + len(port)
	if number != 0 {
		tail = 0
	}
	w.payload = append(w.payload[:0], mark...)
	if scope != "" {
		w.payload = append(append(w.payload, scope...), '/')
	}
	if number != 0 {
		w.payload = append(appendNumber(append(w.payload, rest...), number), port...)
	}
	w.setField(f.Num, tail)
	return false
}

// setField sets w.field and w.tail to a field with w.payload and, after it, the last tail bytes of the old field as its content.
func (w *nodeWriter) setField(num protowire.Number, tail int) {
	w.field = append(wire.AppendHeader(w.field[:0], num, len(w.payload)+tail), w.payload...)
	w.tail = tail
}

// input is like change, for an input.
func (w *nodeWriter) input(f *wire.Field) (bool, error) {
	var action inputAction
	w.payload, action = w.Plan.appendInput(w.payload[:0], f.Data)
	switch action {
	case inputKept:
		mark, node, port := Split(f.Data)
		return w.rename(f, mark, node, port), nil
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
			return w.mappedControl(f)
		}
	}
	if bytes.Equal(w.payload, f.Data) {
		return true, nil
	}
	w.setField(f.Num, 0)
	return false, nil
}

// mappedControl is like change, for a mapped control input whose new form is w.payload. It removes control inputs that
// the node already has (RemapNodeDefInputs in tensorflow/core/common_runtime/graph_constructor.cc).
func (w *nodeWriter) mappedControl(f *wire.Field) (bool, error) {
	further := w.Plan.FurtherControls[string(f.Data)]
	w.field = w.field[:0]
	for _, control := range append([]string{string(w.payload)}, further...) {
		if !slices.Contains(w.controls, control) {
			w.controls = append(w.controls, control)
			w.field = protowire.AppendTag(w.field, f.Num, protowire.BytesType)
			w.field = protowire.AppendString(w.field, control)
		}
	}
	return bytes.Equal(w.field, f.Raw), nil
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
		w.setEntry(f.Num, key, fieldnum.AttrValue_S, 0)
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
	same, tail := true, 0
	s := wire.Scan(list)
	for s.Next() {
		tail = 0
		mark, node, port := Split(s.Data)
		if !s.Is(fieldnum.AttrValue_ListValue_S) || string(mark) != "loc:@" {
			w.list = append(w.list, s.Raw...)
			continue
		}
		if !w.Plan.Keeps(node) {
			same = false
			continue
		}
		if w.rename(&s.Field, mark, node, port) {
			w.list = append(w.list, s.Raw...)
			continue
		}
		same = false
		w.list = append(append(w.list, w.field...), s.Raw[len(s.Raw)-w.tail:]...)
		if at, ok := wire.Offset(f.Raw, s.Raw); ok && at+len(s.Raw) == len(f.Raw) {
			tail = w.tail
		}
	}
	if err := s.Err(); err != nil || same {
		return true, err
	}
	w.payload = append(w.payload[:0], w.list[:len(w.list)-tail]...)
	w.setEntry(f.Num, key, fieldnum.AttrValue_List, tail)
	return false, nil
}

// setEntry sets w.field and w.tail to the map entry of an attr whose AttrValue is a field kind, with the content of
// setField.
func (w *nodeWriter) setEntry(num protowire.Number, key []byte, kind protowire.Number, tail int) {
	content := len(w.payload) + tail
	value := protowire.SizeTag(kind) + protowire.SizeBytes(content)
	entry := protowire.SizeTag(fieldnum.MapEntry_Key) + protowire.SizeBytes(len(key)) + protowire.SizeTag(fieldnum.MapEntry_Value) + protowire.SizeBytes(value)
	w.field = wire.AppendHeader(w.field[:0], num, entry)
	w.field = append(wire.AppendHeader(w.field, fieldnum.MapEntry_Key, len(key)), key...)
	w.field = wire.AppendHeader(w.field, fieldnum.MapEntry_Value, value)
	w.field = append(wire.AppendHeader(w.field, kind, content), w.payload...)
	w.tail = tail
}
