package rewrite_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// plain decodes the protos in collections, which are compared by meaning instead of bytes.
func plain(m *tfpb.MetaGraphDef) *tfpb.MetaGraphDef {
	m = proto.CloneOf(m)
	types := map[string]proto.Message{"variables": &tfpb.VariableDef{}, "savers": &tfpb.SaverDef{}, "queue_runners": &tfpb.QueueRunnerDef{},
		"cond_context": &tfpb.CondContextDef{}, "while_context": &tfpb.WhileContextDef{}}
	for key, c := range m.CollectionDef {
		typ, ok := types[key]
		if !ok {
			continue
		}
		for i, raw := range c.GetBytesList().GetValue() {
			entry := typ.ProtoReflect().New().Interface()
			must(proto.Unmarshal(raw, entry))
			c.GetBytesList().Value[i] = marshal(entry)
		}
	}
	return m
}

// same fails the test if two messages differ in meaning.
func same(t *testing.T, what string, want, got *tfpb.MetaGraphDef) {
	t.Helper()
	if want, got := plain(want), plain(got); !proto.Equal(want, got) {
		t.Errorf("%s (-want +got):\n%s", what, cmp.Diff(want, got, protocmp.Transform()))
	}
}

// FuzzExport compares exports with those of the typed twin.
func FuzzExport(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := grow(seed)
		for _, at := range []string{"a", "a/b", "a_1", "c/save"} {
			o := rewrite.ExportOptions{Scope: at + "/", UnboundInputs: "unbound_inputs", ClearDevices: seed%2 == 0}
			out, report, err := rewrite.Export(indexed(t, m), o)
			want := twinExport(m, at, o.ClearDevices)
			var conflicts draft.Conflicts
			if errors.As(err, &conflicts) {
				if len(want.GraphDef.Node) > 0 {
					t.Errorf("scope %q: %v", at, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			same(t, "export of "+at, want, decode(t, out))
			if report.Nodes != len(want.GraphDef.Node) || report.OfNodes != len(m.GraphDef.Node) {
				t.Errorf("scope %q: the report counts %d of %d nodes", at, report.Nodes, report.OfNodes)
			}
		}
	})
}

// FuzzImport compares imports with those of the typed twin, and checks that exporting the scope restores the file.
func FuzzImport(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := grow(seed)
		out, _, err := rewrite.Import(indexed(t, m), nil, rewrite.ImportOptions{Scope: "in/to", ClearDevices: seed%2 == 0})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "import", twinRename(m, "in/to", seed%2 == 0), decode(t, out))
		if seed%2 == 0 {
			return
		}
		back, _, err := rewrite.Export(indexed(t, decode(t, out)), rewrite.ExportOptions{Scope: "in/to", UnboundInputs: "unbound_inputs"})
		if err != nil {
			t.Fatal(err)
		}
		got := decode(t, back)
		m.MetaInfoDef.StrippedOpList, got.MetaInfoDef.StrippedOpList = nil, nil // the export cuts it
		same(t, "export of the import", m, got)
	})
}

// FuzzMerge compares imports into another graph with those of the typed twin.
func FuzzMerge(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed, seed+1000)
	}
	f.Fuzz(func(t *testing.T, one, other uint64) {
		m, base := grow(one), grow(other)
		out, _, err := rewrite.Import(indexed(t, m), indexed(t, base), rewrite.ImportOptions{Scope: "x"})
		var conflicts draft.Conflicts
		if errors.As(err, &conflicts) {
			for _, f := range m.GraphDef.Library.Function {
				for _, g := range base.GraphDef.Library.Function {
					if f.Signature.Name == g.Signature.Name && !proto.Equal(f, g) {
						return // expected
					}
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, "merge", twinMerge(m, base, "x"), decode(t, out))
	})
}

// FuzzOddBytes checks that rewrites do not depend on how a message is encoded.
func FuzzOddBytes(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		m := grow(seed)
		r := rand.New(rand.NewPCG(seed, 2))
		strange := parseBytes(t, odd(r, marshal(m), m.ProtoReflect().Descriptor()))
		base := indexed(t, grow(seed+1000))
		for _, rewritten := range []func(*wire.MetaGraph) (*wire.Rope, error){
			func(m *wire.MetaGraph) (*wire.Rope, error) {
				out, _, err := rewrite.Export(m, rewrite.ExportOptions{Scope: "a", UnboundInputs: "unbound_inputs", StripDefaultAttrs: true})
				return out, err
			},
			func(m *wire.MetaGraph) (*wire.Rope, error) {
				out, _, err := rewrite.Export(m, rewrite.ExportOptions{ClearExtraneousSavers: true, ClearDevices: true})
				return out, err
			},
			func(m *wire.MetaGraph) (*wire.Rope, error) {
				out, _, err := rewrite.Import(m, base, rewrite.ImportOptions{ClearDevices: true})
				return out, err
			},
			func(m *wire.MetaGraph) (*wire.Rope, error) {
				out, _, err := rewrite.Import(base, m, rewrite.ImportOptions{Scope: "a"})
				return out, err
			},
		} {
			want, err := rewritten(indexed(t, m))
			got, oddErr := rewritten(strange)
			if err != nil || oddErr != nil {
				if (err == nil) != (oddErr == nil) {
					t.Fatalf("error is %v, want %v", oddErr, err)
				}
				continue
			}
			same(t, "odd bytes", decode(t, want), decode(t, got))
		}
	})
}

// FuzzRewriteBytes checks that no input makes a rewrite panic, and that each result is a valid MetaGraphDef.
func FuzzRewriteBytes(f *testing.F) {
	for seed := range uint64(20) {
		b := marshal(grow(seed))
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := parseBytes(t, data)
		valid := proto.Unmarshal(data, new(tfpb.MetaGraphDef)) == nil
		for _, at := range []string{"", "a"} {
			out, _, err := rewrite.Export(m, rewrite.ExportOptions{Scope: at, UnboundInputs: "unbound_inputs", ClearDevices: true,
				ClearExtraneousSavers: true, StripDefaultAttrs: true})
			if err == nil && valid {
				decode(t, out)
			}
			if out, _, err = rewrite.Import(m, m, rewrite.ImportOptions{Scope: at, ClearDevices: true}); err == nil && valid {
				decode(t, out)
			}
		}
	})
}
