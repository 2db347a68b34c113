package wire

import (
	"bytes"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// A MetaGraph indexes the bytes of one MetaGraphDef. It lists the top-level fields in file order, each singular
// message at most once. Nothing below the top level is parsed.
type MetaGraph struct {
	Fields []Field
	raw    []byte // the parsed bytes, if Fields has a different order; see Original
}

// ParseMetaGraph indexes the bytes of a MetaGraphDef. If a singular message occurs several times, it becomes one
// field in the place of the first: Data is the merged message, and Raw concatenates the occurrences. The error is a
// *SyntaxError.
func ParseMetaGraph(message []byte) (*MetaGraph, error) {
	m := new(MetaGraph)
	at := make(map[protowire.Number]int)
	merged := make(map[protowire.Number]bool)
	keys := make(map[string]bool)
	s := Scan(message)
	for s.Next() {
		if s.Is(fieldnum.MetaGraphDef_CollectionDef) || s.Is(fieldnum.MetaGraphDef_SignatureDef) {
			key, _ := MapEntry(s.Data)
			id := string(rune(s.Num)) + string(key)
			if keys[id] {
				m.raw = message
			}
			keys[id] = true
		}
		first, seen := at[s.Num]
		switch {
		case !singular(s.Field):
			m.Fields = append(m.Fields, s.Field)
		case !seen:
			at[s.Num] = len(m.Fields)
			m.Fields = append(m.Fields, s.Field)
		default:
			f := &m.Fields[first]
			if !merged[s.Num] {
				// Copy first: append would overwrite the bytes that follow in the file.
				raw, data := occurrences(message, s.Num)
				f.Raw, f.Data = append(make([]byte, 0, raw), f.Raw...), append(make([]byte, 0, data), f.Data...)
				merged[s.Num] = true
			}
			f.Raw, f.Data = append(f.Raw, s.Raw...), append(f.Data, s.Data...)
			m.raw = message
		}
	}
	return m, s.Err()
}

// occurrences returns the total sizes of all occurrences of a message field: whole, and only their payloads.
func occurrences(message []byte, num protowire.Number) (raw, data int) {
	for s := Scan(message); s.Next(); {
		if s.Is(num) {
			raw, data = raw+len(s.Raw), data+len(s.Data)
		}
	}
	return raw, data
}

// Original returns r, the result of a rewrite of m. If r holds exactly the fields of m, Original returns the bytes
// that were parsed instead. The two differ if a singular message or a key of a map occurs several times.
func (m *MetaGraph) Original(r *Rope) *Rope {
	if m.raw == nil || !bytes.Equal(r.Bytes(), m.lasting().Rope().Bytes()) && !bytes.Equal(r.Bytes(), m.Rope().Bytes()) {
		return r
	}
	return NewRope(m.raw)
}

// lasting returns m without map entries that a later entry with the same key replaces.
func (m *MetaGraph) lasting() *MetaGraph {
	type id struct {
		num protowire.Number
		key string
	}
	last := make(map[id]int)
	ids := make([]id, len(m.Fields))
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(fieldnum.MetaGraphDef_CollectionDef) || f.Is(fieldnum.MetaGraphDef_SignatureDef) {
			key, _ := MapEntry(f.Data)
			ids[i] = id{f.Num, string(key)}
			last[ids[i]] = i
		}
	}
	out := new(MetaGraph)
	for i, f := range m.Fields {
		if ids[i].num == 0 || last[ids[i]] == i {
			out.Fields = append(out.Fields, f)
		}
	}
	return out
}

// singular reports whether f is a message field of MetaGraphDef that can occur once.
func singular(f Field) bool {
	switch f.Num {
	case fieldnum.MetaGraphDef_MetaInfoDef, fieldnum.MetaGraphDef_GraphDef, fieldnum.MetaGraphDef_SaverDef, fieldnum.MetaGraphDef_ObjectGraphDef:
		return f.Type == protowire.BytesType
	}
	return false
}

// field returns a length-delimited field with a nil Raw, for which Builder.Field writes a new header.
func field(num protowire.Number, data []byte) Field {
	return Field{Num: num, Type: protowire.BytesType, Data: data}
}

// MetaGraphOf returns a MetaGraph that holds only a GraphDef.
func MetaGraphOf(graph []byte) *MetaGraph {
	return &MetaGraph{Fields: []Field{field(fieldnum.MetaGraphDef_GraphDef, graph)}}
}

// Field appends a whole field: its old bytes, or a new header and its payload if Raw is nil.
func (b *Builder) Field(f Field) {
	if f.Raw != nil {
		b.Window(f.Raw)
		return
	}
	b.Bytes(f.Num, f.Data)
}

// Message returns the payload of the singular message field num: MetaInfoDef, GraphDef, SaverDef or ObjectGraphDef.
// It reports whether the field is present.
func (m *MetaGraph) Message(num protowire.Number) ([]byte, bool) {
	for message := range m.All(num) {
		return message, true
	}
	return nil, false
}

// All yields the payloads of the length-delimited fields num in file order.
func (m *MetaGraph) All(num protowire.Number) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range m.Fields {
			if f := &m.Fields[i]; f.Is(num) && !yield(f.Data) {
				return
			}
		}
	}
}

// Tags returns the tags in file order. Only the MetaGraphDefs of a SavedModel have any.
func (m *MetaGraph) Tags() []string {
	info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	tags := []string{}
	for tag := range All(info, fieldnum.MetaGraphDef_MetaInfoDef_Tags) {
		tags = append(tags, string(tag))
	}
	return tags
}

// Graph returns the bytes of the GraphDef, which are empty if there is none.
func (m *MetaGraph) Graph() Graph {
	graph, _ := m.Message(fieldnum.MetaGraphDef_GraphDef)
	return Graph(graph)
}

// Entries returns the key and value of each entry of the map field num (CollectionDef or SignatureDef) in file
// order. If a key occurs several times, Entries returns only its last entry.
func (m *MetaGraph) Entries(num protowire.Number) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var all [][]byte
		for i := range m.Fields {
			f := &m.Fields[i]
			if !f.Is(num) {
				continue
			}
			if m.raw != nil {
				all = append(all, f.Data)
			} else if key, value := MapEntry(f.Data); !yield(key, value) { // no key occurs twice
				return
			}
		}
		entries(all, yield)
	}
}

// Collection returns the CollectionDef with the given key and reports whether it exists.
func (m *MetaGraph) Collection(key string) ([]byte, bool) {
	var found []byte
	ok := false
	for entry := range m.All(fieldnum.MetaGraphDef_CollectionDef) {
		if k, v := MapEntry(entry); string(k) == key {
			found, ok = v, true
		}
	}
	return found, ok
}

// Rope returns the unchanged message.
func (m *MetaGraph) Rope() *Rope {
	var b Builder
	for _, f := range m.Fields {
		b.Field(f)
	}
	return b.Build()
}
