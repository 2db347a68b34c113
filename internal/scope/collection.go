package scope

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of CollectionDef.kind (tensorflow/core/protobuf/meta_graph.proto). The values of each list are field 1.
const (
	NodeList  protowire.Number = 1
	BytesList protowire.Number = 2
	Int64List protowire.Number = 3
	FloatList protowire.Number = 4
	AnyList   protowire.Number = 5

	listValue protowire.Number = 1
)

// KindOf returns which list a CollectionDef holds, and the list: 0 where it holds none. Where it was set several times, the
// last kind counts, its lists merged.
func KindOf(collection []byte) (kind protowire.Number, list []byte) {
	copied := false
	for s := wire.Scan(collection); s.Next(); {
		if s.Type != protowire.BytesType || s.Num > AnyList {
			continue
		}
		switch {
		case s.Num != kind:
			kind, list, copied = s.Num, s.Data, false
		case !copied:
			list, copied = append(list[:len(list):len(list)], s.Data...), true
		default:
			list = append(list, s.Data...)
		}
	}
	return kind, list
}

// A CollectionChange is what a plan makes of a collection.
type CollectionChange struct {
	Kind protowire.Number // which list it is, 0 for none
	List []byte           // the list's new bytes
	Same bool             // nothing changed
	Kept int              // entries that stayed, of a list of nodes or of registered protos
	Gone int              // entries that went
	Torn int              // entries that stayed, although a name that they cannot do without is of a node that goes
}

// Collection applies the plan to a CollectionDef. Entries of a list of nodes and, where t is not nil, of a list of protos
// are renamed, and go where what they are named after goes; numbers, Anys and strings of a bytes_list that nobody
// registered are not looked into (add_collection_def in tensorflow/python/framework/meta_graph.py). A plan that changes nothing
// reads nothing. The error says which entry is damaged.
func (p *Plan) Collection(collection []byte, t *CollectionType) (CollectionChange, error) {
	kind, list := KindOf(collection)
	change := CollectionChange{Kind: kind, List: list, Same: true}
	if p.Nothing() {
		return change, nil
	}
	if kind != NodeList && (kind != BytesList || t == nil || t.Names.Empty()) {
		return change, nil
	}
	var out, entry []byte
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(listValue) {
			out = append(out, s.Raw...)
			continue
		}
		var keep bool
		var err error
		if kind == NodeList {
			keep = p.keepsName(s.Data)
			entry = p.appendName(entry[:0], s.Data, NodeName)
		} else if keep, err = p.entry(&entry, s.Data, t); err != nil {
			return change, t.damaged(change.Kept+change.Gone, err)
		}
		if !keep {
			change.Gone++
			continue
		}
		change.Kept++
		if kind == BytesList && p.Strip != "" {
			torn, err := p.needsMissing(s.Data, t.Names, 0)
			if err != nil {
				return change, err
			}
			if torn {
				change.Torn++
			}
		}
		change.Same = change.Same && string(entry) == string(s.Data)
		out = protowire.AppendTag(out, listValue, protowire.BytesType)
		out = protowire.AppendBytes(out, entry)
	}
	if err := s.Err(); err != nil {
		return change, err
	}
	if change.Same = change.Same && change.Gone == 0; !change.Same {
		change.List = out
	}
	return change, nil
}

// Check returns an error if an entry of a collection is damaged in a message that can hold names, so that a Plan that renames
// would fail. A nil type has no entries. The error is that of Plan.Collection.
func (t *CollectionType) Check(collection []byte) error {
	kind, list := KindOf(collection)
	if t == nil || kind != BytesList {
		return nil
	}
	n := 0
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(listValue) {
			continue
		}
		if err := t.Names.Each(s.Data, func([]byte, Kind) {}); err != nil {
			return t.damaged(n, err)
		}
		n++
	}
	return s.Err()
}

// damaged returns the error about an entry of a collection, counted from 0.
func (t *CollectionType) damaged(entry int, err error) error {
	return fmt.Errorf("collection %q: entry %d is no %s: %w", t.Key, entry, t.Message.Descriptor().FullName(), err)
}

// entry makes *dst the new form of a registered proto. It reports whether the proto stays.
func (p *Plan) entry(dst *[]byte, proto []byte, t *CollectionType) (bool, error) {
	standing, err := p.Standing(proto, t.Names)
	if err != nil {
		return false, err
	}
	if standing == Outside || standing == Nameless && p.Strip != "" {
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

// keepsAll reports whether all nodes stay that a message names. A name that the message can do without does not count.
func (p *Plan) keepsAll(message []byte, names *Names) (bool, error) {
	all := true
	err := names.each(message, func(at *place, name []byte, kind Kind) {
		optional := at.prune && at.single
		all = all && (kind != NodeName || optional || p.keepsName(name))
	}, 0)
	return all, err
}

// Stale reports whether a CollectionDef is a list of Anys in which nodes have names that they do not have any more under the
// plan, or go. Such lists stay as they are, as in TensorFlow, which knows nothing of what is in an Any: the signatures that
// session_bundle's exporter.py left in serving_signatures, for example.
func (r *Registry) Stale(p *Plan, collection []byte) bool {
	kind, list := KindOf(collection)
	if p.Nothing() || kind != AnyList {
		return false
	}
	stale := false
	for s := wire.Scan(list); s.Next() && !stale; {
		if !s.Is(listValue) {
			continue
		}
		typ := protoreflect.FullName(typeOf(string(wire.Last(s.Data, anyURL))))
		// What cannot be read to its end tells as much as was read.
		_ = r.known[typ].Each(wire.Last(s.Data, anyValue), func(name []byte, kind Kind) {
			_, node, _ := Split(name)
			stale = stale || kind == NodeName && !p.Keeps(node) || string(p.appendName(nil, name, kind)) != string(name)
		})
	}
	return stale
}

// Saver applies the plan to a SaverDef. It stays only if all three of its names do (Saver.to_proto in
// tensorflow/python/training/saver.py).
func (r *Registry) Saver(p *Plan, saver []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, saver, "tensorflow.SaverDef")
}

// Signature applies the plan to a SignatureDef, which stays if all the tensors that it names do.
func (r *Registry) Signature(p *Plan, signature []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, signature, "tensorflow.SignatureDef")
}

// Asset applies the plan to an AssetFileDef, which stays if its tensor does.
func (r *Registry) Asset(p *Plan, asset []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, asset, "tensorflow.AssetFileDef")
}

// Objects applies the plan to a SavedObjectGraph, which stays if all the nodes that it names do.
func (r *Registry) Objects(p *Plan, graph []byte) (changed []byte, keep bool, err error) {
	return r.apply(p, graph, "tensorflow.SavedObjectGraph")
}

// apply applies the plan to a message that is in no collection.
func (r *Registry) apply(p *Plan, message []byte, typ protoreflect.FullName) (changed []byte, keep bool, err error) {
	names := r.known[typ]
	standing, err := p.Standing(message, names)
	if err != nil || standing == Outside {
		return nil, false, err
	}
	changed, err = p.Message(nil, message, names)
	return changed, true, err
}
