package scope

import (
	"fmt"
	"iter"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// ListValue is the field of its values in a list of any kind in a CollectionDef.
const ListValue = fieldnum.CollectionDef_NodeList_Value

// A CollectionKind is the kind of a collection's list, named after its field in CollectionDef.
type CollectionKind string

// The kinds of collections.
const (
	NodeList  CollectionKind = "node_list"  // names of nodes and tensors
	BytesList CollectionKind = "bytes_list" // strings, or serialized messages of a registered type
	Int64List CollectionKind = "int64_list"
	FloatList CollectionKind = "float_list"
	AnyList   CollectionKind = "any_list" // messages that record their own type
)

// CollectionKinds maps the field numbers that KindOf returns to kinds.
var CollectionKinds = map[protowire.Number]CollectionKind{
	fieldnum.CollectionDef_NodeList:  NodeList,
	fieldnum.CollectionDef_BytesList: BytesList,
	fieldnum.CollectionDef_Int64List: Int64List,
	fieldnum.CollectionDef_FloatList: FloatList,
	fieldnum.CollectionDef_AnyList:   AnyList,
}

// KindOf returns which kind of list a CollectionDef holds, and the list. The kind is 0 if there is no list. If the oneof
// is set several times, the last kind counts and its lists are merged.
func KindOf(collection []byte) (kind protowire.Number, list []byte) {
	kind, first := kindOf(collection)
	if kind != 0 {
		list, _ = wire.Merged(collection[first:], kind)
	}
	return kind, list
}

// kindOf returns which kind of list a CollectionDef holds, and where the first of its lists begins. The kind is 0 if
// there is no list.
func kindOf(collection []byte) (kind protowire.Number, first int) {
	at := 0
	for s := wire.Scan(collection); s.Next(); at += len(s.Raw) {
		if s.Type == protowire.BytesType && s.Num <= fieldnum.CollectionDef_AnyList && s.Num != kind {
			kind, first = s.Num, at
		}
	}
	return kind, first
}

// Entries yields the values of a CollectionDef that holds one of the given kinds of lists: strings, messages or names. It
// yields nothing for other kinds.
func Entries(collection []byte, kinds ...protowire.Number) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		kind, first := kindOf(collection)
		if !slices.Contains(kinds, kind) {
			return
		}
		for list := range wire.All(collection[first:], kind) {
			for value := range wire.All(list, ListValue) {
				if !yield(value) {
					return
				}
			}
		}
	}
}

// HoldsVariables reports whether the registered collection with a key holds VariableDefs.
func (r *Registry) HoldsVariables(key string) bool {
	t, ok := r.Lookup(key)
	return ok && t.Message.Descriptor().FullName() == "tensorflow.VariableDef"
}

// VariableDefs yields the VariableDefs in all registered collections of m.
func (r *Registry) VariableDefs(m *wire.MetaGraph) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for key, collection := range m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
			if !r.HoldsVariables(string(key)) {
				continue
			}
			for entry := range Entries(collection, fieldnum.CollectionDef_BytesList) {
				if !yield(entry) {
					return
				}
			}
		}
	}
}

// A CollectionChange is the result of applying a plan to a collection.
type CollectionChange struct {
	Kind     protowire.Number // the kind of list, 0 for none
	List     []byte           // the new bytes of the list
	Same     bool             // the plan changed nothing
	Kept     int              // entries kept, in a list of nodes or of registered protos
	Removed  int              // entries removed
	Dangling int              // entries kept although they require a node that is removed
}

// Collection applies the plan to a CollectionDef. It renames the entries of a list of nodes and, if t is not nil, of a
// list of protos. An entry is removed if the node that it belongs to is removed. Numbers, Anys and unregistered byte
// strings stay unchanged (add_collection_def in tensorflow/python/framework/meta_graph.py).
//
// The error names the damaged entry. Damage is an error even if the plan changes nothing, so that the next rewrite can
// read the result.
func (p *Plan) Collection(collection []byte, t *CollectionType) (CollectionChange, error) {
	kind, list := KindOf(collection)
	change := CollectionChange{Kind: kind, List: list, Same: true}
	if p.Nothing() {
		return change, nil
	}
	if kind != fieldnum.CollectionDef_NodeList && (kind != fieldnum.CollectionDef_BytesList || t == nil || t.Names.empty()) {
		return change, nil
	}
	var out, entry []byte
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(ListValue) {
			out = append(out, s.Raw...)
			continue
		}
		var keep bool
		var err error
		if kind == fieldnum.CollectionDef_NodeList {
			keep = p.keepsName(s.Data)
			entry = p.appendName(entry[:0], s.Data, NodeName)
		} else if keep, err = p.entry(&entry, s.Data, t); err != nil {
			return change, t.damaged(change.Kept+change.Removed, err)
		}
		if !keep {
			change.Removed++
			continue
		}
		change.Kept++
		if kind == fieldnum.CollectionDef_BytesList && p.Strip != "" {
			torn, err := p.needsMissing(s.Data, t.Names, 0)
			if err != nil {
				return change, err
			}
			if torn {
				change.Dangling++
			}
		}
		change.Same = change.Same && string(entry) == string(s.Data)
		out = protowire.AppendTag(out, ListValue, protowire.BytesType)
		out = protowire.AppendBytes(out, entry)
	}
	if err := s.Err(); err != nil {
		return change, err
	}
	if change.Same = change.Same && change.Removed == 0; !change.Same {
		change.List = out
	}
	return change, nil
}

// Check reports damage in the entries of a collection, as far as they can hold names. A nil type has no entries to
// check. The error is that of Plan.Collection.
func (t *CollectionType) Check(collection []byte) error {
	kind, list := KindOf(collection)
	if t == nil || kind != fieldnum.CollectionDef_BytesList {
		return nil
	}
	n := 0
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(ListValue) {
			continue
		}
		if err := t.Names.Each(s.Data, func([]byte, Kind) {}); err != nil {
			return t.damaged(n, err)
		}
		n++
	}
	return s.Err()
}

// damaged returns the error for a damaged entry of a collection. Entries count from 0.
func (t *CollectionType) damaged(entry int, err error) error {
	return fmt.Errorf("collection %q: entry %d is not a valid %s: %w", t.key, entry, t.Message.Descriptor().FullName(), err)
}

// entry sets *dst to the new form of a registered proto. It reports whether the proto stays.
func (p *Plan) entry(dst *[]byte, proto []byte, t *CollectionType) (bool, error) {
	membership, err := p.membershipOf(proto, t.Names)
	if err != nil {
		return false, err
	}
	if membership == outside || membership == nameless && p.Strip != "" {
		return false, nil
	}
	if p.Whole {
		if whole, err := p.keepsAll(proto, t.Names); err != nil || !whole {
			return false, err
		}
	}
	*dst, err = p.Message((*dst)[:0], proto, t.Names)
	return true, err
}

// keepsAll reports whether the plan keeps all nodes that a message names. Optional names do not count.
func (p *Plan) keepsAll(message []byte, names *Names) (bool, error) {
	all := true
	err := names.each(message, func(at *place, name []byte, kind Kind) {
		optional := at.prune && at.single
		all = all && (kind != NodeName || optional || p.keepsName(name))
	}, 0)
	return all, err
}

// HasOldNames reports whether a CollectionDef is a list of Anys that name nodes which the plan renames or removes. Such lists
// stay unchanged, as in TensorFlow, which does not look into an Any. An example are the signatures that the exporter.py
// of session_bundle stored in serving_signatures.
func (r *Registry) HasOldNames(p *Plan, collection []byte) bool {
	kind, list := KindOf(collection)
	if p.Nothing() || kind != fieldnum.CollectionDef_AnyList {
		return false
	}
	stale := false
	for packed := range wire.All(list, ListValue) {
		typ := wire.AnyType(wire.Last(packed, fieldnum.Any_TypeUrl))
		// A damaged message counts as far as it can be read.
		_ = r.known[typ].Each(wire.Last(packed, fieldnum.Any_Value), func(name []byte, kind Kind) {
			_, node, _ := Split(name)
			stale = stale || kind == NodeName && !p.Keeps(node) || string(p.appendName(nil, name, kind)) != string(name)
		})
	}
	return stale
}

// Saver applies the plan to a SaverDef. It is kept only if all three nodes that it names are kept (Saver.to_proto in
// tensorflow/python/training/saver.py).
func (r *Registry) Saver(p *Plan, saver []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, saver, "tensorflow.SaverDef")
}

// Signature applies the plan to a SignatureDef. It is kept if all tensors that it names are kept.
func (r *Registry) Signature(p *Plan, signature []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, signature, "tensorflow.SignatureDef")
}

// Asset applies the plan to an AssetFileDef. It is kept if its tensor is kept.
func (r *Registry) Asset(p *Plan, asset []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, asset, "tensorflow.AssetFileDef")
}

// Objects applies the plan to a SavedObjectGraph. It is kept if all nodes that it names are kept.
func (r *Registry) Objects(p *Plan, graph []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, graph, "tensorflow.SavedObjectGraph")
}

// apply applies the plan to a message outside the collections.
func (r *Registry) apply(p *Plan, message []byte, typ protoreflect.FullName) (changed []byte, keep bool, err error) {
	names := r.known[typ]
	membership, err := p.membershipOf(message, names)
	if err != nil || membership == outside {
		return nil, false, err
	}
	changed, err = p.Message(nil, message, names)
	return changed, true, err
}
