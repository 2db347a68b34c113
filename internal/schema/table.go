package schema

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// An action is how protobuf parses the payload of a field.
type action uint8

const (
	skip          action = iota // only the wire type is checked: a scalar, bytes or an unknown field
	text                        // a string, which must be UTF-8
	message                     // a nested message
	packedVarint                // scalars of a repeated field in one length-delimited field
	packedFixed32               //
	packedFixed64               //
)

// A table holds the data that the walk needs for one message type. Fields with a number below 16 have a one-byte tag and are found
// by it. Nearly all fields of MetaGraphDef are among them.
type table struct {
	graph   bool // of GraphDef
	actions [128]action
	nested  [128]*table
	single  [128]bool        // singular messages and packed fields, whose occurrences protobuf merges
	others  map[uint32]other // remaining fields by tag
}

// An other is the action of a field with a tag of more than one byte.
type other struct {
	action action
	nested *table
}

// at returns the action for a field by its tag, and the table of its message.
func (t *table) at(tag uint32) (action, *table) {
	if tag < uint32(len(t.actions)) {
		return t.actions[tag], t.nested[tag]
	}
	o := t.others[tag]
	return o.action, o.nested
}

// tables holds the table of each message type that was checked. Types refer to each other in cycles: a table is added before it is
// complete, and the lock is held until all are.
var tables = struct {
	sync.Mutex
	byType map[protoreflect.MessageDescriptor]*table
}{byType: make(map[protoreflect.MessageDescriptor]*table)}

// tableOf returns the table of a message type.
func tableOf(md protoreflect.MessageDescriptor) *table {
	tables.Lock()
	defer tables.Unlock()
	return build(md)
}

// build creates the table of a message type and of the types below it. The caller must hold the lock.
func build(md protoreflect.MessageDescriptor) *table {
	if t := tables.byType[md]; t != nil {
		return t
	}
	t := &table{graph: md.FullName() == "tensorflow.GraphDef", others: make(map[uint32]other)}
	tables.byType[md] = t
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		o := other{action: actionOf(fd)}
		if o.action == message {
			o.nested = build(fd.Message())
		}
		if o.action == skip {
			continue
		}
		tag := uint32(protowire.EncodeTag(fd.Number(), protowire.BytesType))
		if tag < uint32(len(t.actions)) {
			t.actions[tag], t.nested[tag] = o.action, o.nested
			t.single[tag] = o.action >= packedVarint || o.action == message && !fd.IsList() && !fd.IsMap()
		} else {
			t.others[tag] = o
		}
	}
	return t
}

// actionOf returns the action for a length-delimited occurrence of a field.
func actionOf(fd protoreflect.FieldDescriptor) action {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return message
	case protoreflect.StringKind:
		if fd.ParentFile().Syntax() == protoreflect.Proto2 {
			return skip
		}
		return text
	case protoreflect.BytesKind, protoreflect.GroupKind:
		return skip
	}
	if !fd.IsList() {
		return skip // the wrong wire type: an unknown field
	}
	return actionOfScalar(fd.Kind())
}

// actionOfScalar returns the action for packed values of a kind.
func actionOfScalar(kind protoreflect.Kind) action {
	switch wire.TypeOf(kind) {
	case protowire.Fixed32Type:
		return packedFixed32
	case protowire.Fixed64Type:
		return packedFixed64
	}
	return packedVarint
}
