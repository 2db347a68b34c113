package prune

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// KeepVariables adds to Reach the nodes that variable collections refer to for each kept variable: initializer, snapshot and
// initial value. TensorFlow cannot import such a collection without them (VariableDef in
// tensorflow/python/ops/resource_variable_ops.py).
func (c *Cut) KeepVariables(m *wire.MetaGraph, r *scope.Registry) error {
	companions := make(map[int][]int) // of a variable's node, the nodes that its definitions name
	for def := range r.VariableDefs(m) {
		c.addCompanions(companions, def)
	}
	for at := 0; at < len(c.Reach.Order); at++ { // Add appends to Order
		if err := c.Reach.Add(companions[c.Reach.Order[at]]...); err != nil {
			return broken(err)
		}
	}
	return nil
}

func (c *Cut) addCompanions(companions map[int][]int, definition []byte) {
	_, name, _ := scope.Split(wire.Last(definition, fieldnum.VariableDef_VariableName))
	variable, ok := c.g.Original(name)
	if !ok {
		return
	}
	for _, num := range []protowire.Number{fieldnum.VariableDef_InitializerName, fieldnum.VariableDef_SnapshotName, fieldnum.VariableDef_InitialValueName} {
		if i, ok := c.g.Source(wire.Last(definition, num)); ok {
			companions[variable] = append(companions[variable], i)
		}
	}
}
