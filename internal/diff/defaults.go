package diff

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of OpList, OpDef and OpDef.AttrDef (tensorflow/core/framework/op_def.proto).
const (
	opListOp    protowire.Number = 1
	opName      protowire.Number = 1
	opAttr      protowire.Number = 4
	attrName    protowire.Number = 1
	attrDefault protowire.Number = 3
)

// opDefaults finds the op definitions in the op lists of the two files, by name.
type opDefaults struct {
	lists [2]map[string][]byte // OpDef by name, of A and B
}

// newOpDefaults indexes the op lists of two files.
func newOpDefaults(a, b []byte) *opDefaults {
	d := new(opDefaults)
	for i, list := range [][]byte{a, b} {
		d.lists[i] = make(map[string][]byte)
		for s := wire.Scan(list); s.Next(); {
			if s.Is(opListOp) {
				d.lists[i][string(wire.Last(s.Data, opName))] = s.Data
			}
		}
	}
	return d
}

// find returns the AttrValue that an absent attr of an op stands for. It prefers the op definition in the file that lacks the attr
// (B if inB is true) to that in the other file.
func (d *opDefaults) find(op, attr string, inB bool) ([]byte, bool) {
	first, second := d.lists[0][op], d.lists[1][op]
	if inB {
		first, second = second, first
	}
	for _, def := range [][]byte{first, second} {
		if def == nil {
			continue
		}
		for s := wire.Scan(def); s.Next(); {
			if s.Is(opAttr) && string(wire.Last(s.Data, attrName)) == attr {
				return wire.Merged(s.Data, attrDefault)
			}
		}
	}
	return nil, false
}
