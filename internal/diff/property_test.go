package diff

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// realFiles calls test with every MetaGraphDef in testdata and, where it is there, in the corpus.
func realFiles(t *testing.T, test func(t *testing.T, m *tfpb.MetaGraphDef)) {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"../../testdata/*.meta", "../../../shared/corpus/*.meta"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		base := filepath.Base(path)
		if strings.HasPrefix(base, "BAD-") {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if testing.Short() && len(raw) > 1<<20 {
			continue
		}
		m := new(tfpb.MetaGraphDef)
		if err := proto.Unmarshal(raw, m); err != nil {
			continue // a file that is kept because it is none
		}
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			test(t, m)
		})
	}
}

// index returns the bytes of a message as Compare takes them.
func index(t testing.TB, m *tfpb.MetaGraphDef) *wire.MetaGraph {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := wire.ParseMetaGraph(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func clone(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { return proto.Clone(m).(*tfpb.MetaGraphDef) }

// tell returns the differences in a report, one a line. Variables are left out: they say again what nodes say.
func tell(r *Report) []string {
	var out []string
	for name, p := range r.Parts() {
		if name != Variables {
			out = append(out, tellPart(name, p)...)
		}
	}
	return out
}

func tellPart(at string, p *Part) []string {
	var out []string
	tellChange := func(kind string, c Change) {
		line := at + " " + kind + " " + c.Name
		if c.NewName != "" {
			line += " => " + c.NewName
		}
		if len(c.Fields) == 0 && c.Nodes == nil && c.Entries == nil {
			out = append(out, line)
		}
		for _, f := range c.Fields {
			out = append(out, line+" "+tellField(f))
		}
		if c.Nodes != nil {
			out = append(out, tellPart(line+" nodes", c.Nodes)...)
		}
		if c.Entries != nil {
			out = append(out, tellPart(line+" entries", c.Entries)...)
		}
	}
	for _, s := range p.RenamedScopes {
		out = append(out, fmt.Sprintf("%s scope %s => %s (%d)", at, s.Name, s.NewName, s.Nodes))
	}
	for kind, changes := range map[string][]Change{"added": p.Added, "removed": p.Removed, "renamed": p.Renamed, "changed": p.Changed, "moved": p.Moved} {
		for _, c := range changes {
			tellChange(kind, c)
		}
	}
	for _, f := range p.Fields {
		out = append(out, at+" "+tellField(f))
	}
	return out
}

func tellField(f Field) string {
	text := func(s *string) string {
		if s == nil {
			return "none"
		}
		return *s
	}
	line := f.Field + ": " + text(f.A) + " -> " + text(f.B)
	if f.Tensor != nil {
		line += fmt.Sprintf(" (%d of %d)", f.Tensor.Differ, f.Tensor.Values)
	}
	return line
}

// TestEqual: a file does not differ from another form of itself.
func TestEqual(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		r := rand.New(rand.NewPCG(1, 2))
		forms := map[string]func(*tfpb.MetaGraphDef) *tfpb.MetaGraphDef{
			"serialized again": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { return m },
			"shuffled":         func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { shuffle(r, m); return m },
			"inputs respelled": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { respell(r, m); return m },
			"tensors respelled": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				respellTensors(r, m)
				return m
			},
			"all of it": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				shuffle(r, m)
				respell(r, m)
				respellTensors(r, m)
				return m
			},
			"JSON": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				text, err := protojson.Marshal(m)
				if err != nil {
					return m // an Any of a type that is not known has no JSON
				}
				out := new(tfpb.MetaGraphDef)
				if err := protojson.Unmarshal(text, out); err != nil {
					t.Fatal(err)
				}
				return out
			},
			"text": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				text, err := prototext.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				out := new(tfpb.MetaGraphDef)
				if err := prototext.Unmarshal(text, out); err != nil {
					t.Fatal(err)
				}
				return out
			},
		}
		a := index(t, m)
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			if len(m.GetGraphDef().GetNode()) > 500 && name != "all of it" {
				continue
			}
			report, err := Compare(a, index(t, forms[name](clone(m))), Options{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if lines := tell(report); len(lines) > 0 || !report.Equal {
				t.Errorf("%s: equal %t, told:\n%s", name, report.Equal, strings.Join(lines[:min(len(lines), 10)], "\n"))
			}
		}
	})
}

// TestScrambled: a file does not differ from itself in a strange encoding: fields in any order, messages in pieces, numbers in
// more bytes than they need, packed or not.
func TestScrambled(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		if len(m.GetGraphDef().GetNode()) > 500 {
			t.Skip("a large file shows no more than a small one")
		}
		a := index(t, m)
		for seed := range uint64(2) {
			s := &wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 9))}
			b, err := wire.ParseMetaGraph(s.Scramble(a.Rope().Bytes(), m.ProtoReflect().Descriptor()))
			if err != nil {
				t.Fatal(err)
			}
			report, err := Compare(a, b, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if lines := tell(report); len(lines) > 0 || !report.Equal {
				t.Errorf("seed %d: equal %t, told:\n%s", seed, report.Equal, strings.Join(lines[:min(len(lines), 10)], "\n"))
			}
		}
	})
}

// shuffle changes every order that means nothing.
func shuffle(r *rand.Rand, m *tfpb.MetaGraphDef) {
	mix := func(n int, swap func(i, j int)) { r.Shuffle(n, swap) }
	nodes := m.GetGraphDef().GetNode()
	mix(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	functions := m.GetGraphDef().GetLibrary().GetFunction()
	mix(len(functions), func(i, j int) { functions[i], functions[j] = functions[j], functions[i] })
	for _, f := range functions {
		mix(len(f.NodeDef), func(i, j int) { f.NodeDef[i], f.NodeDef[j] = f.NodeDef[j], f.NodeDef[i] })
	}
	ops := m.GetMetaInfoDef().GetStrippedOpList().GetOp()
	mix(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
	eachNode(m, func(n *tfpb.NodeDef) {
		data := slices.DeleteFunc(slices.Clone(n.Input), func(in string) bool { return in[0] == '^' })
		control := slices.DeleteFunc(slices.Clone(n.Input), func(in string) bool { return in[0] != '^' })
		mix(len(control), func(i, j int) { control[i], control[j] = control[j], control[i] })
		n.Input = slices.Concat(data, control)
	})
}

func eachNode(m *tfpb.MetaGraphDef, use func(*tfpb.NodeDef)) {
	for _, n := range m.GetGraphDef().GetNode() {
		use(n)
	}
	for _, f := range m.GetGraphDef().GetLibrary().GetFunction() {
		for _, n := range f.NodeDef {
			use(n)
		}
	}
}

// respell writes about half of the inputs of output 0 the other way.
func respell(r *rand.Rand, m *tfpb.MetaGraphDef) {
	for _, n := range m.GetGraphDef().GetNode() {
		for i, in := range n.Input {
			switch {
			case r.IntN(2) == 0 || in[0] == '^':
			case strings.HasSuffix(in, ":0"):
				n.Input[i] = strings.TrimSuffix(in, ":0")
			case !strings.Contains(in, ":"):
				n.Input[i] = in + ":0"
			}
		}
	}
}

// respellTensors writes the values of constants the other way: typed, or as content, or with the last ones left out.
func respellTensors(r *rand.Rand, m *tfpb.MetaGraphDef) {
	eachNode(m, func(n *tfpb.NodeDef) {
		x := n.GetAttr()["value"].GetTensor()
		if x == nil || r.IntN(4) == 0 {
			return
		}
		values := int64(1)
		for _, d := range x.GetTensorShape().GetDim() {
			values *= d.GetSize()
		}
		switch x.GetDtype() {
		case tfpb.DataType_DT_FLOAT:
			if len(x.TensorContent) > 0 {
				for c := x.TensorContent; len(c) > 0; c = c[4:] {
					x.FloatVal = append(x.FloatVal, math.Float32frombits(binary.LittleEndian.Uint32(c)))
				}
				x.TensorContent = nil
			}
			x.FloatVal = respellList(r, x.FloatVal, values)
		case tfpb.DataType_DT_INT32:
			if len(x.TensorContent) > 0 {
				for c := x.TensorContent; len(c) > 0; c = c[4:] {
					x.IntVal = append(x.IntVal, int32(binary.LittleEndian.Uint32(c)))
				}
				x.TensorContent = nil
			}
			if x.IntVal = respellList(r, x.IntVal, values); int64(len(x.IntVal)) == values && r.IntN(2) == 0 {
				for _, v := range x.IntVal {
					x.TensorContent = binary.LittleEndian.AppendUint32(x.TensorContent, uint32(v))
				}
				x.IntVal = nil
			}
		case tfpb.DataType_DT_STRING:
			x.StringVal = respellStrings(x.StringVal, values)
		}
	})
}

// respellList writes repeated values at the end out, or leaves them out.
func respellList[T comparable](r *rand.Rand, list []T, values int64) []T {
	if values > 1<<16 || int64(len(list)) > values || len(list) == 0 {
		return list
	}
	if r.IntN(2) == 0 {
		for int64(len(list)) < values {
			list = append(list, list[len(list)-1])
		}
		return list
	}
	for len(list) > 1 && list[len(list)-1] == list[len(list)-2] {
		list = list[:len(list)-1]
	}
	return list
}

func respellStrings(list [][]byte, values int64) [][]byte {
	for len(list) > 0 && values < 1<<16 && int64(len(list)) < values {
		list = append(list, list[len(list)-1])
	}
	return list
}

// An edit changes one thing and returns what is to be told, nil where the file has no such thing.
type edit func(r *rand.Rand, m *tfpb.MetaGraphDef) []string

func pick[T any](r *rand.Rand, list []T, fits func(T) bool) (T, bool) {
	var good []T
	for _, x := range list {
		if fits(x) {
			good = append(good, x)
		}
	}
	if len(good) == 0 {
		var none T
		return none, false
	}
	return good[r.IntN(len(good))], true
}

func isType(v *tfpb.AttrValue) bool {
	_, ok := v.GetValue().(*tfpb.AttrValue_Type)
	return ok
}

func anyOf[T any](T) bool { return true }

func dataInputs(n *tfpb.NodeDef) int {
	count := 0
	for _, in := range n.Input {
		if in[0] != '^' {
			count++
		}
	}
	return count
}

func or(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

func edits() map[string]edit {
	node := func(r *rand.Rand, m *tfpb.MetaGraphDef, fits func(*tfpb.NodeDef) bool) *tfpb.NodeDef {
		n, _ := pick(r, m.GetGraphDef().GetNode(), fits)
		return n
	}
	return map[string]edit{
		"device": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			old := n.Device
			n.Device = "/job:other/task:7"
			return []string{fmt.Sprintf("nodes changed %s device: %s -> /job:other/task:7", n.Name, or(old, "none"))}
		},
		"op": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			old := n.Op
			n.Op = "SomethingElse"
			return []string{fmt.Sprintf("nodes changed %s op: %s -> SomethingElse", n.Name, old)}
		},
		"attr added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			if n.Attr == nil {
				n.Attr = make(map[string]*tfpb.AttrValue)
			}
			n.Attr["zero"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_I{}}
			return []string{fmt.Sprintf("nodes changed %s attr:zero: none -> 0", n.Name)}
		},
		"attr removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return isType(n.Attr["dtype"]) })
			if n == nil {
				return nil
			}
			old := dtypeName(n.Attr["dtype"].GetType())
			delete(n.Attr, "dtype")
			return []string{fmt.Sprintf("nodes changed %s attr:dtype: %s -> none", n.Name, old)}
		},
		"attr changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return isType(n.Attr["T"]) })
			if n == nil {
				return nil
			}
			old := dtypeName(n.Attr["T"].GetType())
			n.Attr["T"].Value = &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_QINT16}
			return []string{fmt.Sprintf("nodes changed %s attr:T: %s -> qint16", n.Name, old)}
		},
		"inputs swapped": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return dataInputs(n) == 2 && n.Input[0] != n.Input[1] })
			if n == nil {
				return nil
			}
			old := n.Input[0] + ", " + n.Input[1]
			n.Input[0], n.Input[1] = n.Input[1], n.Input[0]
			return []string{fmt.Sprintf("nodes changed %s inputs: %s -> %s, %s", n.Name, old, n.Input[0], n.Input[1])}
		},
		"input changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return dataInputs(n) > 0 })
			if n == nil {
				return nil
			}
			old := n.Input[0]
			n.Input[0] = "somewhere/else:3"
			return []string{fmt.Sprintf("nodes changed %s input:0: %s -> somewhere/else:3", n.Name, old)}
		},
		"control input added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			n.Input = append(n.Input, "^some_node")
			return []string{fmt.Sprintf("nodes changed %s control_inputs: none -> ^some_node", n.Name)}
		},
		"node added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := &tfpb.NodeDef{Name: "quite/new", Op: "NoOp", Input: []string{"^" + node(r, m, anyOf).Name}}
			g := m.GraphDef
			g.Node = slices.Insert(g.Node, r.IntN(len(g.Node)+1), n)
			return []string{"nodes added quite/new"}
		},
		"node removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			g := m.GraphDef
			i := r.IntN(len(g.Node))
			name := g.Node[i].Name
			g.Node = slices.Delete(g.Node, i, i+1)
			return []string{"nodes removed " + name}
		},
		"node renamed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			old := node(r, m, anyOf).Name
			now := old + "_renamed_here"
			renameNames(m, func(name string) string {
				if name == old {
					return now
				}
				return name
			})
			return []string{fmt.Sprintf("nodes renamed %s => %s", old, now)}
		},
		"scope renamed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			scope, n := someScope(r, m)
			if n < 2 {
				return nil
			}
			renameNames(m, func(name string) string {
				if name == scope || strings.HasPrefix(name, scope+"/") {
					return "moved/there" + name[len(scope):]
				}
				return name
			})
			if slices.ContainsFunc(m.GraphDef.Node, func(n *tfpb.NodeDef) bool { return n.Name == "moved/there" }) {
				n++
			}
			return []string{fmt.Sprintf("nodes scope %s/ => moved/there/ (%d)", scope, n)}
		},
		"constant": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool {
				x := n.GetAttr()["value"].GetTensor()
				return x.GetDtype() == tfpb.DataType_DT_FLOAT && len(x.TensorContent) == 0 && len(x.FloatVal) == 1 && len(x.GetTensorShape().GetDim()) == 0
			})
			if n == nil {
				return nil
			}
			x := n.Attr["value"].GetTensor()
			was := newTensor(x, nil).String()
			x.FloatVal[0] = 12345.5
			return []string{fmt.Sprintf("nodes changed %s attr:value: %s -> float32 12345.5 (1 of 1)", n.Name, was)}
		},
		"producer": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			was := m.GetGraphDef().GetVersions().GetProducer()
			m.GraphDef.Versions = &tfpb.VersionDef{Producer: 987, MinConsumer: m.GraphDef.GetVersions().GetMinConsumer()}
			return []string{fmt.Sprintf("versions producer: %d -> 987", was)}
		},
		"TensorFlow version": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.MetaInfoDef == nil {
				return nil
			}
			was := m.MetaInfoDef.TensorflowVersion
			m.MetaInfoDef.TensorflowVersion = "9.9.9"
			return []string{fmt.Sprintf("versions tensorflow_version: %s -> 9.9.9", or(was, `""`))}
		},
		"saver": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.SaverDef == nil {
				return nil
			}
			was := m.SaverDef.MaxToKeep
			m.SaverDef.MaxToKeep = 77
			return []string{fmt.Sprintf("saver max_to_keep: %d -> 77", was)}
		},
		"collection entry removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			key, list := nodeListOf(r, m, 2)
			if list == nil {
				return nil
			}
			name := list.Value[0]
			list.Value = list.Value[1:]
			return []string{fmt.Sprintf("collections changed %s entries removed %s", key, name)}
		},
		"collection entry changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			key, list := nodeListOf(r, m, 1)
			if list == nil {
				return nil
			}
			i := r.IntN(len(list.Value))
			was := list.Value[i]
			list.Value[i] = "another/op"
			return []string{fmt.Sprintf("collections changed %s entries changed [%d] value: %s -> another/op", key, i, was)}
		},
		"variable entry": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			list := m.GetCollectionDef()["variables"].GetBytesList()
			if len(list.GetValue()) == 0 {
				return nil
			}
			v := new(tfpb.VariableDef)
			if err := proto.Unmarshal(list.Value[0], v); err != nil {
				return nil
			}
			was := v.SnapshotName
			v.SnapshotName = "elsewhere/read:0"
			list.Value[0], _ = proto.Marshal(v)
			return []string{fmt.Sprintf("collections changed variables entries changed %s snapshot_name: %s -> elsewhere/read:0", v.VariableName, or(was, `""`))}
		},
		"collection removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			keys := slices.Sorted(maps.Keys(m.GetCollectionDef()))
			if len(keys) == 0 {
				return nil
			}
			key := keys[r.IntN(len(keys))]
			delete(m.CollectionDef, key)
			return []string{"collections removed " + key}
		},
		"signature": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			for _, key := range slices.Sorted(maps.Keys(m.GetSignatureDef())) {
				for _, out := range slices.Sorted(maps.Keys(m.SignatureDef[key].Outputs)) {
					info := m.SignatureDef[key].Outputs[out]
					was := info.GetName()
					info.Encoding = &tfpb.TensorInfo_Name{Name: "other:0"}
					return []string{fmt.Sprintf("signatures changed %s outputs.%s.name: %s -> other:0", key, out, was)}
				}
			}
			return nil
		},
		"function body": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			f, ok := pick(r, m.GetGraphDef().GetLibrary().GetFunction(), func(f *tfpb.FunctionDef) bool { return len(f.NodeDef) > 0 })
			if !ok {
				return nil
			}
			n := f.NodeDef[r.IntN(len(f.NodeDef))]
			was := n.Device
			n.Device = "/device:XYZ:0"
			return []string{fmt.Sprintf("functions changed %s nodes changed %s device: %s -> /device:XYZ:0", f.Signature.Name, n.Name, or(was, "none"))}
		},
		"function result": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			f, ok := pick(r, m.GetGraphDef().GetLibrary().GetFunction(), func(f *tfpb.FunctionDef) bool { return len(f.Ret) > 0 })
			if !ok {
				return nil
			}
			key := slices.Min(slices.Collect(maps.Keys(f.Ret)))
			was := f.Ret[key]
			f.Ret[key] = "other:out:0"
			return []string{fmt.Sprintf("functions changed %s ret.%s: %s -> other:out:0", f.Signature.Name, key, was)}
		},
		"op definition removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			list := m.GetMetaInfoDef().GetStrippedOpList()
			if len(list.GetOp()) == 0 {
				return nil
			}
			i := r.IntN(len(list.Op))
			name := list.Op[i].Name
			list.Op = slices.Delete(list.Op, i, i+1)
			return []string{"ops removed " + name}
		},
		"tag": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.MetaInfoDef == nil {
				return nil
			}
			m.MetaInfoDef.Tags = append(m.MetaInfoDef.Tags, "extra")
			return []string{"info tags: none -> extra"}
		},
		"unknown field": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			m.ProtoReflect().SetUnknown([]byte{0xa2, 0x06, 0x02, 'h', 'i'})
			return []string{`unknown unknown_fields: 0 bytes -> 5 bytes "\xa2\x06\x02hi"`}
		},
	}
}

func nodeListOf(r *rand.Rand, m *tfpb.MetaGraphDef, least int) (string, *tfpb.CollectionDef_NodeList) {
	key, ok := pick(r, slices.Sorted(maps.Keys(m.GetCollectionDef())), func(key string) bool {
		return len(m.CollectionDef[key].GetNodeList().GetValue()) >= least
	})
	if !ok {
		return "", nil
	}
	return key, m.CollectionDef[key].GetNodeList()
}

// someScope returns a scope and how many nodes are in it.
func someScope(r *rand.Rand, m *tfpb.MetaGraphDef) (string, int) {
	var scopes []string
	for _, n := range m.GetGraphDef().GetNode() {
		if i := strings.LastIndexByte(n.Name, '/'); i > 0 {
			scopes = append(scopes, n.Name[:i])
		}
	}
	if len(scopes) == 0 {
		return "", 0
	}
	scope := scopes[r.IntN(len(scopes))]
	count := 0
	for _, n := range m.GetGraphDef().GetNode() {
		if strings.HasPrefix(n.Name, scope+"/") {
			count++
		}
	}
	return scope, count
}

// renameNames renames nodes everywhere where a name can stand, other than in function bodies.
func renameNames(m *tfpb.MetaGraphDef, rename func(string) string) {
	tensor := func(name string) string {
		head, rest := "", name
		if strings.HasPrefix(rest, "^") {
			head, rest = "^", rest[1:]
		}
		node, port, ok := strings.Cut(rest, ":")
		if ok {
			port = ":" + port
		}
		return head + rename(node) + port
	}
	for _, n := range m.GetGraphDef().GetNode() {
		n.Name = rename(n.Name)
		for i, in := range n.Input {
			n.Input[i] = tensor(in)
		}
		if groups := n.Attr["_class"].GetList().GetS(); len(groups) > 0 {
			for i, g := range groups {
				if of, ok := strings.CutPrefix(string(g), "loc:@"); ok {
					groups[i] = []byte("loc:@" + rename(of))
				}
			}
		}
	}
	each := func(list ...*string) {
		for _, s := range list {
			*s = tensor(*s)
		}
	}
	saver := func(s *tfpb.SaverDef) {
		if s != nil {
			each(&s.FilenameTensorName, &s.SaveTensorName, &s.RestoreOpName)
		}
	}
	saver(m.SaverDef)
	for key, c := range m.CollectionDef {
		for i, v := range c.GetNodeList().GetValue() {
			c.GetNodeList().Value[i] = tensor(v)
		}
		for i, v := range c.GetBytesList().GetValue() {
			c.GetBytesList().Value[i] = renameEntry(key, v, each, saver)
		}
	}
	for _, s := range m.SignatureDef {
		for _, list := range []map[string]*tfpb.TensorInfo{s.Inputs, s.Outputs} {
			for _, info := range list {
				if _, ok := info.Encoding.(*tfpb.TensorInfo_Name); ok {
					info.Encoding = &tfpb.TensorInfo_Name{Name: tensor(info.GetName())}
				}
			}
		}
	}
	for _, a := range m.AssetFileDef {
		if a.GetTensorInfo() != nil {
			a.TensorInfo.Encoding = &tfpb.TensorInfo_Name{Name: tensor(a.TensorInfo.GetName())}
		}
	}
}

func renameEntry(key string, v []byte, each func(...*string), saver func(*tfpb.SaverDef)) []byte {
	var entry proto.Message
	values := func(v *tfpb.ValuesDef) {
		if v == nil {
			return
		}
		for i := range v.Values {
			each(&v.Values[i])
		}
		external := make(map[string]string)
		for k, to := range v.ExternalValues {
			each(&k, &to)
			external[k] = to
		}
		v.ExternalValues = external
	}
	var cond func(c *tfpb.CondContextDef)
	var while func(c *tfpb.WhileContextDef)
	nested := func(list []*tfpb.ControlFlowContextDef) {
		for _, n := range list {
			if c := n.GetCondCtxt(); c != nil {
				cond(c)
			}
			if c := n.GetWhileCtxt(); c != nil {
				while(c)
			}
		}
	}
	cond = func(c *tfpb.CondContextDef) {
		each(&c.PredName, &c.PivotName)
		values(c.ValuesDef)
		nested(c.NestedContexts)
	}
	while = func(c *tfpb.WhileContextDef) {
		each(&c.PivotName, &c.PivotForPredName, &c.PivotForBodyName, &c.MaximumIterationsName)
		for i := range c.LoopExitNames {
			each(&c.LoopExitNames[i])
		}
		for i := range c.LoopEnterNames {
			each(&c.LoopEnterNames[i])
		}
		values(c.ValuesDef)
		nested(c.NestedContexts)
	}
	switch key {
	case "variables", "trainable_variables", "local_variables", "model_variables", "metric_variables", "moving_average_variables", "global_step":
		d := new(tfpb.VariableDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		each(&d.VariableName, &d.InitialValueName, &d.InitializerName, &d.SnapshotName)
		entry = d
	case "savers":
		d := new(tfpb.SaverDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		saver(d)
		entry = d
	case "queue_runners":
		d := new(tfpb.QueueRunnerDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		each(&d.QueueName, &d.CloseOpName, &d.CancelOpName)
		for i := range d.EnqueueOpName {
			each(&d.EnqueueOpName[i])
		}
		entry = d
	case "cond_context":
		d := new(tfpb.CondContextDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		cond(d)
		entry = d
	case "while_context":
		d := new(tfpb.WhileContextDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		while(d)
		entry = d
	default:
		return v
	}
	out, _ := proto.Marshal(entry)
	return out
}

// TestEdits: after one edit, that edit is told and nothing else, in a file whose order and encoding are others too.
func TestEdits(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		a := index(t, m)
		if len(m.GetGraphDef().GetNode()) == 0 {
			t.Skip("no graph")
		}
		all := edits()
		for k, name := range slices.Sorted(maps.Keys(all)) {
			r := rand.New(rand.NewPCG(uint64(k), 5))
			times := 2
			if large := len(m.GraphDef.Node) > 500; large {
				times = 1
				if (k+len(m.GraphDef.Node))%7 != 0 {
					continue // each large file gets some of the edits
				}
			}
			for range times {
				b := clone(m)
				want := all[name](r, b)
				if want == nil {
					break
				}
				shuffle(r, b)
				report, err := Compare(a, index(t, b), Options{})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got := tell(report)
				slices.Sort(got)
				slices.Sort(want)
				if len(got) > 12 {
					got = append(got[:12], "...")
				}
				if d := cmp.Diff(want, got); d != "" || report.Equal {
					t.Errorf("%s: equal %t (-want +got):\n%s", name, report.Equal, d)
				}
			}
		}
	})
}
