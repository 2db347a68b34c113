package inspect

import (
	"fmt"
	"math"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Collection is one entry of collection_def.
type Collection struct {
	Key     string               `json:"key"`
	Kind    model.CollectionKind `json:"kind"`           // empty where nothing is set
	Type    string               `json:"type,omitempty"` // full name of the message that the key is registered for
	Count   int                  `json:"count"`
	Entries []Entry              `json:"entries"` // in file order
}

// An Entry is one entry of a collection.
type Entry struct {
	Text    string        // of a node list the name, of a bytes list the bytes, of an Any of unknown type its payload
	Int     int64         // of an int64 list
	Float   float32       // of a float list
	Message proto.Message // of a registered key or an Any of known type what it holds
	TypeURL string        // of an Any
	Broken  bool          // the key is registered, but Text is no such message

	Node   string       // op of the node that the entry is about, empty where there is no such node
	DType  string       // of the tensor that it is about
	Shape  tensor.Shape // of the same
	Absent bool         // the entry names a node that is not in the graph
}

// CollectionsOptions says which collections to look at and how.
type CollectionsOptions struct {
	Filter   model.Filter    // Names picks the keys
	Registry *scope.Registry // what is registered; nil is what TensorFlow registers
}

// Collections returns the collections in the order of their keys. Entries that name a node say what node that is. The error wraps a
// *wire.SyntaxError.
func Collections(m *model.Model, o CollectionsOptions) ([]Collection, error) {
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
		if err := resolve(m, &collections[i]); err != nil {
			return nil, err
		}
	}
	return collections, nil
}

func parseCollection(key string, raw []byte, registry *scope.Registry) (Collection, error) {
	kind, list, err := model.CollectionList(raw)
	if err != nil {
		return Collection{}, err
	}
	c := Collection{Key: key, Kind: kind}
	registered, ok := registry.Lookup(key)
	if ok && kind == model.BytesList {
		c.Type = string(registered.Message.Descriptor().FullName())
	}
	entries, err := model.CountEntries(kind, list)
	if err != nil {
		return Collection{}, err
	}
	c.Entries = make([]Entry, 0, entries)
	s := wire.Scan(list)
	for s.Next() {
		if s.Num == model.ListValues {
			c.Entries = appendEntries(c.Entries, kind, s.Field, registered, registry)
		}
	}
	c.Count = len(c.Entries)
	return c, s.Err()
}

// appendEntries appends the entries in one occurrence of a list's values: several where numbers are packed.
func appendEntries(entries []Entry, kind model.CollectionKind, f wire.Field, registered *scope.CollectionType, registry *scope.Registry) []Entry {
	switch kind {
	case model.Int64List:
		f.EachVarint(func(n uint64) { entries = append(entries, Entry{Int: int64(n)}) })
		return entries
	case model.FloatList:
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
	case kind == model.AnyList:
		e = anyEntry(f.Data, registry)
	case kind == model.BytesList && registered != nil:
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
	if err := schema.Unmarshal(raw, &wrapped); err != nil {
		return Entry{Text: string(raw), Broken: true}
	}
	e := Entry{Text: string(wrapped.GetValue()), TypeURL: wrapped.GetTypeUrl()}
	if typ, err := registry.FindMessageByURL(e.TypeURL); err == nil {
		message := typ.New().Interface()
		if schema.Unmarshal(wrapped.GetValue(), message) == nil {
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
func resolve(m *model.Model, c *Collection) error {
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
			if c.Kind == model.NodeList {
				name = e.Text
			}
		}
		if name == "" {
			continue
		}
		g, err := m.Graph()
		if err != nil {
			return err
		}
		t, err := m.Tensors()
		if err != nil {
			return err
		}
		in := wire.ParseInput([]byte(name))
		node, found := g.Find(in.Node)
		if !found {
			e.Absent = true
			continue
		}
		e.Node = g.OpName(g.Op(node))
		port, isTensor := in.Output()
		if in.Port == nil && c.Kind == model.NodeList && e.Message == nil || !isTensor || in.Control {
			continue // the entry is an operation
		}
		var n wire.Node
		g.Node(node, &n)
		e.DType, e.Shape = tensor.DTypeName(t.DType(&n, port)), t.Shape(node, port)
		if e.Node == "VarHandleOp" {
			// The handle's own type and shape say nothing; those of the variable stand in the attrs.
			e.DType, e.Shape = tensor.DTypeName(tensor.AttrType(&n, "dtype")), tensor.AttrShape(&n)
		}
	}
	return nil
}
