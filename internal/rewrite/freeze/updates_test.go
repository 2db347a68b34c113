package freeze_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestReadsAfterUpdates checks which value a frozen read has: that of the variable, or that of an update which always runs before it.
func TestReadsAfterUpdates(t *testing.T) {
	const (
		handle = "v = VarHandleOp dtype=float\n d = Placeholder dtype=float shape=(2)\n"
		ref    = "v = VariableV2 dtype=float\n d = Placeholder dtype=float shape=(2)\n"
		add    = "u = AssignAddVariableOp v d dtype=float\n"
		row    = "at = Placeholder dtype=int32 shape=(1)\n u = ResourceScatterSub v at d dtype=float Tindices=int32\n"
		out    = "out = ReadVariableOp v ^u dtype=float"
	)
	for name, test := range map[string]struct {
		graph string
		want  []string // the nodes of the frozen graph, without placeholders and the variable
	}{
		"add":          {handle + add + out, []string{"u = AddV2 v d", "out = Identity u"}},
		"subtract":     {handle + "u = AssignSubVariableOp v d dtype=float\n" + out, []string{"u = Sub v d", "out = Identity u"}},
		"assign":       {handle + "u = AssignVariableOp v d ^d dtype=float\n" + out, []string{"u = Identity d ^d", "out = Identity u"}},
		"scatter":      {handle + row + out, []string{"u = TensorScatterSub v u/indices d", "out = Identity u"}},
		"a scalar":     {handle + strings.ReplaceAll(row, " d ", " s ") + "s = Placeholder dtype=float shape=()\n" + out, []string{"u = NoOp", "out = Identity v"}},
		"an optimizer": {handle + "u = ResourceApplyGradientDescent v d d T=float\n" + out, []string{"u = NoOp", "out = Identity v"}},
		"gather":       {handle + add + "i = Placeholder dtype=int32\n out = ResourceGather v i ^u dtype=float Tindices=int32", []string{"u = AddV2 v d", "out = GatherV2 u i out/axis ^u"}},
		"by a group":   {handle + add + "g = NoOp ^u\n out = ReadVariableOp v ^g dtype=float", []string{"u = AddV2 v d", "g = NoOp ^u", "out = Identity u"}},
		"by data":      {handle + "r = ReadVariableOp v dtype=float\n u = AssignVariableOp v r dtype=float\n s = Relu d ^u T=float\n out = ReadVariableOp v ^s dtype=float", []string{"r = Identity v", "u = Identity r", "s = Relu d ^u", "out = Identity u"}},
		"before":       {handle + "r = ReadVariableOp v dtype=float\n" + add + "out = Add r r ^u T=float", []string{"r = Identity v", "u = NoOp", "out = Add r r ^u"}},
		"a chain": {handle + add + "r = ReadVariableOp v ^u dtype=float\n w = AssignVariableOp v r dtype=float\n out = ReadVariableOp v ^w dtype=float",
			[]string{"u = AddV2 v d", "r = Identity u", "w = Identity r", "out = Identity w"}},
		"a chain that adds twice": {handle + add + "w = AssignAddVariableOp v d ^u dtype=float\n out = ReadVariableOp v ^w dtype=float",
			[]string{"u = AddV2 v d", "w = AddV2 u d ^u", "out = Identity w"}},
		"a read that may run before the second update": {handle + add + "r = ReadVariableOp v ^u dtype=float\n w = AssignVariableOp v d ^u dtype=float\n out = Relu r ^w T=float",
			[]string{"u = NoOp", "r = Identity v", "w = NoOp ^u", "out = Relu r ^w"}},
		"two updates in any order": {handle + add + "w = AssignAddVariableOp v d dtype=float\n out = ReadVariableOp v ^u ^w dtype=float", []string{"u = NoOp", "w = NoOp", "out = Identity v"}},
		"a loop updates too": {handle + add + "e = Enter v T=resource\n w = AssignAddVariableOp e d dtype=float\n out = ReadVariableOp v ^u ^w dtype=float",
			[]string{"u = NoOp", "e = Enter v", "w = NoOp", "out = Identity v"}},
		"a second handle of the variable": {handle + "h = VarHandleOp dtype=float\n" + add + out, []string{"h = Identity v", "u = NoOp", "out = Identity v"}},
		"a reference":                     {ref + "u = AssignAdd v d T=float\n out = Identity v ^u T=float", []string{"u = AddV2 v d", "out = Identity u ^u"}},
		"two references":                  {ref + "u = AssignAdd v d T=float\n w = AssignSub v d ^u T=float\n out = Relu w T=float", []string{"u = AddV2 v d", "w = Sub u d ^u", "out = Relu w"}},
		"a copied handle":                 {ref + "u = AssignAdd v d T=float\n i = RefIdentity v T=float\n out = Identity v ^u ^i T=float", []string{"u = NoOp", "i = Identity v", "out = Identity v ^u ^i"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := testfiles.Sketch(t, test.graph)
			for _, n := range m.GraphDef.Node {
				if n.Op == "VarHandleOp" {
					n.Attr["shared_name"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte("v")}}
				}
			}
			g := frozen(t, testfiles.MetaGraph(t, m))
			var got []string
			var n wire.Node
			for i := range g.Files() {
				if g.Node(i, &n); !opdef.IsVariable(n.Op) && !opdef.IsPlaceholder(n.Op) {
					got = append(got, strings.TrimSpace(fmt.Sprintf("%s = %s %s", n.Name, n.Op, bytes.Join(n.Inputs, []byte(" ")))))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestFetchedOptimizer: an op of an optimizer becomes a NoOp even if it is fetched, because it has no output.
func TestFetchedOptimizer(t *testing.T) {
	m := testfiles.Sketch(t, "v = VarHandleOp dtype=float\n d = Placeholder dtype=float shape=(2)\n u = ResourceApplyGradientDescent v d d T=float")
	g := frozen(t, testfiles.MetaGraph(t, m), "u")
	i, _ := g.Original([]byte("u"))
	var n wire.Node
	if g.Node(i, &n); string(n.Op) != "NoOp" || len(n.Inputs) > 0 {
		t.Errorf("the op became %s with the inputs %q", n.Op, n.Inputs)
	}
}
