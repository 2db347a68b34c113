package rewrite

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A saverScopes holds the scopes of the savers in a graph.
type saverScopes struct {
	extraneous map[string]bool // scopes to remove
	retained   []string        // scopes of the saver that saver_def names
}

// findSavers finds the scopes of all savers. The scopes that saver, the SaverDef of the file, does not name are
// extraneous (_find_extraneous_saver_nodes in tensorflow/python/framework/meta_graph.py).
func findSavers(g wire.Graph, saver []byte) (*saverScopes, error) {
	s := &saverScopes{extraneous: make(map[string]bool)}
	for _, num := range []protowire.Number{fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
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
		// An op at the top level has no scope to remove.
		if at := scope.Parent(op); at != "" {
			s.extraneous[at] = true
		}
	}
	for _, op := range ops {
		delete(s.extraneous, op) // the op has the same name as the scope of another
	}
	for _, at := range s.retained {
		delete(s.extraneous, at)
	}
	return s, nil
}

// removes reports whether a node is in the scope of an extraneous saver. A retained saver is kept even if its scope is
// inside such a scope.
func (s *saverScopes) removes(node []byte) bool {
	if len(s.extraneous) == 0 {
		return false
	}
	// A node belongs to the innermost saver scope around it.
	own := 0
	for _, at := range s.retained {
		if at != "" && scope.Under(node, at) {
			own = max(own, len(at))
		}
	}
	return s.inExtraneous(node, own)
}

// inExtraneous reports whether an extraneous scope longer than n bytes contains the node.
func (s *saverScopes) inExtraneous(node []byte, n int) bool {
	for end := bytes.LastIndexByte(node, '/'); end > n; end = bytes.LastIndexByte(node[:end], '/') {
		if s.extraneous[string(node[:end])] {
			return true
		}
	}
	return false
}
