package opdef

import (
	_ "embed"
	"slices"
	"sort"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// The TensorFlow release that problems refer to. tensorflow_ops.py prints these values.
const (
	// ReferenceVersion is the release of TensorFlow that problems refer to.
	ReferenceVersion = "2.21"

	GraphVersion       = 2474 // TF_GRAPH_DEF_VERSION (tensorflow/core/public/release_version.h)
	MinProducerVersion = 0    // TF_GRAPH_DEF_VERSION_MIN_PRODUCER
)

// registeredList is an OpList, sorted by name, of the ops that `import tensorflow` registers. tensorflow_ops.py writes it.
//
//go:embed tensorflow_ops.binpb
var registeredList []byte

// Registered finds ops that TensorFlow registers.
type Registered struct{ defs [][]byte }

// NewRegistered returns the ops that TensorFlow registers.
func NewRegistered() *Registered {
	return &Registered{defs: slices.AppendSeq(make([][]byte, 0, 2048), wire.All(registeredList, fieldnum.OpList_Op))}
}

// Has reports whether TensorFlow registers an op.
func (r *Registered) Has(name string) bool {
	_, ok := r.Raw(name)
	return ok
}

// Raw returns the OpDef of an op without descriptions. It returns false if TensorFlow does not register the op.
func (r *Registered) Raw(name string) ([]byte, bool) {
	i := sort.Search(len(r.defs), func(i int) bool { return string(wire.Last(r.defs[i], fieldnum.OpDef_Name)) >= name })
	if i == len(r.defs) || string(wire.Last(r.defs[i], fieldnum.OpDef_Name)) != name {
		return nil, false
	}
	return r.defs[i], true
}
