package diff

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// realFiles calls test with every MetaGraphDef in testdata and, if present, in the corpus.
func realFiles(t *testing.T, test func(t *testing.T, m *tfpb.MetaGraphDef)) {
	t.Helper()
	for base, raw := range testfiles.Metas(t) {
		if testing.Short() && len(raw) > 1<<20 {
			continue
		}
		m := new(tfpb.MetaGraphDef)
		if err := proto.Unmarshal(raw, m); err != nil {
			continue // an invalid file, kept for other tests
		}
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			test(t, m)
		})
	}
}

// index returns a message as the argument of Compare.
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

// tell returns the differences in a report, one per line. It omits variables, which repeat differences between nodes.
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

// TestEqual: a file equals an equivalent form of itself.
func TestEqual(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		r := rand.New(rand.NewPCG(1, 2))
		forms := map[string]func(*tfpb.MetaGraphDef) *tfpb.MetaGraphDef{
			"reserialized":     func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { return m },
			"shuffled":         func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { shuffle(r, m); return m },
			"inputs respelled": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef { respell(r, m); return m },
			"tensors respelled": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				respellTensors(r, m)
				return m
			},
			"all": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				shuffle(r, m)
				respell(r, m)
				respellTensors(r, m)
				return m
			},
			"JSON": func(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
				text, err := protojson.Marshal(m)
				if err != nil {
					return m // an Any of an unknown type has no JSON
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
			if len(m.GetGraphDef().GetNode()) > 500 && name != "all" {
				continue
			}
			report, err := Compare(a, index(t, forms[name](clone(m))), Options{})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if lines := tell(report); len(lines) > 0 || !report.Equal {
				t.Errorf("%s: equal %t, report:\n%s", name, report.Equal, strings.Join(lines[:min(len(lines), 10)], "\n"))
			}
		}
	})
}

// TestScrambled: a file equals itself in an unusual encoding: reordered fields, split messages, overlong varints, packed and
// unpacked lists.
func TestScrambled(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		if len(m.GetGraphDef().GetNode()) > 500 {
			t.Skip("large files add no coverage")
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
				t.Errorf("seed %d: equal %t, report:\n%s", seed, report.Equal, strings.Join(lines[:min(len(lines), 10)], "\n"))
			}
		}
	})
}

// shuffle changes the order wherever it has no meaning.
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

// respell switches the spelling of about half of the inputs from output 0.
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

// respellTensors switches how constants store their values: typed, as tensor_content, or with repeated final values omitted.
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

// respellList writes out repeated final values, or omits them.
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

// TestEdits: after one edit, the report has that edit and nothing else, even if the order and encoding of the file changed too.
func TestEdits(t *testing.T) {
	realFiles(t, func(t *testing.T, m *tfpb.MetaGraphDef) {
		a := index(t, m)
		if len(m.GetGraphDef().GetNode()) == 0 {
			t.Skip("file has no graph")
		}
		all := edits()
		for k, name := range slices.Sorted(maps.Keys(all)) {
			r := rand.New(rand.NewPCG(uint64(k), 5))
			times := 2
			if large := len(m.GraphDef.Node) > 500; large {
				times = 1
				if (k+len(m.GraphDef.Node))%7 != 0 {
					continue // large files get only some of the edits
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
