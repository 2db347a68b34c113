package checkpoint

import (
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/tensor"
)

// A Report is what a checkpoint holds and whether it fits a graph, made ready to be shown.
type Report struct {
	Path    string   `json:"path"` // the prefix
	Version Version  `json:"version"`
	Shards  int      `json:"shards"`
	Bytes   int64    `json:"bytes"`            // of all tensors
	Tensors []Listed `json:"tensors"`          // see Listed
	Damaged []Damage `json:"damaged,omitzero"` // nil if the data was not read and the index shows no damage
	Hints   []string `json:"hints,omitempty"`  // what probably happened to damaged data
	Graph   *Match   `json:"graph,omitempty"`  // nil if there is no graph with a saver
}

// A Listed is one tensor of a Report.
type Listed struct {
	Name     string       `json:"name"`
	DType    string       `json:"dtype"`
	Shape    tensor.Shape `json:"shape"`
	Bytes    int64        `json:"bytes"`
	Shard    int          `json:"shard"`
	Slices   []Slice      `json:"slices,omitempty"`    // of a partitioned tensor
	Object   string       `json:"object,omitempty"`    // in an object-based checkpoint, the object that has the tensor: "layers.0.kernel"
	FullName string       `json:"full_name,omitempty"` // and the name that its variable had; not always unique
}

// NewReport lists the tensors of a checkpoint in order of their names, with what Check finds. It has no Graph yet.
func NewReport(c *Checkpoint) *Report {
	r := &Report{Path: c.Prefix, Version: c.Version, Shards: c.Shards, Tensors: make([]Listed, len(c.Tensors)), Damaged: c.Check()}
	objects := c.Objects()
	for i := range c.Tensors {
		t := &c.Tensors[i]
		r.Tensors[i] = Listed{Name: t.Name, DType: tensor.DTypeName(t.DType), Shape: t.Shape, Bytes: t.Bytes, Shard: t.Shard(), Slices: t.Slices}
		if o, ok := objects[t.Name]; ok {
			r.Tensors[i].Object, r.Tensors[i].FullName = o.Path, o.FullName
		}
		r.Bytes += t.Bytes
	}
	return r
}

// Fits reports whether nothing is missing, different or damaged.
func (r *Report) Fits() bool { return len(r.Damaged) == 0 && (r.Graph == nil || r.Graph.Fits()) }

// Pick keeps the tensors whose name keep accepts; the totals and the match are about all tensors.
func (r *Report) Pick(keep func(name string) bool) {
	r.Tensors = slices.DeleteFunc(r.Tensors, func(t Listed) bool { return !keep(t.Name) })
}

// Top keeps the n largest tensors, the largest first.
func (r *Report) Top(n int) {
	slices.SortStableFunc(r.Tensors, func(a, b Listed) int { return cmp.Compare(b.Bytes, a.Bytes) })
	r.Tensors = r.Tensors[:min(n, len(r.Tensors))]
}

// SetDamaged takes over what Verify found in the data.
func (r *Report) SetDamaged(damaged []Damage) {
	r.Damaged = append([]Damage{}, damaged...)
	withData := 0
	for i := range r.Tensors {
		if r.Tensors[i].Bytes > 0 {
			withData++
		}
	}
	if len(damaged) > 1 && len(damaged) >= withData {
		r.Hints = append(r.Hints, "no tensor is intact: the data file is missing, or belongs to another step than the index")
	}
}
