package inspect_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/inspect"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

func TestSuggest(t *testing.T) {
	list := func(values ...string) *tfpb.CollectionDef {
		return &tfpb.CollectionDef{Kind: &tfpb.CollectionDef_NodeList_{NodeList: &tfpb.CollectionDef_NodeList{Value: values}}}
	}
	m := suggestIn(t, &tfpb.MetaGraphDef{
		GraphDef: &tfpb.GraphDef{
			Node: []*tfpb.NodeDef{
				{Name: "images", Op: "Placeholder"},
				{Name: "keep_prob", Op: "PlaceholderWithDefault"},
				{Name: "tower_0/conv/kernel", Op: "VariableV2", Device: "/job:ps"},
				{Name: "tower_0/conv/kernel/read", Op: "Identity", Device: "/gpu:0"},
				{Name: "tower_0/conv", Op: "Conv2D", Device: "/gpu:0"},
				{Name: "tower_1/x", Op: "Conv2D"},
				{Name: "escape\x1b[2J", Op: "NoOp"},
				{Name: "not?utf8", Op: "NoOp"}, // ? is replaced by a byte that is invalid in UTF-8
			},
			Library: &tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
				Signature: &tfpb.OpDef{Name: "body_7"},
				NodeDef:   []*tfpb.NodeDef{{Name: "n", Op: "Add", Device: "/tpu:0"}},
			}}},
		},
		CollectionDef: map[string]*tfpb.CollectionDef{"losses": list("a"), "logits": nil, "unbound_inputs": list("$unbound_inputs_x:0")},
		SignatureDef:  map[string]*tfpb.SignatureDef{"serving_default": {}},
	})
	inputs := func(m *wire.MetaGraph, prefix string) []inspect.Suggestion {
		return inspect.SuggestInputs(m, "unbound_inputs", prefix)
	}
	for _, test := range []struct {
		name    string
		suggest func(*wire.MetaGraph, string) []inspect.Suggestion
		prefix  string
		want    string // text and note of each suggestion
	}{
		{"top", inspect.SuggestNodes, "", "images=Placeholder keep_prob=PlaceholderWithDefault tower_0/= tower_1/="},
		{"level", inspect.SuggestNodes, "tower_0/", "tower_0/conv=Conv2D tower_0/conv/="},
		{"leaf", inspect.SuggestNodes, "tower_0/conv/k", "tower_0/conv/kernel=VariableV2 tower_0/conv/kernel/="},
		{"none", inspect.SuggestNodes, "zzz", ""},
		{"scopes", inspect.SuggestScopes, "", "tower_0/= tower_1/="},
		{"part of a scope", inspect.SuggestScopes, "tower_1", "tower_1/="},
		{"scope without scopes", inspect.SuggestScopes, "tower_1/", "tower_1/="},
		{"no such scope", inspect.SuggestScopes, "tower_2", ""},
		{"ops", inspect.SuggestOps, "Conv", "Conv2D="},
		{"devices", inspect.SuggestDevices, "", "/gpu:0= /job:ps= /tpu:0="},
		{"inputs", inputs, "", "$unbound_inputs_x:0=unbound input images=Placeholder keep_prob=PlaceholderWithDefault"},
		{"collections", inspect.SuggestCollections, "lo", "logits= losses=node_list"},
		{"signatures", inspect.SuggestSignatures, "", "serving_default="},
		{"functions", inspect.SuggestFunctions, "b", "body_7="},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, s := range test.suggest(m, test.prefix) {
				got = append(got, s.Text+"="+s.Note)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSuggestBounds checks that the number of suggestions is bounded and that a damaged file still has some.
func TestSuggestBounds(t *testing.T) {
	meta := &tfpb.MetaGraphDef{GraphDef: new(tfpb.GraphDef)}
	for i := range 1000 {
		meta.GraphDef.Node = append(meta.GraphDef.Node, &tfpb.NodeDef{Name: fmt.Sprintf("n%03d", i), Op: "NoOp"})
	}
	got := inspect.SuggestNodes(suggestIn(t, meta), "")
	if len(got) != 200 || got[0].Text != "n000" || got[199].Text != "n199" {
		t.Errorf("%d suggestions from %v on", len(got), got[:1])
	}
	graph, err := proto.Marshal(meta.GraphDef)
	if err != nil {
		t.Fatal(err)
	}
	if got := inspect.SuggestNodes(wire.MetaGraphOf(graph[:len(graph)/2]), "n00"); len(got) != 10 {
		t.Errorf("%d suggestions out of half a graph, want 10", len(got))
	}
}

func suggestIn(t *testing.T, meta *tfpb.MetaGraphDef) *wire.MetaGraph {
	t.Helper()
	message, err := proto.Marshal(meta)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseMetaGraph([]byte(strings.ReplaceAll(string(message), "not?utf8", "not\xffutf8")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// FuzzSuggest checks that each suggestion begins with the prefix and is printable, whatever the input.
func FuzzSuggest(f *testing.F) {
	f.Add([]byte("\n\x12\n\x05a/b/c\x12\x02Op\"\x05/cpu:"), "a/")
	f.Add([]byte("\x12\x08\n\x06\x1a\x04\"\x02/a"), "")
	f.Fuzz(func(t *testing.T, graph []byte, prefix string) {
		m := wire.MetaGraphOf(graph)
		for name, suggest := range map[string]func(*wire.MetaGraph, string) []inspect.Suggestion{
			"nodes": inspect.SuggestNodes, "scopes": inspect.SuggestScopes, "ops": inspect.SuggestOps,
			"devices": inspect.SuggestDevices, "functions": inspect.SuggestFunctions,
		} {
			found := suggest(m, prefix)
			if len(found) > 200 {
				t.Errorf("%s: %d suggestions", name, len(found))
			}
			for _, s := range found {
				if !strings.HasPrefix(s.Text, prefix) || strings.ContainsFunc(s.Text+s.Note, unicode.IsControl) {
					t.Errorf("%s: %q (%q) for %q", name, s.Text, s.Note, prefix)
				}
			}
		}
	})
}
