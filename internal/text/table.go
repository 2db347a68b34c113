package text

import (
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// A table caches what the writers and parsers need to know about a message type, so that values need no reflection.
type table struct {
	name      protoreflect.FullName
	fields    []field        // in number order
	low       [64]uint8      // index + 1 of each field with a number below 64; 0 if there is none
	high      map[int32]int  // index of each field with a number of 64 or more
	names     map[string]int // index by name; filled by the first parse
	jsonNames map[string]int // index by name in JSON; filled by the first parse
	oneofs    int            // the number of oneofs
	any       bool           // google.protobuf.Any
	forced    bool           // whether a field has forced set
	desc      protoreflect.MessageDescriptor
}

// A field is one field of a table.
type field struct {
	num      protowire.Number
	kind     protoreflect.Kind
	wire     protowire.Type // the wire type of one value
	name     string         // as written in text
	label    string         // the start of its line: `name: ` or "name {\n"
	json     string         // the start of its member in JSON: `"name": `
	oneof    int            // the number of its oneof in the table, from 1; 0 if none
	repeated bool           // maps are not
	isMap    bool
	message  bool // message or group
	packs    bool // repeated values that may be packed into one field
	packed   bool // repeated values that are written packed
	presence bool // an explicit zero is written; it differs from absent
	forced   bool // in a map entry: written even if absent
	utf8     bool // a string that must be UTF-8
	enum     *enum
	desc     protoreflect.FieldDescriptor
	sub      *table // for message and map fields; set on first use
}

// An enum is the names of an enum's values.
type enum struct {
	names  map[int32]string // the first name that was declared for a number
	values protoreflect.EnumValueDescriptors
	name   protoreflect.FullName
	closed bool // a number without a name is an unknown field (proto2)
}

// tables makes the tables of one walk.
type tables struct {
	messages map[protoreflect.FullName]*table
	enums    map[protoreflect.FullName]*enum
}

func newTables() *tables {
	return &tables{
		messages: make(map[protoreflect.FullName]*table),
		enums:    make(map[protoreflect.FullName]*enum),
	}
}

// of returns the table of a message type. Two types with the same name, one from the schema and one from the pool,
// have separate tables.
func (ts *tables) of(md protoreflect.MessageDescriptor) *table {
	if t := ts.messages[md.FullName()]; t != nil && t.desc == md {
		return t
	}
	t := &table{
		name:   md.FullName(),
		high:   make(map[int32]int),
		any:    md.FullName() == "google.protobuf.Any",
		oneofs: md.Oneofs().Len(),
		desc:   md,
	}
	ts.messages[md.FullName()] = t
	descs := make([]protoreflect.FieldDescriptor, md.Fields().Len())
	for i := range descs {
		descs[i] = md.Fields().Get(i)
	}
	slices.SortFunc(descs, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	t.fields = make([]field, len(descs))
	for i, fd := range descs {
		f := &t.fields[i]
		*f = ts.field(fd)
		// TensorFlow sets key and value before it prints a map entry, so fields with presence always appear.
		f.forced = md.IsMapEntry() && fd.HasPresence()
		t.forced = t.forced || f.forced
		if f.num < protowire.Number(len(t.low)) && i < 255 {
			t.low[f.num] = uint8(i + 1)
		} else {
			t.high[int32(f.num)] = i
		}
	}
	return t
}

// field returns the table entry of one field.
func (ts *tables) field(fd protoreflect.FieldDescriptor) field {
	f := field{
		num:      fd.Number(),
		kind:     fd.Kind(),
		wire:     wire.TypeOf(fd.Kind()),
		name:     fd.TextName(),
		repeated: fd.IsList(),
		isMap:    fd.IsMap(),
		message:  fd.Kind() == protoreflect.MessageKind || fd.Kind() == protoreflect.GroupKind,
		packed:   fd.IsPacked(),
		presence: fd.HasPresence(),
		desc:     fd,
	}
	f.packs = f.repeated && f.wire != protowire.BytesType && f.wire != protowire.StartGroupType
	f.utf8 = f.kind == protoreflect.StringKind && fd.ParentFile().Syntax() != protoreflect.Proto2
	f.label = f.name + ": "
	f.json = strconv.Quote(fd.JSONName()) + ": "
	if f.message {
		f.label = f.name + " {\n"
	}
	if od := fd.ContainingOneof(); od != nil {
		f.oneof = od.Index() + 1
	}
	if ed := fd.Enum(); ed != nil {
		f.enum = ts.enumOf(ed)
	}
	return f
}

// enumOf returns the names of an enum type.
func (ts *tables) enumOf(ed protoreflect.EnumDescriptor) *enum {
	if e := ts.enums[ed.FullName()]; e != nil && e.values == ed.Values() {
		return e
	}
	e := &enum{names: make(map[int32]string), values: ed.Values(), name: ed.FullName(), closed: ed.IsClosed()}
	for i := range ed.Values().Len() {
		value := ed.Values().Get(i)
		if _, declared := e.names[int32(value.Number())]; !declared {
			e.names[int32(value.Number())] = string(value.Name())
		}
	}
	ts.enums[ed.FullName()] = e
	return e
}

// known reports whether a varint is a value that the enum field can hold.
func (e *enum) known(v uint64) bool {
	if !e.closed {
		return true
	}
	_, ok := e.names[int32(v)]
	return ok
}

// append appends the name of a value, or its number if it has no name.
func (e *enum) append(dst []byte, v int32) []byte {
	if name, ok := e.names[v]; ok {
		return append(dst, name...)
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

// index returns the index of the field num, or -1 if the type has no such field.
func (t *table) index(num protowire.Number) int {
	if num < protowire.Number(len(t.low)) {
		if i := t.low[num]; i != 0 {
			return int(i) - 1
		}
	}
	if i, ok := t.high[int32(num)]; ok {
		return i
	}
	return -1
}

// fieldNames returns the names of the fields.
func (t *table) fieldNames() []string {
	names := make([]string, len(t.fields))
	for i := range names {
		names[i] = t.fields[i].name
	}
	return names
}

// byName returns the field with the given name in text, or nil if the type has no such field.
func (t *table) byName(name []byte) *field {
	if t.names == nil {
		t.names = make(map[string]int, len(t.fields))
		for i := range t.fields {
			t.names[string(t.fields[i].desc.Name())] = i
			t.names[t.fields[i].name] = i // a group goes by the name of its type
		}
	}
	if i, ok := t.names[string(name)]; ok {
		return &t.fields[i]
	}
	return nil
}

// jsonIndex returns the index of the field with the given name in JSON, and whether the type has such a field.
func (t *table) jsonIndex(name string) (int, bool) {
	if t.jsonNames == nil {
		t.jsonNames = make(map[string]int, 2*len(t.fields))
		for i := range t.fields {
			t.jsonNames[t.fields[i].name] = i
			t.jsonNames[t.fields[i].desc.JSONName()] = i
		}
	}
	i, ok := t.jsonNames[name]
	return i, ok
}

// subTable returns the table of the message type that a message or map field holds.
func (ts *tables) subTable(f *field) *table {
	if f.sub == nil {
		f.sub = ts.of(f.desc.Message())
	}
	return f.sub
}
