package model

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// CollectionList returns the kind and the list of a CollectionDef, as scope.KindOf does. The error reports where the
// message is damaged.
func CollectionList(collection []byte) (scope.CollectionKind, []byte, error) {
	kind, list := scope.KindOf(collection)
	return scope.CollectionKinds[kind], list, wire.Check(collection)
}

// CountEntries returns the number of entries in a collection's list. A packed field counts as several entries. The
// error reports where the list is damaged.
func CountEntries(kind scope.CollectionKind, list []byte) (int, error) {
	n := 0
	s := wire.Scan(list)
	for s.Next() {
		switch {
		case s.Num != scope.ListValue:
		case kind == scope.Int64List:
			n += int(PackedNumbers(s.Field, false))
		case s.Type == protowire.BytesType && kind == scope.FloatList:
			n += int(PackedNumbers(s.Field, true))
		case s.Type == protowire.BytesType, s.Type == protowire.Fixed32Type && kind == scope.FloatList:
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
