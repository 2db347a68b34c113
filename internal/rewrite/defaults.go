package rewrite

import (
	"slices"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A defaultStripper finds attrs with their op's default value (strip_graph_default_valued_attrs in
// tensorflow/python/framework/meta_graph.py). It uses the op definitions in the file instead of the installed ones.
type defaultStripper struct {
	ops       *opdef.List
	functions map[string]bool // names of functions; calls have no default attrs
}

// newDefaultStripper returns a defaultStripper for the nodes of m.
func newDefaultStripper(m *wire.MetaGraph) (*defaultStripper, error) {
	ops, err := opsOf(m)
	if err != nil {
		return nil, err
	}
	d := &defaultStripper{ops: ops, functions: make(map[string]bool)}
	for f, err := range m.Graph().Functions() {
		if err != nil {
			return nil, err
		}
		d.functions[f.Name()] = true
	}
	return d, nil
}

// drops reports whether a node's attr has the default value of its op. It is safe for concurrent use.
func (d *defaultStripper) drops(op, key, value []byte) bool {
	standard := d.ops.Op(string(op)).Default(key)
	return standard != nil && !d.functions[string(op)] && tensor.AttrsEqual(value, standard)
}

// without returns the used ops that the file does not define, sorted.
func (d *defaultStripper) without(used map[string]bool) []string {
	var out []string
	for op := range used {
		if !d.ops.Has(op) && !d.functions[op] {
			out = append(out, op)
		}
	}
	slices.Sort(out)
	return out
}
