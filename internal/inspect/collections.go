package inspect

import (
	"fmt"
	"iter"
	"math"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// listValues is the field `value` in each of the lists of a CollectionDef (tensorflow/core/protobuf/meta_graph.proto).
const listValues protowire.Number = 1

// A CollectionKind is the kind of list that a collection is, by the name of the field that holds it.
type CollectionKind string

// The kinds of collections.
const (
	NodeList  CollectionKind = "node_list"  // names of nodes and tensors
	BytesList CollectionKind = "bytes_list" // strings, or protos of a registered type
	Int64List CollectionKind = "int64_list"
	FloatList CollectionKind = "float_list"
	AnyList   CollectionKind = "any_list" // protos that say of which type they are
)

var collectionKinds = map[protowire.Number]CollectionKind{
	scope.NodeList: NodeList, scope.BytesList: BytesList, scope.Int64List: Int64List, scope.FloatList: FloatList,
	scope.AnyList: AnyList,
}

// A Collection is one entry of collection_def.
type Collection struct {
	Key     string         `json:"key"`
	Kind    CollectionKind `json:"kind"`           // empty where nothing is set
	Type    string         `json:"type,omitempty"` // full name of the message that the key is registered for
	Count   int            `json:"count"`
	Entries []Entry        `json:"entries"` // in file order
}

// An Entry is one entry of a collection.
type Entry struct {
	Text    string        // of a node list the name, of a bytes list the bytes, of an Any of unknown type its payload
	Int     int64         // of an int64 list
	Float   float32       // of a float list
	Message proto.Message // of a registered key or an Any of known type what it holds
	TypeURL string        // of an Any
	Broken  bool          // the key is registered, but Text is no such message

	Node   string // op of the node that the entry is about, empty where there is no such node
	DType  string // of the tensor that it is about
	Shape  Shape  // of the same
	Absent bool   // the entry names a node that is not in the graph
}

// CollectionsOptions says which collections to look at and how.
type CollectionsOptions struct {
	Filter   Filter          // Names picks the keys
	Registry *scope.Registry // what is registered; nil is what TensorFlow registers
}

// Collections returns the collections in the order of their keys. Entries that name a node say what node that is. The error wraps a
// *wire.SyntaxError.
func Collections(m *Model, o CollectionsOptions) ([]Collection, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	collections := []Collection{}
	for key, raw := range m.Meta.Entries(wire.CollectionDef) {
		if !o.Filter.MatchKey(string(key)) {
			continue
		}
		c, err := parseCollection(string(key), raw, o.Registry)
		if err != nil {
			return nil, fmt.Errorf("read collection %q: %w", key, err)
		}
		collections = append(collections, c)
	}
	sort.Slice(collections, func(i, j int) bool { return collections[i].Key < collections[j].Key })
	for i := range collections {
		if err := m.resolve(&collections[i]); err != nil {
			return nil, err
		}
	}
	return collections, nil
}

// collectionKind returns the kind of a CollectionDef and its list, as scope.KindOf does. The error says where it breaks off.
func collectionKind(collection []byte) (CollectionKind, []byte, error) {
	kind, list := scope.KindOf(collection)
	return collectionKinds[kind], list, wire.Check(collection)
}

// listEntries yields the strings or messages of a collection, none where it is of another kind than num says.
func listEntries(collection []byte, num protowire.Number) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		kind, list := scope.KindOf(collection)
		if kind != num {
			return
		}
		for s := wire.Scan(list); s.Next(); {
			if s.Is(listValues) && !yield(s.Data) {
				return
			}
		}
	}
}

// countEntries returns how many entries the list of a collection has; of numbers several can stand in one field. The error says
// where the list breaks off.
func countEntries(kind CollectionKind, list []byte) (int, error) {
	n := 0
	s := wire.Scan(list)
	for s.Next() {
		switch {
		case s.Num != listValues:
		case kind == Int64List:
			n += int(packedNumbers(s.Field, false))
		case s.Type == protowire.BytesType && kind == FloatList:
			n += int(packedNumbers(s.Field, true))
		case s.Type == protowire.BytesType, s.Type == protowire.Fixed32Type && kind == FloatList:
			n++
		}
	}
	return n, s.Err()
}

// packedNumbers returns how many numbers stand in a field, which may be packed.
func packedNumbers(f wire.Field, fixed bool) int64 {
	if f.Type != protowire.BytesType {
		return 1
	}
	if fixed {
		return int64(len(f.Data) / 4)
	}
	var n int64
	for _, c := range f.Data {
		if c < 0x80 {
			n++
		}
	}
	return n
}

func parseCollection(key string, raw []byte, registry *scope.Registry) (Collection, error) {
	kind, list, err := collectionKind(raw)
	if err != nil {
		return Collection{}, err
	}
	c := Collection{Key: key, Kind: kind}
	registered, ok := registry.Lookup(key)
	if ok && kind == BytesList {
		c.Type = string(registered.Message.Descriptor().FullName())
	}
	entries, err := countEntries(kind, list)
	if err != nil {
		return Collection{}, err
	}
	c.Entries = make([]Entry, 0, entries)
	s := wire.Scan(list)
	for s.Next() {
		if s.Num == listValues {
			c.Entries = appendEntries(c.Entries, kind, s.Field, registered, registry)
		}
	}
	c.Count = len(c.Entries)
	return c, s.Err()
}

// appendEntries appends the entries in one occurrence of a list's values: several where numbers are packed.
func appendEntries(entries []Entry, kind CollectionKind, f wire.Field, registered *scope.CollectionType, registry *scope.Registry) []Entry {
	switch kind {
	case Int64List:
		eachVarint(f, func(n uint64) { entries = append(entries, Entry{Int: int64(n)}) })
		return entries
	case FloatList:
		if f.Type == protowire.Fixed32Type || f.Type == protowire.BytesType {
			for data := f.Data; len(data) >= 4; data = data[4:] {
				bits, _ := protowire.ConsumeFixed32(data)
				entries = append(entries, Entry{Float: math.Float32frombits(bits)})
			}
		}
		return entries
	}
	if f.Type != protowire.BytesType {
		return entries
	}
	e := Entry{Text: string(f.Data)}
	switch {
	case kind == AnyList:
		e = anyEntry(f.Data, registry)
	case kind == BytesList && registered != nil:
		message, err := registered.Decode(f.Data)
		if err != nil {
			e.Broken = true
			break
		}
		e.Text, e.Message = leadingName(message), message
	}
	return append(entries, e)
}

// anyEntry returns the entry of a google.protobuf.Any.
func anyEntry(raw []byte, registry *scope.Registry) Entry {
	var wrapped anypb.Any
	if err := proto.Unmarshal(raw, &wrapped); err != nil {
		return Entry{Text: string(raw), Broken: true}
	}
	e := Entry{Text: string(wrapped.GetValue()), TypeURL: wrapped.GetTypeUrl()}
	if typ, err := registry.FindMessageByURL(e.TypeURL); err == nil {
		message := typ.New().Interface()
		if proto.Unmarshal(wrapped.GetValue(), message) == nil {
			e.Text, e.Message = leadingName(message), message
		}
	}
	return e
}

// leadingName returns the name by which TensorFlow's own messages are called, "" of others.
func leadingName(message proto.Message) string {
	switch m := message.(type) {
	case *tfpb.VariableDef:
		return m.GetVariableName()
	case *tfpb.QueueRunnerDef:
		return m.GetQueueName()
	case *tfpb.CondContextDef:
		return m.GetContextName()
	case *tfpb.WhileContextDef:
		return m.GetContextName()
	case *tfpb.SaverDef:
		return m.GetRestoreOpName()
	case *tfpb.AssetFileDef:
		return m.GetFilename()
	}
	return ""
}

// resolve finds the nodes that the entries of a collection are about.
func (m *Model) resolve(c *Collection) error {
	for i := range c.Entries {
		e := &c.Entries[i]
		name := ""
		switch message := e.Message.(type) {
		case *tfpb.VariableDef:
			name = message.GetVariableName()
		case *tfpb.QueueRunnerDef:
			name = message.GetQueueName()
		case *tfpb.AssetFileDef:
			name = message.GetTensorInfo().GetName()
		case nil:
			if c.Kind == NodeList {
				name = e.Text
			}
		}
		if name == "" {
			continue
		}
		t, err := m.tensors()
		if err != nil {
			return err
		}
		in := wire.ParseInput([]byte(name))
		node, found := t.g.Find(in.Node)
		if !found {
			e.Absent = true
			continue
		}
		e.Node = t.g.OpName(t.g.Op(node))
		port, isTensor := in.Output()
		if in.Port == nil && c.Kind == NodeList && e.Message == nil || !isTensor || in.Control {
			continue // the entry is an operation
		}
		var n wire.Node
		t.g.Node(node, &n)
		e.DType, e.Shape = DTypeName(t.dtype(&n, port)), t.shape(node, port)
		if e.Node == "VarHandleOp" {
			// The handle's own type and shape say nothing; those of the variable stand in the attrs.
			e.DType, e.Shape = DTypeName(attrType(&n, "dtype")), attrShape(&n)
		}
	}
	return nil
}
