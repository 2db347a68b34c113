package inspect

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Collection is one entry of collection_def.
type Collection struct {
	Key     string
	Kind    scope.CollectionKind // empty if the collection has no list
	Type    string               // full name of the message type registered for the key
	Count   int                  // number of entries
	Entries iter.Seq[*Entry]     // in file order; each is decoded when it is reached
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
	r := collectionReader{registry: o.Registry}
	if r.registry == nil {
		r.registry = scope.NewRegistry()
	}
	collections := []Collection{}
	for key, raw := range m.Meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		if !o.Filter.MatchKey(string(key)) {
			continue
		}
		c, err := r.collection(string(key), raw)
		if err != nil {
			return nil, fmt.Errorf("read collection %q: %w", key, err)
		}
		collections = append(collections, c)
	}
	slices.SortFunc(collections, func(a, b Collection) int { return strings.Compare(a.Key, b.Key) })
	var err error
	if r.named {
		if r.graph, err = m.Graph(); err != nil {
			return nil, err
		}
		r.tensors, err = m.Tensors()
	}
	return collections, err
}

// A collectionReader decodes the entries of collections.
type collectionReader struct {
	registry *scope.Registry
	named    bool           // whether an entry can name a node
	graph    *graph.Graph   // for the nodes that entries name; nil to leave them out
	tensors  *opdef.Tensors // of the graph
}

// collection returns a collection. The error reports where it is damaged.
func (r *collectionReader) collection(key string, raw []byte) (Collection, error) {
	kind, list, err := model.CollectionList(raw)
	if err != nil {
		return Collection{}, err
	}
	c := Collection{Key: key, Kind: kind}
	var registered *scope.CollectionType
	if kind == scope.BytesList {
		if registered, _ = r.registry.Lookup(key); registered != nil {
			c.Type = string(registered.Message.Descriptor().FullName())
		}
	}
	r.named = r.named || registered != nil || kind == scope.NodeList || kind == scope.AnyList
	c.Entries = func(yield func(*Entry) bool) {
		more := true
		for s := wire.Scan(list); more && s.Next(); {
			if s.Num == scope.ListValue {
				more = r.decode(kind, s.Field, registered, yield)
			}
		}
	}
	c.Count, err = model.CountEntries(kind, list)
	return c, err
}

// decode yields the entries in one field of a list. A packed field holds several. It reports whether to go on.
func (r *collectionReader) decode(kind scope.CollectionKind, f wire.Field, registered *scope.CollectionType, yield func(*Entry) bool) bool {
	more := true
	switch {
	case kind == scope.Int64List:
		f.EachVarint(func(n uint64) { more = more && yield(&Entry{Int: int64(n)}) })
	case kind == scope.FloatList && (f.Type == protowire.Fixed32Type || f.Type == protowire.BytesType):
		for data := f.Data; more && len(data) >= 4; data = data[4:] {
			bits, _ := protowire.ConsumeFixed32(data)
			more = yield(&Entry{Float: math.Float32frombits(bits)})
		}
	case kind != scope.FloatList && f.Type == protowire.BytesType:
		e := Entry{Text: string(f.Data)}
		if kind == scope.AnyList {
			e = anyEntry(f.Data, r.registry)
		} else if registered != nil {
			message, err := registered.Decode(f.Data)
			if e.Broken = err != nil; err == nil {
				e.Text, _ = subject(message)
				e.Message = message
			}
		}
		r.resolve(kind, &e)
		more = yield(&e)
	}
	return more
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
			e.Text, _ = subject(message)
			e.Message = message
		}
	}
	return e
}

// subject returns the name that stands for one of TensorFlow's own messages, and the node or tensor that the message is about. Both are ""
// for other messages.
func subject(message proto.Message) (name, node string) {
	switch m := message.(type) {
	case *tfpb.VariableDef:
		return m.GetVariableName(), m.GetVariableName()
	case *tfpb.QueueRunnerDef:
		return m.GetQueueName(), m.GetQueueName()
	case *tfpb.CondContextDef:
		return m.GetContextName(), ""
	case *tfpb.WhileContextDef:
		return m.GetContextName(), ""
	case *tfpb.SaverDef:
		return m.GetRestoreOpName(), ""
	case *tfpb.AssetFileDef:
		return m.GetFilename(), m.GetTensorInfo().GetName()
	}
	return "", ""
}

// resolve finds the node that an entry refers to.
func (r *collectionReader) resolve(kind scope.CollectionKind, e *Entry) {
	_, name := subject(e.Message)
	if e.Message == nil && kind == scope.NodeList {
		name = e.Text
	}
	if name == "" || r.graph == nil {
		return
	}
	in := wire.ParseInput([]byte(name))
	node, found := r.graph.Find(in.Node)
	if !found {
		e.Absent = true
		return
	}
	e.Node = r.graph.OpName(r.graph.Op(node))
	port, isTensor := in.Output()
	if in.Port == nil && kind == scope.NodeList && e.Message == nil || !isTensor || in.Control {
		return // the entry names an operation
	}
	var n wire.Node
	r.graph.Node(node, &n)
	e.DType, e.Shape = tensor.DTypeName(r.tensors.DType(&n, port)), r.tensors.Shape(node, port)
	if e.Node == "VarHandleOp" {
		// For a variable handle, report the dtype and shape of the variable, which are in the attrs.
		e.DType, e.Shape = tensor.DTypeName(tensor.AttrType(&n, "dtype")), tensor.AttrShape(&n)
	}
}
