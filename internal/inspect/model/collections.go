package model

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

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

// CollectionKinds maps the field numbers that scope.KindOf returns to kinds.
var CollectionKinds = map[protowire.Number]CollectionKind{
	fieldnum.CollectionDef_NodeList:  NodeList,
	fieldnum.CollectionDef_BytesList: BytesList,
	fieldnum.CollectionDef_Int64List: Int64List,
	fieldnum.CollectionDef_FloatList: FloatList,
	fieldnum.CollectionDef_AnyList:   AnyList,
}

// CollectionList returns the kind and the list of a CollectionDef, as scope.KindOf does. The error reports where the
// message is damaged.
func CollectionList(collection []byte) (CollectionKind, []byte, error) {
	kind, list := scope.KindOf(collection)
	return CollectionKinds[kind], list, wire.Check(collection)
}

// CountEntries returns the number of entries in a collection's list. A packed field counts as several entries. The
// error reports where the list is damaged.
func CountEntries(kind CollectionKind, list []byte) (int, error) {
	n := 0
	s := wire.Scan(list)
	for s.Next() {
		switch {
		case s.Num != scope.ListValue:
		case kind == Int64List:
			n += int(PackedNumbers(s.Field, false))
		case s.Type == protowire.BytesType && kind == FloatList:
			n += int(PackedNumbers(s.Field, true))
		case s.Type == protowire.BytesType, s.Type == protowire.Fixed32Type && kind == FloatList:
			n++
		}
	}
	return n, s.Err()
}

// PackedNumbers returns the number of values in a field, which may be packed.
func PackedNumbers(f wire.Field, fixed bool) int64 {
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
