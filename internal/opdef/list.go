// Package opdef provides op definitions from three sources: the file, its function library, and TensorFlow's registry.
// It uses them to find the outputs of a node and their dtypes, and infers shapes from the surrounding graph. It also
// classifies ops by their role in the data flow.
package opdef

import (
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A List finds the op definitions that a file contains (meta_info_def.stripped_op_list). It keeps them as bytes.
type List struct {
	names    []string // in the order of the file
	raw      map[string][]byte
	err      error
	defaults map[string]map[string][]byte
}

// NewList returns the op definitions of m. If m defines an op twice, the last definition counts.
func NewList(m *wire.MetaGraph) *List {
	d := &List{raw: make(map[string][]byte), defaults: make(map[string]map[string][]byte)}
	info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	list, _ := wire.Merged(info, fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList)
	s := wire.Scan(list)
	for s.Next() {
		if !s.Is(fieldnum.OpList_Op) {
			continue
		}
		name := string(wire.Last(s.Data, fieldnum.OpDef_Name))
		if _, ok := d.raw[name]; !ok {
			d.names = append(d.names, name)
		}
		d.raw[name] = s.Data
	}
	d.err = s.Err()
	return d
}

// Err returns the *wire.SyntaxError at which the list breaks off, or nil. The definitions before it are in the list.
func (d *List) Err() error { return d.err }

// Names returns the ops that the file defines, in the file's order. The caller must not change the slice.
func (d *List) Names() []string { return d.names }

// Raw returns the bytes of an op's OpDef as they are in the file. It returns false if the file does not define the op.
func (d *List) Raw(op string) ([]byte, bool) {
	raw, ok := d.raw[op]
	return raw, ok
}

// Defaults returns the default values of an op's attrs, as the bytes of AttrValues by the names of the attrs. It is empty if the file does
// not define the op. The caller must not change the map.
func (d *List) Defaults(op []byte) map[string][]byte {
	defaults, ok := d.defaults[string(op)]
	if !ok {
		defaults = defaultsIn(d.raw[string(op)])
		d.defaults[string(op)] = defaults
	}
	return defaults
}

// defaultsIn returns the default values in an OpDef by the names of the attrs.
func defaultsIn(def []byte) map[string][]byte {
	defaults := make(map[string][]byte)
	for s := wire.Scan(def); s.Next(); {
		if !s.Is(fieldnum.OpDef_Attr) {
			continue
		}
		if value, ok := wire.Merged(s.Data, fieldnum.OpDef_AttrDef_DefaultValue); ok {
			defaults[string(wire.Last(s.Data, fieldnum.OpDef_AttrDef_Name))] = value
		}
	}
	return defaults
}

// Has reports whether the file defines an op.
func (d *List) Has(op string) bool {
	_, ok := d.raw[op]
	return ok
}

// Len returns the number of ops that the file defines.
func (d *List) Len() int { return len(d.raw) }
