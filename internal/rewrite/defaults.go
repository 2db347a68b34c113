package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/wire"
)

// A defaultStripper finds attrs with their op's default value (strip_graph_default_valued_attrs in
// tensorflow/python/framework/meta_graph.py). It uses the op definitions in the file instead of the installed ones.
type defaultStripper struct {
	ops       *opList
	functions map[string]bool              // names of functions; calls have no default attrs
	defaults  map[string]map[string][]byte // op to attr to AttrValue
}

// newDefaultStripper returns a defaultStripper for the nodes of m.
func newDefaultStripper(m *wire.MetaGraph) (*defaultStripper, error) {
	ops, err := opsOf(m)
	if err != nil {
		return nil, err
	}
	d := &defaultStripper{ops: ops, functions: make(map[string]bool), defaults: make(map[string]map[string][]byte)}
	for f, err := range m.Graph().Functions() {
		if err != nil {
			return nil, err
		}
		d.functions[f.Name()] = true
	}
	return d, nil
}

// drops reports whether a node's attr has the default value of its op.
func (d *defaultStripper) drops(op, key, value []byte) bool {
	defaults, known := d.defaults[string(op)]
	if !known {
		defaults = d.load(string(op))
		d.defaults[string(op)] = defaults
	}
	is, ok := defaults[string(key)]
	return ok && sameAttr(value, is)
}

// load returns the default attrs of an op.
func (d *defaultStripper) load(op string) map[string][]byte {
	if d.functions[op] {
		return nil
	}
	raw, ok := d.ops.raw[op]
	if !ok {
		return nil
	}
	defaults := make(map[string][]byte)
	for s := wire.Scan(raw); s.Next(); {
		if s.Is(opDefAttr) {
			if value, ok := wire.Merged(s.Data, 3); ok {
				defaults[string(wire.Last(s.Data, 1))] = value
			}
		}
	}
	return defaults
}

// without returns the used ops that the file does not define, sorted.
func (d *defaultStripper) without(used map[string]bool) []string {
	var out []string
	for op := range used {
		if _, ok := d.ops.raw[op]; !ok && !d.functions[op] {
			out = append(out, op)
		}
	}
	slices.Sort(out)
	return out
}
