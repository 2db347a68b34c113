package saver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// variables has a variable of every kind that a saver restores.
const variables = `
node { name: "ref" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { dim { size: 2 } } } } }
node { name: "unknown" op: "VariableV2" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { unknown_rank: true } } } }
node { name: "old" op: "Variable" attr { key: "dtype" value { type: DT_FLOAT } } attr { key: "shape" value { shape { } } } }
node { name: "handle" op: "VarHandleOp" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "shape" value { shape { } } } }
node { name: "read" op: "VarHandleOp" attr { key: "dtype" value { type: DT_INT64 } } attr { key: "shape" value { shape { } } } }
node { name: "read/Read/ReadVariableOp" op: "ReadVariableOp" input: "read" attr { key: "dtype" value { type: DT_INT64 } } }
node { name: "table" op: "MutableHashTableV2" attr { key: "key_dtype" value { type: DT_STRING } } attr { key: "value_dtype" value { type: DT_FLOAT } } }
node { name: "save/Const" op: "Const" }
node { name: "save_1" op: "NoOp" }
`

// open indexes a GraphDef in text.
func open(tb testing.TB, text string) *draft.Graph {
	tb.Helper()
	def := new(tfpb.GraphDef)
	if err := prototext.Unmarshal([]byte(text), def); err != nil {
		tb.Fatal(err)
	}
	raw, err := proto.Marshal(def)
	if err != nil {
		tb.Fatal(err)
	}
	g, err := graph.New(wire.Graph(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return draft.New(g)
}

// node returns node i of a draft in TensorFlow's type.
func node(tb testing.TB, g *draft.Graph, i int) *tfpb.NodeDef {
	tb.Helper()
	var n wire.Node
	g.Node(i, &n)
	def := &tfpb.NodeDef{Name: string(n.Name), Op: string(n.Op), Device: string(n.Device)}
	for _, input := range n.Inputs {
		def.Input = append(def.Input, string(input))
	}
	for key, raw := range g.Attrs(i, &n) {
		value := new(tfpb.AttrValue)
		if err := proto.Unmarshal(raw, value); err != nil {
			tb.Fatal(err)
		}
		if def.Attr == nil {
			def.Attr = make(map[string]*tfpb.AttrValue)
		}
		def.Attr[string(key)] = value
	}
	return def
}

// TestWrite compares a new saver with its twin, which spells out what TensorFlow 2.21 writes for these variables.
func TestWrite(t *testing.T) {
	g := open(t, variables)
	number := func(name string) int32 {
		i, ok := g.Find([]byte(name))
		if !ok {
			t.Fatalf("no node %q", name)
		}
		return int32(i)
	}
	float, integer := int32(tfpb.DataType_DT_FLOAT), int32(tfpb.DataType_DT_INT64)
	restored := []checkpoint.Restored{
		{Key: "w", Node: number("ref"), DType: float, Shape: []int64{5}, Slice: checkpoint.Slice{Start: []int64{3}, Length: []int64{2}}},
		{Key: "table-values", Node: number("table"), DType: float},
		{Key: "table-keys", Node: number("table"), DType: int32(tfpb.DataType_DT_STRING)},
		{Key: "unknown", Node: number("unknown"), DType: float},
		{Key: "old", Node: number("old"), DType: float},
		{Key: "handle", Node: number("handle"), DType: integer},
		{Key: "read", Node: number("read"), DType: integer, Variable: []int64{}, Reshaped: true},
		{Key: "nowhere", Node: graph.Dangling, DType: integer},
	}
	kept := func(int) bool { return true }
	saverDef, nodes := write(g, entriesFor(restored, kept), nil, "save", kept)
	checkSaverDef(t, saverDef, 5, 10000)
	made := &tfpb.GraphDef{}
	for _, i := range nodes {
		made.Node = append(made.Node, node(t, g, i))
	}
	want := new(tfpb.GraphDef)
	if err := prototext.Unmarshal([]byte(saverTwin()), want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, made, protocmp.Transform()); diff != "" {
		t.Errorf("nodes (-twin +saver):\n%s", diff)
	}
}

// TestWritePolicy: a saver keeps as many checkpoints as the one that it replaces, but is never sharded.
func TestWritePolicy(t *testing.T) {
	old := testfiles.Encode(t, &tfpb.SaverDef{RestoreOpName: "old", MaxToKeep: 3, KeepCheckpointEveryNHours: 2, Sharded: true, Version: tfpb.SaverDef_V1})
	saverDef, _ := write(open(t, variables), nil, old, "save", func(int) bool { return true })
	checkSaverDef(t, saverDef, 3, 2)
}

// checkSaverDef compares the SaverDef of a new saver, whose scope is save_2, because save and save_1 are taken.
func checkSaverDef(t *testing.T, saverDef []byte, maxToKeep int32, hours float32) {
	t.Helper()
	got := new(tfpb.SaverDef)
	if err := proto.Unmarshal(saverDef, got); err != nil {
		t.Fatal(err)
	}
	want := &tfpb.SaverDef{FilenameTensorName: "save_2/Const:0", SaveTensorName: "save_2/control_dependency:0", RestoreOpName: "save_2/restore_all",
		MaxToKeep: maxToKeep, KeepCheckpointEveryNHours: hours, Version: tfpb.SaverDef_V2}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("SaverDef (-want +got):\n%s", diff)
	}
}

// saverTwin returns the nodes of the saver that TestWrite expects.
func saverTwin() string {
	const cpu = `device: "/device:CPU:0" `
	keys := []string{"handle", "old", "read", "table-keys", "table-values", "unknown", "w"}
	types := `attr { key: "dtypes" value { list { type: [DT_INT64, DT_FLOAT, DT_INT64, DT_STRING, DT_FLOAT, DT_FLOAT, DT_FLOAT] } } }`
	var b strings.Builder
	add := func(name, op, rest string) {
		fmt.Fprintf(&b, "node { name: \"save_2/%s\" op: %q %s }\n", name, op, rest)
	}
	inputs := func(names ...string) string {
		var list strings.Builder
		for _, name := range names {
			fmt.Fprintf(&list, "input: %q ", name)
		}
		return list.String()
	}
	attr := func(key, value string) string { return fmt.Sprintf("attr { key: %q value { %s } } ", key, value) }
	scalar := attr("dtype", "type: DT_STRING") + attr("shape", "shape { }")
	list := func(values []string) string {
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = fmt.Sprintf("%q", value)
		}
		return cpu + attr("dtype", "type: DT_STRING") + attr("value", fmt.Sprintf("tensor { dtype: DT_STRING tensor_shape { dim { size: %d } } string_val: [%s] }", len(values), strings.Join(quoted, ", ")))
	}
	add("filename/input", "Const", attr("dtype", "type: DT_STRING")+attr("value", `tensor { dtype: DT_STRING tensor_shape { } string_val: "model" }`))
	add("filename", "PlaceholderWithDefault", inputs("save_2/filename/input")+scalar)
	add("Const", "PlaceholderWithDefault", inputs("save_2/filename")+scalar)
	add("SaveV2/tensor_names", "Const", list(keys))
	add("SaveV2/shape_and_slices", "Const", list([]string{"", "", "", "", "", "", "5 3,2"}))
	add("ReadVariableOp", "ReadVariableOp", inputs("handle")+attr("dtype", "type: DT_INT64"))
	add("lookup_table_export_values/LookupTableExportV2", "LookupTableExportV2", inputs("table")+attr("Tkeys", "type: DT_STRING")+attr("Tvalues", "type: DT_FLOAT"))
	add("SaveV2", "SaveV2", cpu+inputs("save_2/Const", "save_2/SaveV2/tensor_names", "save_2/SaveV2/shape_and_slices", "save_2/ReadVariableOp", "old", "read/Read/ReadVariableOp",
		"save_2/lookup_table_export_values/LookupTableExportV2", "save_2/lookup_table_export_values/LookupTableExportV2:1", "unknown", "ref")+types)
	add("control_dependency", "Identity", inputs("save_2/Const", "^save_2/SaveV2")+attr("T", "type: DT_STRING")+attr("_class", `list { s: "loc:@save_2/Const" }`))
	add("RestoreV2/tensor_names", "Const", list(keys))
	add("RestoreV2/shape_and_slices", "Const", list([]string{"", "", "", "", "", "", "5 3,2"}))
	add("RestoreV2", "RestoreV2", cpu+inputs("save_2/Const", "save_2/RestoreV2/tensor_names", "save_2/RestoreV2/shape_and_slices")+types)
	assign := func(variable, value, known string) string {
		return inputs(variable, value) + attr("T", "type: DT_FLOAT") + attr("use_locking", "b: true") + attr("validate_shape", "b: "+known) + attr("_class", fmt.Sprintf(`list { s: "loc:@%s" }`, variable))
	}
	add("Identity", "Identity", inputs("save_2/RestoreV2")+attr("T", "type: DT_INT64"))
	add("AssignVariableOp", "AssignVariableOp", inputs("handle", "save_2/Identity")+attr("dtype", "type: DT_INT64"))
	add("Assign", "Assign", assign("old", "save_2/RestoreV2:1", "false"))
	add("Reshape/shape", "Const", attr("dtype", "type: DT_INT32")+attr("value", "tensor { dtype: DT_INT32 tensor_shape { dim { size: 0 } } }"))
	add("Reshape", "Reshape", inputs("save_2/RestoreV2:2", "save_2/Reshape/shape")+attr("T", "type: DT_INT64")+attr("Tshape", "type: DT_INT32"))
	add("Identity_1", "Identity", inputs("save_2/Reshape")+attr("T", "type: DT_INT64"))
	add("AssignVariableOp_1", "AssignVariableOp", inputs("read", "save_2/Identity_1")+attr("dtype", "type: DT_INT64"))
	add("LookupTableImportV2", "LookupTableImportV2", inputs("table", "save_2/RestoreV2:3", "save_2/RestoreV2:4")+attr("Tin", "type: DT_STRING")+attr("Tout", "type: DT_FLOAT"))
	add("Assign_1", "Assign", assign("unknown", "save_2/RestoreV2:5", "false"))
	add("Assign_2", "Assign", assign("ref", "save_2/RestoreV2:6", "true"))
	add("restore_all", "NoOp", inputs("^save_2/AssignVariableOp", "^save_2/Assign", "^save_2/AssignVariableOp_1", "^save_2/LookupTableImportV2", "^save_2/Assign_1", "^save_2/Assign_2"))
	return b.String()
}
