package rewrite

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// ErrNoOutputs is the error of an export that needs to know the outputs of the graph, if none were given and the graph
// has no signature.
var ErrNoOutputs = errors.New("no outputs given, and the graph has no signature")

// ErrNoCheckpoint is the error of an export that needs the values of variables but has no checkpoint.
var ErrNoCheckpoint = errors.New("no checkpoint found next to the graph, but the values of variables are required")

// planEndpoints takes the inputs and outputs from the graph's signatures, if they are required and none were given.
func (e *exporter) planEndpoints() error {
	if !e.o.Freeze || len(e.o.Outputs) > 0 {
		return nil
	}
	e.ownSignature = true
	if keys := e.signatureKeys(); e.o.Signature != "" && !slices.Contains(keys, e.o.Signature) {
		e.conflicts.About(SignatureArgument, draft.Suggest(e.o.Signature, keys), "no signature named %q", e.o.Signature)
		return e.conflicts.Err()
	}
	if e.o.Inputs, e.o.Outputs = e.signed(); len(e.o.Outputs) == 0 {
		return ErrNoOutputs
	}
	return nil
}

// signed returns the inputs and outputs of the requested signature, or of all signatures if none was requested.
func (e *exporter) signed() (inputs, outputs []prune.Endpoint) {
	seen := make(map[string]bool)
	for raw, value := range e.m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		key := string(raw)
		if strings.HasPrefix(key, "__saved_model") || e.o.Signature != "" && e.o.Signature != key {
			continue
		}
		for s := wire.Scan(value); s.Next(); {
			side := &inputs
			switch {
			case s.Is(fieldnum.SignatureDef_Outputs):
				side = &outputs
			case !s.Is(fieldnum.SignatureDef_Inputs):
				continue
			}
			name, info := wire.MapEntry(s.Data)
			// Several keys can refer to the same tensor.
			if point, err := prune.Parse(string(wire.Last(info, fieldnum.TensorInfo_Name))); err == nil && !seen[fmt.Sprint(s.Num, point.Tensor())] {
				seen[fmt.Sprint(s.Num, point.Tensor())] = true
				point.Key = key + "/" + string(name)
				*side = append(*side, point)
			}
		}
	}
	return inputs, outputs
}

// signatureKeys returns the keys of the graph's signatures, in file order.
func (e *exporter) signatureKeys() []string {
	var keys []string
	for key := range e.m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		keys = append(keys, string(key))
	}
	return keys
}

// planFreeze turns the variables that the outputs need into constants.
func (e *exporter) planFreeze() error {
	if !e.o.Freeze {
		return nil
	}
	library, err := e.functions()
	if err != nil {
		return err
	}
	if e.freezing, err = freeze.Plan(e.draft, e.facts, library, e.cut.Reach.Has, e.cut.Fetched()); err != nil {
		return err
	}
	if err := e.cut.Again(); err != nil {
		return err
	}
	if _, err := e.restored(); err != nil {
		return err
	}
	for _, i := range e.freezing.Variables {
		if i >= len(e.cut.Reach.Has) || !e.cut.Reach.Has[i] {
			continue
		}
		if err := e.setValue(i); err != nil {
			return err
		}
		e.report.Frozen = append(e.report.Frozen, e.draft.Name(i))
	}
	if err := e.fillTables(); err != nil {
		return err
	}
	for _, name := range e.freezing.Updates {
		if i, ok := e.draft.Original([]byte(name)); ok && e.cut.Reach.Has[i] {
			e.report.Updates = append(e.report.Updates, name)
		}
	}
	e.report.Updates = append(e.report.Updates, e.freezing.FunctionUpdates...)
	return e.conflicts.Err()
}

// fillTables adds ops that fill the mutable tables with their contents in the checkpoint, because nothing restores a
// frozen graph.
func (e *exporter) fillTables() error {
	keys := make(map[int]*checkpoint.Restored)
	for k := range e.restores {
		r := &e.restores[k]
		i := int(r.Node)
		var n wire.Node
		if i < 0 || !e.cut.Reach.Has[i] {
			continue
		}
		if e.draft.Graph.Node(i, &n); !saver.IsTable(n.Op) {
			continue
		}
		if keys[i] == nil {
			keys[i] = r
			continue
		}
		if e.o.Checkpoint == nil {
			return ErrNoCheckpoint
		}
		pair := []*checkpoint.Restored{keys[i], r}
		slices.SortFunc(pair, func(a, b *checkpoint.Restored) int { return strings.Compare(a.Key, b.Key) })
		if err := e.fillTable(&n, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return e.conflicts.Err()
}

// fillTable adds an op that fills one table with the values of two keys.
func (e *exporter) fillTable(n *wire.Node, keys, values *checkpoint.Restored) error {
	name := string(n.Name)
	inputs := []string{name}
	for k, want := range []*checkpoint.Restored{keys, values} {
		t, _ := e.checkKey(want)
		if t == nil {
			return nil
		}
		content, err := e.content(t, want, t.Shape)
		if err != nil {
			return err
		}
		constant := scope.Unique(name+"/"+[]string{"keys", "values"}[k], e.taken)
		e.draft.Add(e.draft.Files(), draft.Node(constant, "Const", "", nil, map[string]*wire.Rope{
			"dtype": draft.TypeAttr(t.DType), "value": draft.TensorAttr(content)}))
		if strings.HasPrefix(string(n.Op), "MutableDenseHashTable") {
			constant = e.hideShape(constant, t.DType)
		}
		inputs = append(inputs, constant)
		e.report.Keys = append(e.report.Keys, want.Key)
	}
	op := "LookupTableImport"
	if strings.HasSuffix(string(n.Op), "V2") {
		op += "V2"
	}
	fill := scope.Unique(name+"/"+op, e.taken)
	i := e.draft.Add(e.draft.Files(), draft.Node(fill, op, "", inputs, map[string]*wire.Rope{
		"Tin": draft.TypeAttr(tensor.AttrType(n, "key_dtype")), "Tout": draft.TypeAttr(tensor.AttrType(n, "value_dtype"))}))
	e.fills = append(e.fills, i)
	return nil
}

// hideShape adds a node that passes a constant on as a tensor of unknown shape, and returns its name. The content of a dense table is a
// matrix of its buckets, which the shape function of LookupTableImport refuses if it knows the shape.
func (e *exporter) hideShape(constant string, dtype int32) string {
	name := scope.Unique(constant+"/buckets", e.taken)
	e.draft.Add(e.draft.Files(), draft.Node(name, "PlaceholderWithDefault", "", []string{constant}, map[string]*wire.Rope{
		"dtype": draft.TypeAttr(dtype), "shape": draft.ShapeAttr(draft.UnknownRank)}))
	return name
}

// taken reports whether a node has the name.
func (e *exporter) taken(name string) bool {
	_, ok := e.draft.Find([]byte(name))
	return ok
}

// content returns the TensorProto with the value of a variable.
func (e *exporter) content(t *checkpoint.Tensor, want *checkpoint.Restored, dims tensor.Shape) (*wire.Rope, error) {
	if t.IsString() {
		values, err := e.o.Checkpoint.Strings(t, want.Slice)
		return draft.StringTensor(dims, values...), err
	}
	windows, err := e.o.Checkpoint.Windows(t, want.Slice)
	return draft.TensorContent(t.DType, dims, windows), err
}

// setValue turns a variable into a constant with its value in the checkpoint.
func (e *exporter) setValue(i int) error {
	if e.o.Checkpoint == nil {
		return ErrNoCheckpoint
	}
	var n wire.Node
	e.draft.Graph.Node(i, &n)
	want := e.byNode[i]
	if want == nil {
		for _, alias := range e.freezing.Aliases(i) {
			want = cmp.Or(want, e.byNode[alias])
		}
	}
	if want == nil {
		e.conflicts.Add("save it too, or cut the graph after it", "variable %q has no value: the saver does not restore it", n.Name)
		return nil
	}
	if !e.checkDirect(want, i) {
		return nil
	}
	t, dims := e.checkKey(want)
	if t == nil {
		return nil
	}
	e.report.Keys = append(e.report.Keys, want.Key)
	content, err := e.content(t, want, dims)
	if err == nil {
		e.freezing.SetValue(i, t.DType, content)
	}
	return err
}

// checkKey returns the tensor that restores a variable, and the shape that the variable has with it. If the tensor is
// missing or does not fit, it reports an error and returns nil.
func (e *exporter) checkKey(want *checkpoint.Restored) (*checkpoint.Tensor, tensor.Shape) {
	const other = "use the checkpoint that was saved with this graph"
	name, file := "", e.o.Checkpoint.Name
	var dtype int32
	var shape tensor.Shape
	if i := int(want.Node); i >= 0 {
		var n wire.Node
		e.draft.Graph.Node(i, &n)
		name, shape = string(n.Name), want.Variable
		if opdef.IsVariable(n.Op) {
			dtype = tensor.AttrType(&n, "dtype")
		}
	}
	t := e.o.Checkpoint.Find(want.Key)
	if t == nil {
		hint := other
		if !e.conflicts.Full() {
			if near := nearest.Names(want.Key, keysOf(e.o.Checkpoint), 3); len(near) > 0 {
				hint = "similar keys: " + draft.Quoted(near)
			}
		}
		e.conflicts.Add(hint, "variable %q has no value: %s has no key %q", name, file, want.Key)
		return nil, nil
	}
	dims, ok := valueShape(want, t, shape)
	switch {
	case dtype != 0 && t.DType != dtype && want.Direct():
		e.conflicts.Add(other, "variable %q is %s, but key %q in %s is %s", name, tensor.DTypeName(dtype), want.Key, file, tensor.DTypeName(t.DType))
	case !ok && want.Direct():
		e.conflicts.Add(other, "variable %q has shape %v, but key %q in %s has shape %v", name, shape, want.Key, file, t.Shape)
	default:
		return t, dims
	}
	return nil, nil
}

// keysOf returns the names of the tensors in a checkpoint.
func keysOf(c *checkpoint.Checkpoint) []string {
	keys := make([]string, len(c.Tensors))
	for i := range c.Tensors {
		keys[i] = c.Tensors[i].Name
	}
	return keys
}

// valueShape returns the shape that a variable has with the value of t, and whether the value fits a variable of the
// given shape. A saver that reshapes requires only the same number of elements.
func valueShape(r *checkpoint.Restored, t *checkpoint.Tensor, variable tensor.Shape) (tensor.Shape, bool) {
	within, ok := r.Slice.Within(t.Shape)
	if !ok {
		return nil, false
	}
	dims := tensor.Shape(within.Length)
	a, known := variable.Elements()
	b, _ := dims.Elements()
	switch {
	case variable == nil || slices.EqualFunc(variable, dims, func(a, b int64) bool { return a < 0 || a == b }):
		return dims, true
	case r.Reshaped:
		return variable, known && a == b
	}
	return dims, false
}
