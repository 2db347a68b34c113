package diff

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
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
			if s.Is(fieldnum.OpList_Op) {
				d.lists[i][string(wire.Last(s.Data, fieldnum.OpDef_Name))] = s.Data
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
			if s.Is(fieldnum.OpDef_Attr) && string(wire.Last(s.Data, fieldnum.OpDef_AttrDef_Name)) == attr {
				return wire.Merged(s.Data, fieldnum.OpDef_AttrDef_DefaultValue)
			}
		}
	}
	return nil, false
}
