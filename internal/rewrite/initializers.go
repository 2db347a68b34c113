package rewrite

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInitializers finds substitutes for initializers whose nodes are not kept, as keeps reports. TensorFlow does not
// load a file in which a variable of a collection names a missing initializer. This happens if init_from_checkpoint or
// TensorFlow Hub replaced the initializer of a variable by one outside its scope. The original initializer usually
// remains next to the variable. The result maps each missing initializer to its substitute.
func findInitializers(m *wire.MetaGraph, r *scope.Registry, keeps func(node []byte) bool) (map[string]string, error) {
	missing := make(map[string]string) // variable to its missing initializer
	for def := range r.VariableDefs(m) {
		_, variable, _ := scope.Split(wire.Last(def, fieldnum.VariableDef_VariableName))
		_, initializer, _ := scope.Split(wire.Last(def, fieldnum.VariableDef_InitializerName))
		if len(initializer) > 0 && keeps(variable) && !keeps(initializer) {
			missing[string(variable)] = string(initializer)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	instead := make(map[string]string)
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("find initializers: %w", err)
		}
		if !opdef.IsAssign(string(n.Op)) || len(n.Inputs) == 0 || !keeps(n.Name) {
			continue
		}
		_, variable, _ := scope.Split(n.Inputs[0])
		initializer, ok := missing[string(variable)]
		// If several ops assign to it, prefer the one named VARIABLE/Assign (Variable in tensorflow/python/ops/ref_variable.py).
		if ok && (instead[initializer] == "" || string(n.Name) == string(variable)+"/Assign") {
			instead[initializer] = string(n.Name)
		}
	}
	return instead, nil
}
