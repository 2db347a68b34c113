package rewrite

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of VariableDef (tensorflow/core/framework/variable.proto).
const (
	variableName        protowire.Number = 1
	variableInitializer protowire.Number = 2
)

// findInitializers finds initializers for the variables of collections whose own lies outside of what is kept: TensorFlow does
// not load such a file. It happens where init_from_checkpoint or TensorFlow Hub gave a variable a value from outside its scope,
// and the variable has then an op beside it that the one outside took the place of. It returns the initializers that are
// not there, each with the one to take instead.
func findInitializers(m *wire.MetaGraph, r *scope.Registry, keeps func(node []byte) bool) (map[string]string, error) {
	torn := make(map[string]string) // variable to its initializer
	for raw, value := range m.Entries(wire.CollectionDef) {
		t, ok := r.Lookup(string(raw))
		kind, list := scope.KindOf(value)
		if !ok || t.Message.Descriptor().FullName() != "tensorflow.VariableDef" || kind != scope.BytesList {
			continue
		}
		for s := wire.Scan(list); s.Next(); {
			_, variable, _ := scope.Split(wire.Last(s.Data, variableName))
			_, initializer, _ := scope.Split(wire.Last(s.Data, variableInitializer))
			if len(initializer) > 0 && keeps(variable) && !keeps(initializer) {
				torn[string(variable)] = string(initializer)
			}
		}
	}
	if len(torn) == 0 {
		return nil, nil
	}
	instead := make(map[string]string)
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("find initializers: %w", err)
		}
		if op := string(n.Op); op != "Assign" && op != "AssignVariableOp" || len(n.Inputs) == 0 || !keeps(n.Name) {
			continue
		}
		_, variable, _ := scope.Split(n.Inputs[0])
		initializer, ok := torn[string(variable)]
		// Where several assign to it, its own one is called after it (Variable in tensorflow/python/ops/ref_variable.py).
		if ok && (instead[initializer] == "" || string(n.Name) == string(variable)+"/Assign") {
			instead[initializer] = string(n.Name)
		}
	}
	return instead, nil
}
