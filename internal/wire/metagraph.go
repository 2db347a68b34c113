package wire

import (
	"bytes"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of MetaGraphDef (tensorflow/core/protobuf/meta_graph.proto).
const (
	MetaInfoDef    protowire.Number = 1
	GraphDef       protowire.Number = 2
	SaverDef       protowire.Number = 3
	CollectionDef  protowire.Number = 4
	SignatureDef   protowire.Number = 5
	AssetFileDef   protowire.Number = 6
	ObjectGraphDef protowire.Number = 7
)

// Field numbers of MetaGraphDef.MetaInfoDef.
const (
	InfoMetaGraphVersion protowire.Number = 1
	InfoStrippedOpList   protowire.Number = 2
	InfoAnyInfo          protowire.Number = 3
	InfoTags             protowire.Number = 4
	InfoTFVersion        protowire.Number = 5
	InfoTFGitVersion     protowire.Number = 6
	InfoStrippedDefaults protowire.Number = 7
	InfoFunctionAliases  protowire.Number = 8
)

// A MetaGraph is the index of one MetaGraphDef's bytes: its top-level fields in file order, each singular message at most
// once. Nothing below the top level is parsed.
type MetaGraph struct {
	Fields []Field
	raw    []byte // what was parsed, if Fields holds it in another order; see Original
}

// ParseMetaGraph indexes the bytes of a MetaGraphDef. Several occurrences of a singular message become one field in the place of
// the first: its Data is what protobuf merges them to, its Raw the occurrences one after the other. The error is a *SyntaxError.
func ParseMetaGraph(message []byte) (*MetaGraph, error) {
	m := new(MetaGraph)
	at := make(map[protowire.Number]int)
	merged := make(map[protowire.Number]bool)
	keys := make(map[string]bool)
	s := Scan(message)
	for s.Next() {
		if s.Is(CollectionDef) || s.Is(SignatureDef) {
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
				// Not append, which would write over what follows in the file.
				f.Raw, f.Data = bytes.Clone(f.Raw), bytes.Clone(f.Data)
				merged[s.Num] = true
			}
			f.Raw, f.Data = append(f.Raw, s.Raw...), append(f.Data, s.Data...)
			m.raw = message
		}
	}
	return m, s.Err()
}

// Original returns what a rewrite made of m: r, or if r is what m holds with nothing changed, the bytes that were parsed. They
// differ if a singular message or a key of a map occurs several times.
func (m *MetaGraph) Original(r *Rope) *Rope {
	if m.raw == nil || !bytes.Equal(r.Bytes(), m.lasting().Rope().Bytes()) && !bytes.Equal(r.Bytes(), m.Rope().Bytes()) {
		return r
	}
	return NewRope(m.raw)
}

// lasting returns m without the entries of maps that a later entry with the same key replaces.
func (m *MetaGraph) lasting() *MetaGraph {
	type id struct {
		num protowire.Number
		key string
	}
	last := make(map[id]int)
	ids := make([]id, len(m.Fields))
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(CollectionDef) || f.Is(SignatureDef) {
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
	case MetaInfoDef, GraphDef, SaverDef, ObjectGraphDef:
		return f.Type == protowire.BytesType
	}
	return false
}

// field returns a length-delimited field. Its Raw is nil: it stands nowhere yet, and Builder.Field writes its header anew.
func field(num protowire.Number, data []byte) Field {
	return Field{Num: num, Type: protowire.BytesType, Data: data}
}

// MetaGraphOf returns the MetaGraph that holds a GraphDef and nothing else.
func MetaGraphOf(graph []byte) *MetaGraph {
	return &MetaGraph{Fields: []Field{field(GraphDef, graph)}}
}

// Field appends a whole field: its old bytes, or a header and its payload where it stands nowhere yet.
func (b *Builder) Field(f Field) {
	if f.Raw != nil {
		b.Window(f.Raw)
		return
	}
	b.Bytes(f.Num, f.Data)
}

// Message returns the payload of the singular message field num, one of MetaInfoDef, GraphDef, SaverDef and
// ObjectGraphDef, and whether the field is there.
func (m *MetaGraph) Message(num protowire.Number) ([]byte, bool) {
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(num) {
			return f.Data, true
		}
	}
	return nil, false
}

// Graph returns the bytes of the GraphDef, empty where there is none.
func (m *MetaGraph) Graph() Graph {
	graph, _ := m.Message(GraphDef)
	return Graph(graph)
}

// Entries calls yield with key and value of each entry of the map field num (CollectionDef, SignatureDef) in file order,
// until it reports false. Where a key stands several times, the last counts and the others are passed over.
func (m *MetaGraph) Entries(num protowire.Number) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var all [][]byte
		for i := range m.Fields {
			if f := &m.Fields[i]; f.Is(num) {
				all = append(all, f.Data)
			}
		}
		entries(all, yield)
	}
}

// Collection returns the CollectionDef under key, and whether there is one.
func (m *MetaGraph) Collection(key string) ([]byte, bool) {
	var found []byte
	ok := false
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(CollectionDef) {
			if k, v := MapEntry(f.Data); string(k) == key {
				found, ok = v, true
			}
		}
	}
	return found, ok
}

// Rope returns the message as it stands.
func (m *MetaGraph) Rope() *Rope {
	var b Builder
	for _, f := range m.Fields {
		b.Field(f)
	}
	return b.Build()
}
