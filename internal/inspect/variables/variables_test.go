package variables

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// found is a List whose variables are in memory.
type found struct {
	Variables        []Variable
	Total, Trainable Totals
}

// variables returns the variables that Find finds in m, as far as they match a filter.
func variables(t *testing.T, m *tfpb.MetaGraphDef, f model.Filter) found {
	t.Helper()
	l, err := Find(model.New(testfiles.MetaGraph(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	l = l.Pick(f)
	out := found{Total: l.Total, Trainable: l.Trainable}
	for v := range l.Variables {
		out.Variables = append(out.Variables, *v)
	}
	return out
}

const adam = `
w = VariableV2 dtype=float shape=(4,3)
zeros = Const dtype=float out=(4,3)
w/Assign = Assign w zeros T=float
w/Adam = VariableV2 dtype=float shape=(4,3)
w/Adam_1 = VariableV2 dtype=float shape=(4,3)
power = VariableV2 dtype=float shape=()
power/read = Identity power T=float
global_step = VariableV2 dtype=int64 shape=()
w/ExponentialMovingAverage = VariableV2 dtype=float shape=(4,3)
handle = VarHandleOp dtype=half shape=(2)
names = VariableV2 dtype=string shape=(7)
open = VariableV2 dtype=float shape=?
temporary = TemporaryVariable dtype=float shape=(9)
train/apply = ApplyAdam w w/Adam w/Adam_1 power/read power/read zeros zeros zeros zeros zeros T=float
save/RestoreV2 = RestoreV2 zeros zeros zeros dtypes=float,float
save/Assign = Assign w/Adam save/RestoreV2 T=float
`

// TestSlotsWithoutApply finds the slots that an optimizer updates with ordinary ops, as Adam does for a sparse gradient. A variable
// below another one is not a slot if their shapes differ or the other one is not trained.
func TestSlotsWithoutApply(t *testing.T) {
	m := testfiles.Sketch(t, `
table = VariableV2 dtype=float shape=(4,3)
table/Adam = VariableV2 dtype=float shape=(4,3)
table/rows = VariableV2 dtype=float shape=(4)
fixed = VariableV2 dtype=float shape=(2)
fixed/Adam = VariableV2 dtype=float shape=(2)
`)
	m.CollectionDef = map[string]*tfpb.CollectionDef{
		"trainable_variables": testfiles.VariableList(t, &tfpb.VariableDef{VariableName: "table:0"}),
	}
	type slot struct {
		Kind VariableKind
		Of   string
	}
	got := make(map[string]slot)
	for _, v := range variables(t, m, model.Filter{}).Variables {
		got[v.Name] = slot{v.Kind, v.Of}
	}
	want := map[string]slot{
		"table": {Kind: KindModel}, "table/Adam": {KindOptimizer, "table"}, "table/rows": {Kind: KindModel},
		"fixed": {Kind: KindModel}, "fixed/Adam": {Kind: KindModel},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVariables(t *testing.T) {
	m := testfiles.Sketch(t, adam)
	m.CollectionDef = map[string]*tfpb.CollectionDef{
		"trainable_variables": testfiles.VariableList(t, &tfpb.VariableDef{VariableName: "w:0", InitializerName: "w/Assign", InitialValueName: "zeros:0"}),
		"variables": testfiles.VariableList(t, &tfpb.VariableDef{VariableName: "power:0"}, &tfpb.VariableDef{VariableName: "w:0", InitializerName: "w/Assign"},
			&tfpb.VariableDef{VariableName: "gone:0", Trainable: true}),
		"model_variables":  testfiles.NodeList("handle", "w:0"),
		"metric_variables": testfiles.VariableList(t, &tfpb.VariableDef{VariableName: "open:0"}),
		"my_weights":       testfiles.NodeList("w:0", "zeros:0"),
		"local_variables":  testfiles.NodeList("names:0"),
	}
	got := variables(t, m, model.Filter{})
	want := found{
		Variables: []Variable{
			{Name: "power", Kind: KindOptimizer, DType: "float32", Shape: tensor.Shape{}, Parameters: 1, Bytes: 4, Op: "VariableV2",
				Sources: []string{"variables", "graph"}},
			{Name: "w", Kind: KindModel, DType: "float32", Shape: tensor.Shape{4, 3}, Parameters: 12, Bytes: 48, Trainable: true, Op: "VariableV2",
				Initializer: "w/Assign", InitialValue: "zeros:0",
				Sources: []string{"variables", "trainable_variables", "model_variables", "my_weights", "graph"}},
			{Name: "gone", Kind: KindModel, Parameters: -1, Bytes: -1, Sources: []string{"variables"}},
			{Name: "handle", Kind: KindModel, DType: "float16", Shape: tensor.Shape{2}, Parameters: 2, Bytes: 4, Op: "VarHandleOp",
				Sources: []string{"model_variables", "graph"}},
			{Name: "names", Kind: KindLocal, DType: "string", Shape: tensor.Shape{7}, Parameters: 7, Bytes: -1, Op: "VariableV2",
				Sources: []string{"local_variables", "graph"}},
			{Name: "open", Kind: KindMetric, DType: "float32", Parameters: -1, Bytes: -1, Op: "VariableV2",
				Sources: []string{"metric_variables", "graph"}},
			{Name: "w/Adam", Kind: KindOptimizer, Of: "w", DType: "float32", Shape: tensor.Shape{4, 3}, Parameters: 12, Bytes: 48, Op: "VariableV2",
				Sources: []string{"graph"}},
			{Name: "w/Adam_1", Kind: KindOptimizer, Of: "w", DType: "float32", Shape: tensor.Shape{4, 3}, Parameters: 12, Bytes: 48, Op: "VariableV2",
				Sources: []string{"graph"}},
			{Name: "global_step", Kind: KindGlobalStep, DType: "int64", Shape: tensor.Shape{}, Parameters: 1, Bytes: 8, Op: "VariableV2",
				Sources: []string{"graph"}},
			{Name: "w/ExponentialMovingAverage", Kind: KindMovingAverage, Of: "w", DType: "float32", Shape: tensor.Shape{4, 3}, Parameters: 12,
				Bytes: 48, Op: "VariableV2", Sources: []string{"graph"}},
		},
		Total:     Totals{Variables: 10, Parameters: 1 + 12 + 2 + 7 + 12 + 12 + 1 + 12, Bytes: 4 + 48 + 4 + 48 + 48 + 8 + 48, Unknown: 3},
		Trainable: Totals{Variables: 1, Parameters: 12, Bytes: 48},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	picked := variables(t, m, model.Filter{Scopes: []string{"w"}})
	if want := (Totals{Variables: 4, Parameters: 48, Bytes: 192}); picked.Total != want {
		t.Errorf("Pick adds up to %v, want %v", picked.Total, want)
	}
}

// TestVariablesOfGraph checks that trainable variables are found from the graph alone.
func TestVariablesOfGraph(t *testing.T) {
	for _, v := range variables(t, testfiles.Sketch(t, adam), model.Filter{}).Variables {
		if v.Trainable != (v.Name == "w") {
			t.Errorf("%s: trainable is %v", v.Name, v.Trainable)
		}
		if v.Name == "w" && (v.Initializer != "w/Assign" || v.InitialValue != "zeros:0") {
			t.Errorf("w is initialized by %q with %q", v.Initializer, v.InitialValue)
		}
		if v.Name == "w/Adam" && v.Initializer != "" {
			t.Errorf("w/Adam is initialized by %q, which restores it", v.Initializer)
		}
	}
}

// TestOldScalar checks that the empty shape of a Variable op means a scalar only if the initial value confirms it.
func TestOldScalar(t *testing.T) {
	m := testfiles.Sketch(t, `
said = Variable dtype=float shape=() out=()
unsaid = Variable dtype=float shape=()
assigned = Variable dtype=float shape=()
value = Const dtype=float out=(5)
assigned/Assign = Assign assigned value T=float
`)
	want := []tensor.Shape{{}, nil, {5}}
	for i, v := range variables(t, m, model.Filter{}).Variables {
		if diff := cmp.Diff(want[i], v.Shape); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v.Name, diff)
		}
	}
}

func part(name string, full, offset, shape []int64) *tfpb.VariableDef {
	return &tfpb.VariableDef{VariableName: name + ":0", SaveSliceInfoDef: &tfpb.SaveSliceInfoDef{
		FullName: "table", FullShape: full, VarOffset: offset, VarShape: shape,
	}}
}

func TestPartitionedVariables(t *testing.T) {
	m := testfiles.Sketch(t, `
table/part_1 = VariableV2 dtype=float shape=(5,4)
table/part_0 = VariableV2 dtype=float shape=(5,4)
whole = VariableV2 dtype=float shape=(2)
small/part_0 = VariableV2 dtype=float shape=(2)
slot_0 = VariableV2 dtype=float shape=(5,4)
g = Const dtype=float
apply = ApplyMomentum table/part_0 slot_0 g g g T=float
`)
	full := []int64{10, 4}
	whole := part("whole", []int64{2}, []int64{0}, []int64{2})
	whole.SaveSliceInfoDef.FullName = "whole"
	all := testfiles.VariableList(t, part("table/part_1", full, []int64{5, 0}, []int64{5, 4}), part("table/part_0", full, []int64{0, 0}, []int64{5, 4}), whole,
		&tfpb.VariableDef{VariableName: "small/part_0:0", SaveSliceInfoDef: &tfpb.SaveSliceInfoDef{
			FullName: "small", FullShape: []int64{2}, VarOffset: []int64{0}, VarShape: []int64{2}}})
	m.CollectionDef = map[string]*tfpb.CollectionDef{"variables": all, "trainable_variables": all}
	want := []Variable{
		{Name: "table", Kind: KindModel, DType: "float32", Shape: tensor.Shape{10, 4}, Parameters: 40, Bytes: 160, Trainable: true, Op: "VariableV2",
			Parts: []Part{
				{Name: "table/part_0", Shape: tensor.Shape{5, 4}, Offset: []int64{0, 0}, Parameters: 20, Slice: "10 4 0,5:0,4", Op: "VariableV2"},
				{Name: "table/part_1", Shape: tensor.Shape{5, 4}, Offset: []int64{5, 0}, Parameters: 20, Slice: "10 4 5,5:0,4", Op: "VariableV2"},
			},
			Sources: []string{"variables", "trainable_variables", "graph"}},
		{Name: "whole", Kind: KindModel, DType: "float32", Shape: tensor.Shape{2}, Parameters: 2, Bytes: 8, Trainable: true, Op: "VariableV2", Slice: "2 0,2",
			Sources: []string{"variables", "trainable_variables", "graph"}},
		{Name: "small", Kind: KindModel, DType: "float32", Shape: tensor.Shape{2}, Parameters: 2, Bytes: 8, Trainable: true, Op: "VariableV2",
			Parts:   []Part{{Name: "small/part_0", Shape: tensor.Shape{2}, Offset: []int64{0}, Parameters: 2, Slice: "2 0,2", Op: "VariableV2"}},
			Sources: []string{"variables", "trainable_variables", "graph"}},
		{Name: "slot_0", Kind: KindOptimizer, Of: "table", DType: "float32", Shape: tensor.Shape{5, 4}, Parameters: 20, Bytes: 80, Op: "VariableV2",
			Sources: []string{"graph"}},
	}
	if diff := cmp.Diff(want, variables(t, m, model.Filter{}).Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}

	// One part is missing and another has an invalid slice.
	m.CollectionDef["variables"] = testfiles.VariableList(t, part("table/part_1", full, []int64{5, 0}, []int64{5, 4}),
		part("table/part_0", full, []int64{9, 0}, []int64{5, 4}))
	delete(m.CollectionDef, "trainable_variables")
	got := variables(t, m, model.Filter{}).Variables
	if len(got) != 5 || !got[0].Incomplete || got[0].Parameters != 40 || got[1].Slice != "" || got[1].Name != "table/part_0" {
		t.Errorf("variables = %+v", got)
	}
}

// TestPartitionedVariablesOfGraph checks that partitioned variables are found from the savers of a graph alone.
func TestPartitionedVariablesOfGraph(t *testing.T) {
	m := testfiles.Sketch(t, `
a = VariableV2 dtype=float shape=(3,4)
b = VarHandleOp dtype=float shape=(2,4)
b/read = ReadVariableOp b dtype=float
c = VariableV2 dtype=float shape=(3)
d = VariableV2 dtype=float shape=(9)
names = Const dtype=string
slices = Const dtype=string
save = SaveV2 names names slices a b/read c d
`)
	set := func(node int, values ...string) {
		tensor := &tfpb.TensorProto{Dtype: tfpb.DataType_DT_STRING, TensorShape: testfiles.ShapeProto(int64(len(values)))}
		for _, v := range values {
			tensor.StringVal = append(tensor.StringVal, []byte(v))
		}
		m.GraphDef.Node[node].Attr["value"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Tensor{Tensor: tensor}}
	}
	set(5, "table", "table", "c", "d")
	set(6, "5 4 0,3:-", "5 4 3,2:0,4", "", "5 0,5")
	var got []string
	for _, v := range variables(t, m, model.Filter{}).Variables {
		line := v.Name + " " + v.Shape.String()
		for _, p := range v.Parts {
			line += " " + p.Name + " [" + p.Slice + "]"
		}
		got = append(got, line)
	}
	want := []string{"table (5, 4) a [5 4 0,3:0,4] b [5 4 3,2:0,4]", "c (3)", "d (9)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	for _, spec := range []string{"", " ", "5", "5 ", "5 0", "5 0,x", "x 0,1", "5 5 0,1", "5 4,2", "5 -1,2", "-5 -"} {
		if slice, ok := parseSlice("v", spec); ok {
			t.Errorf("parseSlice(%q) = %v", spec, slice)
		}
	}
}

// TestObjectGraph checks that the object graph determines trainable variables and optimizer slots.
func TestObjectGraph(t *testing.T) {
	handle := func(m *tfpb.MetaGraphDef, name, shared string) {
		m.GraphDef.Node = append(m.GraphDef.Node, &tfpb.NodeDef{Name: name, Op: "VarHandleOp", Attr: map[string]*tfpb.AttrValue{
			"shared_name": {Value: &tfpb.AttrValue_S{S: []byte(shared)}}, "dtype": testfiles.TypeAttr(tfpb.DataType_DT_FLOAT),
			"shape": {Value: &tfpb.AttrValue_Shape{Shape: testfiles.ShapeProto(3)}},
		}})
	}
	m := &tfpb.MetaGraphDef{GraphDef: new(tfpb.GraphDef)}
	handle(m, "dense/kernel", "dense/kernel")
	handle(m, "Adam/m/dense/kernel_1", "Adam/m/dense/kernel")
	saved := func(name string, trainable bool) *tfpb.SavedObject {
		return &tfpb.SavedObject{Kind: &tfpb.SavedObject_Variable{Variable: &tfpb.SavedVariable{
			Name: name, Trainable: trainable, Dtype: tfpb.DataType_DT_FLOAT, Shape: testfiles.ShapeProto(3)}}}
	}
	m.ObjectGraphDef = &tfpb.SavedObjectGraph{Nodes: []*tfpb.SavedObject{
		{SlotVariables: []*tfpb.TrackableObjectGraph_TrackableObject_SlotVariableReference{
			{OriginalVariableNodeId: 1, SlotName: "m", SlotVariableNodeId: 2}, {OriginalVariableNodeId: 7, SlotVariableNodeId: -1}}},
		saved("dense/kernel", true), saved("Adam/m/dense/kernel", false), saved("elsewhere", false),
		saved("SGD/momentum/dense/kernel", false), saved("copy/dense/kernel", false),
	}}
	want := []Variable{
		{Name: "dense/kernel", Kind: KindModel, DType: "float32", Shape: tensor.Shape{3}, Parameters: 3, Bytes: 12, Trainable: true, Op: "VarHandleOp",
			Sources: []string{"object_graph", "graph"}},
		{Name: "Adam/m/dense/kernel_1", Kind: KindOptimizer, Of: "dense/kernel", DType: "float32", Shape: tensor.Shape{3}, Parameters: 3, Bytes: 12,
			Op: "VarHandleOp", Sources: []string{"object_graph", "graph"}},
		{Name: "elsewhere", Kind: KindModel, DType: "float32", Shape: tensor.Shape{3}, Parameters: 3, Bytes: 12, Sources: []string{"object_graph"}},
		{Name: "SGD/momentum/dense/kernel", Kind: KindOptimizer, Of: "dense/kernel", DType: "float32", Shape: tensor.Shape{3}, Parameters: 3, Bytes: 12,
			Sources: []string{"object_graph"}},
		{Name: "copy/dense/kernel", Kind: KindModel, DType: "float32", Shape: tensor.Shape{3}, Parameters: 3, Bytes: 12, Sources: []string{"object_graph"}},
	}
	if diff := cmp.Diff(want, variables(t, m, model.Filter{}).Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// TestHugeVariables checks that sums are capped at the largest int64.
func TestHugeVariables(t *testing.T) {
	m := testfiles.Sketch(t, `
a = VariableV2 dtype=float shape=(4611686018427387904,1)
b = VariableV2 dtype=float shape=(4611686018427387904,1)
c = VariableV2 dtype=float shape=(4611686018427387904,9)
`)
	l := variables(t, m, model.Filter{})
	if l.Total != (Totals{Variables: 3, Parameters: math.MaxInt64, Bytes: 0, Unknown: 3}) {
		t.Errorf("total = %+v", l.Total)
	}
	out, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), `"parameters":null`) || !strings.Contains(string(out), `"bytes":null`) {
		t.Errorf("unknown quantities are written as\n%s", out)
	}
}

// TestBrokenDefinitions checks that entries that are not VariableDefs are skipped.
func TestBrokenDefinitions(t *testing.T) {
	m := testfiles.Sketch(t, "v = VariableV2 dtype=float shape=(2)\n")
	m.CollectionDef = map[string]*tfpb.CollectionDef{"variables": {Kind: &tfpb.CollectionDef_BytesList_{
		BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{{0xff}, nil, []byte("v:0")}}}}}
	l := variables(t, m, model.Filter{})
	if len(l.Variables) != 1 || l.Variables[0].Name != "v" {
		t.Errorf("variables = %+v", l.Variables)
	}
	if got := variables(t, new(tfpb.MetaGraphDef), model.Filter{}); got.Variables != nil {
		t.Errorf("variables of nothing = %+v", got)
	}
}
