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
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Collection is one entry of collection_def.
type Collection struct {
	Key     string               `json:"key"`
	Kind    model.CollectionKind `json:"kind"`           // empty if the collection has no list
	Type    string               `json:"type,omitempty"` // full name of the message type registered for the key
	Count   int                  `json:"count"`
	Entries []Entry              `json:"entries"` // in file order
}

// An Entry is one entry of a collection.
type Entry struct {
	Text    string        // node name, bytes, or payload of an Any of unknown type
	Int     int64         // value in an int64 list
	Float   float32       // value in a float list
	Message proto.Message // message of a registered key or of an Any of known type
	TypeURL string        // type URL of an Any
	Broken  bool          // the key is registered, but Text cannot be decoded

	Node   string       // op of the node that the entry refers to; empty if it is absent
	DType  string       // dtype of the tensor that the entry refers to
	Shape  tensor.Shape // shape of that tensor
	Absent bool         // the entry names a node that is not in the graph
}

// CollectionsOptions selects collections and sets how to decode them.
type CollectionsOptions struct {
	Filter   model.Filter    // Names selects the keys
	Registry *scope.Registry // registered message types; nil means those that TensorFlow registers
}

// Collections returns the collections sorted by key. Entries that name a node include its op, dtype and shape. The
// error wraps a *wire.SyntaxError.
func Collections(m *model.Model, o CollectionsOptions) ([]Collection, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	collections := []Collection{}
	for key, raw := range m.Meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
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
		if s.Num == scope.ListValue {
			c.Entries = appendEntries(c.Entries, kind, s.Field, registered, registry)
		}
	}
	c.Count = len(c.Entries)
	return c, s.Err()
}

// appendEntries appends the entries in one field of a list. A packed field holds several.
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

// leadingName returns the node name in one of TensorFlow's own messages, or "" for other messages.
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

// resolve finds the nodes that the entries of a collection refer to.
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
			continue // the entry names an operation
		}
		var n wire.Node
		g.Node(node, &n)
		e.DType, e.Shape = tensor.DTypeName(t.DType(&n, port)), t.Shape(node, port)
		if e.Node == "VarHandleOp" {
			// For a variable handle, report the dtype and shape of the variable, which are in the attrs.
			e.DType, e.Shape = tensor.DTypeName(tensor.AttrType(&n, "dtype")), tensor.AttrShape(&n)
		}
	}
	return nil
}
