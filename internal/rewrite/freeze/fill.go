package freeze

import (
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Frozen lists what Fill did.
type Frozen struct {
	Variables []string // variables that became constants, in file order
	Updates   []string // nodes that no longer update a variable, in file order, and then those of functions, as FUNCTION/NODE
	Keys      []string // checkpoint keys that the frozen graph contains
	Fills     []int    // new nodes that fill the mutable tables
}

// A filler gives the variables and tables of a frozen graph their values.
type filler struct {
	*Freezing
	values *values.Values
	reach  *draft.Reach
	done   Frozen
}

// Fill gives the variables in reach their values. It also adds ops that fill the mutable tables in reach, because nothing
// restores a frozen graph. The error is draft.Conflicts if a value is missing, and values.ErrNoCheckpoint without a checkpoint.
func (f *Freezing) Fill(v *values.Values, reach *draft.Reach) (*Frozen, error) {
	fill := &filler{Freezing: f, values: v, reach: reach}
	for _, i := range f.variables {
		if !fill.reaches(i) {
			continue
		}
		if err := fill.setValue(i); err != nil {
			return nil, err
		}
		fill.done.Variables = append(fill.done.Variables, f.g.Name(i))
	}
	if err := fill.fillTables(); err != nil {
		return nil, err
	}
	slices.Sort(f.updates)
	for _, i := range f.updates {
		fill.done.Updates = append(fill.done.Updates, f.g.Name(i))
	}
	fill.done.Updates = append(fill.done.Updates, f.library.updates...)
	return &fill.done, f.problems.Err()
}

func (f *filler) reaches(i int) bool { return i >= 0 && i < len(f.reach.Has) && f.reach.Has[i] }

// setValue turns a variable into a constant with its value in the checkpoint.
func (f *filler) setValue(i int) error {
	if f.values.Checkpoint == nil {
		return values.ErrNoCheckpoint
	}
	want := f.values.Of(i)
	if want == nil {
		for _, alias := range f.aliases(i) {
			want = cmp.Or(want, f.values.Of(alias))
		}
	}
	if want == nil {
		f.problems.Add("save it too, or cut the graph after it", "variable %q has no value: the saver does not restore it", f.g.Graph.Name(i))
		return nil
	}
	if !values.CheckDirect(f.g.Graph, want, i, &f.problems) {
		return nil
	}
	t, shape := f.values.Tensor(want, &f.problems)
	if t == nil {
		return nil
	}
	f.done.Keys = append(f.done.Keys, want.Key)
	value, err := f.values.Proto(t, want, shape)
	if err != nil {
		return err
	}
	e := f.g.Edit(i)
	e.Op, e.Alone, e.Inputs = "Const", true, []string{}
	e.Attrs["dtype"], e.Attrs["value"] = draft.TypeAttr(t.DType), draft.TensorAttr(value)
	return nil
}

// aliases returns the variables that share the value of variable i, in file order.
func (f *Freezing) aliases(i int) []int {
	var aliases []int
	for alias, first := range f.same {
		if first == i {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	return aliases
}

// fillTables fills the mutable tables. A saver restores two tensors of each: its keys and its values.
func (f *filler) fillTables() error {
	first := make(map[int]*checkpoint.Restored)
	for k := range f.values.Restored {
		r := &f.values.Restored[k]
		i := int(r.Node)
		if !f.reaches(i) {
			continue
		}
		var n wire.Node
		if f.g.Graph.Node(i, &n); !opdef.IsMutableTable(string(n.Op)) {
			continue
		}
		if first[i] == nil {
			first[i] = r
			continue
		}
		if f.values.Checkpoint == nil {
			return values.ErrNoCheckpoint
		}
		pair := []*checkpoint.Restored{first[i], r}
		slices.SortFunc(pair, func(a, b *checkpoint.Restored) int { return strings.Compare(a.Key, b.Key) })
		if err := f.fillTable(&n, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return f.problems.Err()
}

// fillTable adds an op that fills one table with the values of two keys.
func (f *filler) fillTable(n *wire.Node, keys, contents *checkpoint.Restored) error {
	name := string(n.Name)
	var inputs [2]string
	for k, want := range []*checkpoint.Restored{keys, contents} {
		t, _ := f.values.Tensor(want, &f.problems)
		if t == nil {
			return nil
		}
		content, err := f.values.Proto(t, want, t.Shape)
		if err != nil {
			return err
		}
		constant := scope.Unique(name+"/"+[]string{"keys", "values"}[k], f.g.Taken)
		f.g.Add(f.g.Files(), draft.Node(constant, "Const", "", nil, map[string]*wire.Rope{
			"dtype": draft.TypeAttr(t.DType), "value": draft.TensorAttr(content)}))
		if strings.HasPrefix(string(n.Op), "MutableDenseHashTable") {
			constant = f.hideShape(constant, t.DType)
		}
		inputs[k] = constant
		f.done.Keys = append(f.done.Keys, want.Key)
	}
	fill := saver.ImportTable(n, inputs[0], inputs[1])
	fill.Name = scope.Unique(name+"/"+fill.Op, f.g.Taken)
	f.done.Fills = append(f.done.Fills, f.g.Add(f.g.Files(), fill))
	return nil
}

// hideShape adds a node that passes a constant on as a tensor of unknown shape, and returns its name. The content of a
// dense table is a matrix of its buckets. The shape function of LookupTableImport refuses it if it knows the shape.
func (f *filler) hideShape(constant string, dtype int32) string {
	name := scope.Unique(constant+"/buckets", f.g.Taken)
	f.g.Add(f.g.Files(), draft.Node(name, "PlaceholderWithDefault", "", []string{constant}, map[string]*wire.Rope{
		"dtype": draft.TypeAttr(dtype), "shape": draft.ShapeAttr(draft.UnknownRank)}))
	return name
}
