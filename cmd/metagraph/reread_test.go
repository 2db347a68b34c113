package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// rewrites are the rewriting commands, with flags that exercise their different paths.
var rewrites = [][]string{
	{"clear-devices"}, {"clear-devices", "--colocation", "--match", "/cpu:0", "--map", "/gpu:*=/gpu:1"},
	{"filter-collections", "--drop", "*", "--allow-missing"}, {"filter-collections", "--keep", "*", "--allow-missing"},
	{"export"}, {"export", "--export-scope", "s"}, {"export", "--strip-default-attrs", "--clear-devices"},
	{"import"}, {"import", "--import-scope", "s"}, {"import", "--into", "BASE"}, {"import", "--into", "BASE", "--import-scope", "s"},
}

// checkReread checks the output of each rewriting command that accepts the file: show and the same command must accept it too.
// filter-collections does not parse the graph, so its output can contain the input's damage. It returns how many commands accept
// the file.
func checkReread(t *testing.T, raw []byte) int {
	t.Helper()
	run := func(raw []byte, args ...string) (code int, stdout []byte, stderr string) {
		code, out, stderr := command(bytes.NewReader(raw), args...)
		return code, []byte(out), stderr
	}
	took := 0
	for _, rewrite := range rewrites {
		args := slices.Clone(rewrite)
		if at := slices.Index(args, "BASE"); at >= 0 {
			args[at] = testfiles.Path(t, "testdata/queues.meta")
		}
		code, out, _ := run(raw, args...)
		if code != exitDone {
			continue
		}
		took++
		if code, _, stderr := run(out, "show", "-", "all"); code != exitDone {
			if was, _, _ := run(raw, "show", "-", "all"); was == exitDone || rewrite[0] != "filter-collections" {
				t.Errorf("%q: show of the output: %s", rewrite, stderr)
			}
		}
		if slices.Contains(args, "--export-scope") {
			continue // the output no longer has the scope
		}
		if code, _, stderr := run(out, args...); code != exitDone {
			t.Errorf("%q: run on the output: %s", rewrite, stderr)
		}
	}
	return took
}

// everything returns a message with nearly everything that a MetaGraphDef can contain.
func everything(t testing.TB) []byte {
	t.Helper()
	tensor := &tfpb.TensorInfo{Encoding: &tfpb.TensorInfo_Name{Name: "s/v:0"}}
	variable, err := proto.Marshal(&tfpb.VariableDef{VariableName: "s/v:0", InitializerName: "s/v", SnapshotName: "s/v:0"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) *tfpb.AttrValue { return &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(s)}} }
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&tfpb.MetaGraphDef{
		MetaInfoDef: &tfpb.MetaGraphDef_MetaInfoDef{TensorflowVersion: "1.15.0", FunctionAliases: map[string]string{"f": "g"}, StrippedOpList: &tfpb.OpList{Op: []*tfpb.OpDef{{
			Name: "VariableV2", OutputArg: []*tfpb.OpDef_ArgDef{{Name: "ref", TypeAttr: "dtype"}}, Attr: []*tfpb.OpDef_AttrDef{{Name: "shared_name", Type: "string", DefaultValue: text("")}}}}}},
		GraphDef: &tfpb.GraphDef{
			Node: []*tfpb.NodeDef{{Name: "s/v", Op: "VariableV2", Device: "/gpu:0", Attr: map[string]*tfpb.AttrValue{"shared_name": text("x"),
				"_class": {Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{S: [][]byte{[]byte("loc:@s/v")}}}}}}, {Name: "s/w", Op: "f", Input: []string{"s/v"}}},
			Library: &tfpb.FunctionDefLibrary{
				Function: []*tfpb.FunctionDef{{Signature: &tfpb.OpDef{Name: "f", InputArg: []*tfpb.OpDef_ArgDef{{Name: "x"}}}, NodeDef: []*tfpb.NodeDef{{Name: "n", Op: "NoOp", Device: "/cpu:0"}}}},
				Gradient: []*tfpb.GradientDef{{FunctionName: "f", GradientFunc: "f"}}},
			Versions:  &tfpb.VersionDef{Producer: 24},
			DebugInfo: &tfpb.GraphDebugInfo{Traces: map[string]*tfpb.GraphDebugInfo_StackTrace{"s/v@": {FileLineCols: []*tfpb.GraphDebugInfo_FileLineCol{{Line: proto.Int32(3)}}}}},
		},
		SaverDef: &tfpb.SaverDef{FilenameTensorName: "s/v:0", SaveTensorName: "s/v:0", RestoreOpName: "s/v"},
		CollectionDef: map[string]*tfpb.CollectionDef{
			"variables": {Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{variable}}}},
			"nodes":     {Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: []string{"s/v:0"}}}}},
		SignatureDef:   map[string]*tfpb.SignatureDef{"serving_default": {Inputs: map[string]*tfpb.TensorInfo{"x": tensor}}},
		AssetFileDef:   []*tfpb.AssetFileDef{{TensorInfo: tensor, Filename: "v.txt"}},
		ObjectGraphDef: &tfpb.SavedObjectGraph{Nodes: []*tfpb.SavedObject{{Kind: &tfpb.SavedObject_Constant{Constant: &tfpb.SavedConstant{Operation: "s/v"}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// eachMessage calls use with the payload of each nested message and its path, according to the schema.
func eachMessage(raw []byte, d protoreflect.MessageDescriptor, path string, use func(path string, payload []byte)) {
	for s := wire.Scan(raw); s.Next(); {
		if f := d.Fields().ByNumber(s.Num); f != nil && f.Message() != nil && s.Type == protowire.BytesType && len(s.Data) > 0 {
			use(path+"/"+string(f.Name()), s.Data)
			eachMessage(s.Data, f.Message(), path+"/"+string(f.Name()), use)
		}
	}
}

// TestReread damages each nested message in turn.
func TestReread(t *testing.T) {
	raw := everything(t)
	if took := checkReread(t, raw); took != len(rewrites) {
		t.Fatalf("%d of %d commands accept the undamaged file", took, len(rewrites))
	}
	damaged := bytes.Clone(raw)
	eachMessage(damaged, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor(), "", func(path string, payload []byte) {
		// Damage the message itself instead of a copy: it is repaired afterwards.
		was := bytes.Clone(payload)
		for _, damage := range []func(){
			func() { payload[len(payload)-1] = 0x0a },                // a tag without a value
			func() { copy(payload, bytes.Repeat([]byte{0xff}, 11)) }, // a tag that never ends
		} {
			damage()
			input := bytes.Clone(damaged)
			copy(payload, was)
			t.Run(strings.TrimPrefix(path, "/"), func(t *testing.T) { checkReread(t, input) })
		}
	})
}

// FuzzReread is TestReread for arbitrary bytes.
func FuzzReread(f *testing.F) {
	raw := everything(f)
	f.Add(raw)
	f.Add(raw[len(raw)/2:])
	for _, odd := range []*tfpb.MetaGraphDef{
		// Clearing the devices leaves names that no TensorFlow writes.
		{GraphDef: &tfpb.GraphDef{Node: []*tfpb.NodeDef{{Name: "\x01", Op: "A", Device: "/gpu:0"}, {Name: "b\x02", Op: "A", Device: "/gpu:0"}}}},
		// Dropping all collections leaves nothing.
		{CollectionDef: map[string]*tfpb.CollectionDef{"k": {}}},
	} {
		raw, err := proto.Marshal(odd)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 8<<10 {
			return
		}
		checkReread(t, raw)
	})
}
