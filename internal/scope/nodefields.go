package scope

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// change reports whether a field of w.node stays the same. If not, w.field holds its replacement, which is empty if the
// field is removed.
func (w *nodeWriter) change(f *wire.Field, named bool) (same bool, err error) {
	w.field = w.field[:0]
	if f.Type != protowire.BytesType {
		return true, nil
	}
	switch {
	case f.Num == fieldnum.NodeDef_Name && named:
		w.payload = w.Plan.appendNode(w.payload[:0], f.Data)
		return w.replace(f), nil
	case f.Num == fieldnum.NodeDef_Input && named:
		return w.input(f)
	case f.Num == fieldnum.NodeDef_Device && w.ClearDevices:
		return false, nil
	case f.Num == fieldnum.NodeDef_Attr:
		return w.attr(f, named)
	}
	return true, nil
}

// replace sets w.field to the field f with w.payload as its content. It reports whether f already has that content.
func (w *nodeWriter) replace(f *wire.Field) bool {
	if bytes.Equal(w.payload, f.Data) {
		return true
	}
	w.field = protowire.AppendTag(w.field[:0], f.Num, protowire.BytesType)
	w.field = protowire.AppendBytes(w.field, w.payload)
	return false
}

// input is like change, for an input.
func (w *nodeWriter) input(f *wire.Field) (bool, error) {
	var action inputAction
	w.payload, action = w.Plan.appendInput(w.payload[:0], f.Data)
	switch action {
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
	return w.replace(f), nil
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
	if w.DropAttr != nil && w.DropAttr(w.node.Op, key, value) {
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
		return w.class(f, value)
	case "frame_name":
		if op := string(w.node.Op); op != "Enter" && op != "RefEnter" {
			return true, nil
		}
		name, ok := wire.AttrBytes(value, fieldnum.AttrValue_S)
		if !ok {
			return true, nil
		}
		frame := w.Plan.appendScope(nil, name)
		if bytes.Equal(frame, name) {
			return true, nil
		}
		w.entry(f, key, func(dst []byte) []byte {
			dst = protowire.AppendTag(dst, fieldnum.AttrValue_S, protowire.BytesType)
			return protowire.AppendBytes(dst, frame)
		})
		return false, nil
	}
	return true, nil
}

// class is like change, for the attr `_class`. It removes the groups of removed nodes. An attr that loses all its groups
// stays as an empty list, as TensorFlow's _node_def (meta_graph.py) writes it.
func (w *nodeWriter) class(f *wire.Field, value []byte) (bool, error) {
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
		if !w.Plan.Keeps(node) {
			same = false
			continue
		}
		w.payload = append(w.Plan.appendNode(append(w.payload[:0], mark...), node), port...)
		same = same && bytes.Equal(w.payload, s.Data)
		changed = protowire.AppendTag(changed, fieldnum.AttrValue_ListValue_S, protowire.BytesType)
		changed = protowire.AppendBytes(changed, w.payload)
	}
	if err := s.Err(); err != nil || same {
		return true, err
	}
	w.entry(f, []byte("_class"), func(dst []byte) []byte {
		dst = protowire.AppendTag(dst, fieldnum.AttrValue_List, protowire.BytesType)
		return protowire.AppendBytes(dst, changed)
	})
	return false, nil
}

// entry sets w.field to the map entry f with another AttrValue, whose fields value appends.
func (w *nodeWriter) entry(f *wire.Field, key []byte, value func(dst []byte) []byte) {
	w.field = protowire.AppendTag(w.field[:0], f.Num, protowire.BytesType)
	start := len(w.field)
	w.field = protowire.AppendTag(w.field, fieldnum.MapEntry_Key, protowire.BytesType)
	w.field = protowire.AppendBytes(w.field, key)
	w.field = protowire.AppendTag(w.field, fieldnum.MapEntry_Value, protowire.BytesType)
	inner := len(w.field)
	w.field = insertLength(value(w.field), inner)
	w.field = insertLength(w.field, start)
}
