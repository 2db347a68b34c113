package diff

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A message is a small message and its bytes.
type message struct {
	raw     []byte
	decoded proto.Message            // nil if the bytes cannot be decoded, or are decoded when they are needed
	typ     protoreflect.MessageType // of what is decoded when it is needed, or nil
}

// decode decodes the bytes of a small message into a message of the type of into.
func decode(raw []byte, into proto.Message) *message {
	if schema.Unmarshal(raw, into) != nil {
		return &message{raw: raw}
	}
	return &message{raw: raw, decoded: into}
}

// get returns the decoded message, or nil if the bytes cannot be decoded.
func (m *message) get() proto.Message {
	if m.typ == nil {
		return m.decoded
	}
	into := m.typ.New().Interface()
	_ = schema.Unmarshal(m.raw, into) // it succeeded before
	return into
}

// compact drops the decoded message. It is decoded again when it is needed.
func (m *message) compact() {
	if m.decoded != nil {
		m.typ, m.decoded = m.decoded.ProtoReflect().Type(), nil
	}
}

// text returns the message in one line, or "" for a nil message.
func (m *message) text() string {
	if m == nil {
		return ""
	}
	text := bytesText(m.raw)
	if decoded := m.get(); decoded != nil {
		text = describe(decoded.ProtoReflect())
	}
	text, _ = clip(text, "")
	return text
}

// compare returns the fields in which two messages of one type differ.
func (m *message) compare(other *message, renames *renames) []Field {
	if bytes.Equal(m.raw, other.raw) {
		return nil
	}
	a, b := m.get(), other.get()
	if a == nil || b == nil {
		return []Field{changed("value", bytesText(m.raw), bytesText(other.raw))}
	}
	d := messages{renames: renames}
	d.plain("", a.ProtoReflect(), b.ProtoReflect())
	return d.fields
}

// label returns what identifies a message: its name, or all its bytes if it has none.
func (m *message) label() string {
	if name, ok := m.name(); ok {
		return name
	}
	return string(m.raw)
}

// name returns the first string field of a message that is set.
func (m *message) name() (string, bool) {
	decoded := m.get()
	if decoded == nil {
		return "", false
	}
	r := decoded.ProtoReflect()
	for _, f := range fields(r) {
		if f.Kind() == protoreflect.StringKind && !f.IsList() {
			return r.Get(f).String(), true
		}
	}
	return "", false
}

// compareCollections compares the collections by key, and their entries in order.
func (c *comparison) compareCollections() *Part {
	a, b := fieldMap(c.a, fieldnum.MetaGraphDef_CollectionDef), fieldMap(c.b, fieldnum.MetaGraphDef_CollectionDef)
	return c.byKey(a, b, collectionText, c.collection)
}

// filter removes entries whose names are not selected.
func (p *Part) filter(sel *selection) *Part {
	if p == nil {
		return nil
	}
	keep := func(changes []Change) []Change {
		var out []Change
		for _, ch := range changes {
			if sel.name(ch.Name, ch.NewName, wire.NodeOf(ch.Name)) { // the name of its node also selects a tensor
				out = append(out, ch)
			}
		}
		return out
	}
	p.Added, p.Removed, p.Changed, p.Moved = keep(p.Added), keep(p.Removed), keep(p.Changed), keep(p.Moved)
	return p
}

// fieldMap returns the entries of a map field of a MetaGraphDef.
func fieldMap(m *wire.MetaGraph, num protowire.Number) map[string][]byte {
	out := make(map[string][]byte)
	for key, value := range m.Entries(num) {
		out[string(key)] = value
	}
	return out
}

// collectionText returns a short text for a collection.
func collectionText(collection []byte) string {
	kind, list := scope.KindOf(collection)
	return cmp.Or(string(scope.CollectionKinds[kind]), "empty") + ", " + counted(len(listValues(kind, list)), "entry", "entries")
}

// counted returns a number with its noun.
func counted(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return strconv.Itoa(n) + " " + plural
}

// collection compares two collections of one key.
func (c *comparison) collection(key string, a, b []byte) Change {
	var change Change
	kindA, listA := scope.KindOf(a)
	kindB, listB := scope.KindOf(b)
	known := func(f wire.Field) bool {
		return f.Type == protowire.BytesType && scope.CollectionKinds[f.Num] != ""
	}
	ua, ub := unknownFields(a, known), unknownFields(b, known)
	if !sameUnknown(ua, ub) {
		change.Fields = append(change.Fields, changed(unknownFieldsName, unknownText(ua), unknownText(ub)))
	}
	if kindA != kindB {
		change.Fields = append(change.Fields, changed("kind", collectionText(a), collectionText(b)))
		return change
	}
	typ, _ := c.registry.Lookup(key)
	if kindA != fieldnum.CollectionDef_BytesList {
		typ = nil
	}
	entriesA := c.entries(kindA, listA, typ, c.renames)
	entriesB := c.entries(kindB, listB, typ, nil)
	change.Entries = sequence(entriesA, entriesB, c.renames)
	return change
}

// entries returns the entries of a list. Their labels are translated by renames.
func (c *comparison) entries(kind protowire.Number, list []byte, typ *scope.CollectionType, renames *renames) []entry {
	values := listValues(kind, list)
	out := make([]entry, len(values))
	for i, value := range values {
		switch {
		case kind == fieldnum.CollectionDef_AnyList:
			out[i] = anyEntry(value, renames)
		case typ != nil:
			m := decode(value, typ.Message.New().Interface())
			label := m.label()
			m.compact()
			out[i] = entry{renames.translate(label), &entryMore{old: label, shown: printable.Quote(label), value: m}}
		case kind == fieldnum.CollectionDef_NodeList:
			old := unsafeString(value)
			out[i].label = renames.translate(old)
			if out[i].label != old {
				out[i].more = &entryMore{old: old}
			}
		default:
			out[i].label = unsafeString(value)
		}
		if more := out[i].more; more != nil {
			more.shown, _ = clip(more.shown, "")
		}
	}
	return out
}

// anyEntry returns the entry for an Any. Its label is the type and the first string of its contents.
func anyEntry(value []byte, renames *renames) entry {
	m := decode(value, new(anypb.Any))
	e := entry{string(m.raw), &entryMore{old: string(m.raw), shown: m.text(), value: m}}
	a, ok := m.decoded.(*anypb.Any)
	if !ok {
		return e
	}
	e.more.shown = anyType(a)
	inner, err := a.UnmarshalNew()
	if err != nil {
		return e
	}
	m.compact()
	held := &message{raw: m.raw, decoded: inner}
	if name, _ := held.name(); name != "" {
		e.more.shown += " " + printable.Quote(name)
	}
	label := held.label()
	e.label, e.more.old = a.GetTypeUrl()+" "+renames.translate(label), a.GetTypeUrl()+" "+label
	return e
}

// listValues returns the values of a list of the given kind, numbers as text.
func listValues(kind protowire.Number, list []byte) [][]byte {
	switch kind {
	case fieldnum.CollectionDef_Int64List:
		m := new(tfpb.CollectionDef_Int64List)
		if schema.Unmarshal(list, m) != nil {
			return [][]byte{list}
		}
		return numberTexts(m.GetValue(), func(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) })
	case fieldnum.CollectionDef_FloatList:
		m := new(tfpb.CollectionDef_FloatList)
		if schema.Unmarshal(list, m) != nil {
			return [][]byte{list}
		}
		return numberTexts(m.GetValue(), func(dst []byte, v float32) []byte { return strconv.AppendFloat(dst, float64(v), 'g', -1, 32) })
	}
	return slices.Collect(wire.All(list, scope.ListValue))
}

// numberTexts returns the texts of numbers. The texts share one block of memory where possible.
func numberTexts[T int64 | float32](numbers []T, text func(dst []byte, v T) []byte) [][]byte {
	const block = 64 << 10
	var room []byte
	out := make([][]byte, 0, len(numbers))
	for _, v := range numbers {
		if cap(room)-len(room) < 32 {
			room = make([]byte, 0, block)
		}
		at := len(room)
		room = text(room, v)
		out = append(out, room[at:])
	}
	return out
}
