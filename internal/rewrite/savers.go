package rewrite

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// Field numbers of SaverDef (tensorflow/core/protobuf/saver.proto).
const (
	saverSave    protowire.Number = 2
	saverRestore protowire.Number = 3
)

// A saverScopes is the scopes that the savers of a graph live in.
type saverScopes struct {
	extraneous map[string]bool // those that go
	retained   []string        // those of the saver that the file is about
}

// findSavers finds the scopes of the savers, all but those that saver, the SaverDef of the file, names being extraneous
// (_find_extraneous_saver_nodes in tensorflow/python/framework/meta_graph.py).
func findSavers(g wire.Graph, saver []byte) (*saverScopes, error) {
	s := &saverScopes{extraneous: make(map[string]bool)}
	for _, num := range []protowire.Number{saverSave, saverRestore} {
		if _, name, _ := scope.Split(wire.Last(saver, num)); len(name) > 0 {
			s.retained = append(s.retained, scope.Parent(string(name)))
		}
	}
	var ops []string
	for n, err := range g.Nodes() {
		if err != nil {
			return nil, err
		}
		if opdef.IsSaverOp(string(n.Op)) {
			ops = append(ops, string(n.Name))
		}
	}
	for _, op := range ops {
		// The graph itself is no saver's scope: an op at the top has nothing around it that could go.
		if at := scope.Parent(op); at != "" {
			s.extraneous[at] = true
		}
	}
	for _, op := range ops {
		delete(s.extraneous, op) // an op that is at once the scope of another
	}
	for _, at := range s.retained {
		delete(s.extraneous, at)
	}
	return s, nil
}

// gone reports whether a node lies in the scope of a saver that goes. The saver that stays does so wherever it lies.
func (s *saverScopes) gone(node []byte) bool {
	if len(s.extraneous) == 0 {
		return false
	}
	// Of the scopes around a node, the deepest tells whose node it is.
	own := 0
	for _, at := range s.retained {
		if at != "" && scope.Under(node, at) {
			own = max(own, len(at))
		}
	}
	return s.inExtraneous(node, own)
}

// inExtraneous reports whether one of the scopes around a node, of more than n bytes, is a saver's that goes.
func (s *saverScopes) inExtraneous(node []byte, n int) bool {
	for end := bytes.LastIndexByte(node, '/'); end > n; end = bytes.LastIndexByte(node[:end], '/') {
		if s.extraneous[string(node[:end])] {
			return true
		}
	}
	return false
}
