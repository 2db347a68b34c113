package checkpoint

import (
	"cmp"
	"slices"

	"github.com/metagraph/metagraph/internal/tensor"
)

// A Report describes the contents of a checkpoint, and whether it matches a graph.
type Report struct {
	Path    string       `json:"path"`    // the prefix
	Version Version      `json:"version"` // V1 or V2
	Shards  int          `json:"shards"`
	Bytes   int64        `json:"bytes"`            // size of all tensors
	Tensors []Listed     `json:"tensors"`          // the tensors, sorted by name or by size
	Damaged []Damage     `json:"damaged,omitzero"` // damaged tensors; nil if the data was not read and the index shows no damage
	Files   []FileDamage `json:"files,omitempty"`  // data files that are missing or too short
	Hints   []string     `json:"hints,omitempty"`  // probable causes of damage, and what to do
	Graph   *Match       `json:"graph,omitempty"`  // how the checkpoint matches the graph; nil without a graph that has a saver
}

// A Listed is one tensor of a Report.
type Listed struct {
	Name     string       `json:"name"`
	DType    string       `json:"dtype"`
	Shape    tensor.Shape `json:"shape"`
	Bytes    int64        `json:"bytes"`
	Shard    int          `json:"shard"`               // number of its data file
	Slices   []Slice      `json:"slices,omitempty"`    // slices of a partitioned tensor
	Object   string       `json:"object,omitempty"`    // the object with the tensor in an object-based checkpoint: "layers.0.kernel"
	FullName string       `json:"full_name,omitempty"` // the name of its variable in an object-based checkpoint; not always unique
}

// NewReport lists the tensors of a checkpoint by name, and the damage that Check finds. Graph is not set.
func NewReport(c *Checkpoint) *Report {
	r := &Report{Path: c.Prefix, Version: c.Version, Shards: c.Shards, Tensors: make([]Listed, len(c.Tensors)), Damaged: c.Check(), Files: c.CheckFiles()}
	if len(r.Files) > 0 {
		r.Hints = append(r.Hints, "copy or download all files of the checkpoint again")
	}
	objects := c.objects()
	for i := range c.Tensors {
		t := &c.Tensors[i]
		r.Tensors[i] = Listed{Name: t.Name, DType: tensor.DTypeName(t.DType), Shape: t.Shape, Bytes: t.Bytes, Shard: t.shard(), Slices: t.slices}
		if o, ok := objects[t.Name]; ok {
			r.Tensors[i].Object, r.Tensors[i].FullName = o.path, o.fullName
		}
		r.Bytes += t.Bytes
	}
	return r
}

// Fits reports whether no tensor is missing, different or damaged.
func (r *Report) Fits() bool { return len(r.Damaged) == 0 && (r.Graph == nil || r.Graph.Fits()) }

// Pick keeps the tensors whose names keep accepts. The totals and the match still cover all tensors.
func (r *Report) Pick(keep func(name string) bool) {
	r.Tensors = slices.DeleteFunc(r.Tensors, func(t Listed) bool { return !keep(t.Name) })
}

// Top keeps the n largest tensors, largest first.
func (r *Report) Top(n int) {
	slices.SortStableFunc(r.Tensors, func(a, b Listed) int { return cmp.Compare(b.Bytes, a.Bytes) })
	r.Tensors = r.Tensors[:min(n, len(r.Tensors))]
}

// SetDamaged replaces the damage by the result of Verify.
func (r *Report) SetDamaged(damaged []Damage) {
	r.Damaged = append([]Damage{}, damaged...)
	withData := 0
	for i := range r.Tensors {
		if r.Tensors[i].Bytes > 0 {
			withData++
		}
	}
	if len(damaged) > 1 && len(damaged) >= withData {
		r.Hints = append(r.Hints, "no tensor is intact: the data file is missing, or belongs to a different step than the index")
	}
}
