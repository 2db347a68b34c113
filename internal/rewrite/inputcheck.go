package rewrite

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkSources reports the mappings whose source no node reads.
func (p *inputMap) checkSources() {
	if !slices.ContainsFunc(p.mappings, func(m *mapping) bool { return !m.read }) {
		return
	}
	var inputs []string
	seen := make(map[string]bool)
	var n wire.Node
	for i := range p.i.in.index.Len() {
		p.i.in.index.Node(i, &n)
		for _, input := range n.Inputs {
			if spelled := scope.Spelling(input); !seen[string(spelled)] {
				seen[string(spelled)] = true
				inputs = append(inputs, string(spelled))
			}
		}
	}
	// Unbound inputs come first, because they are the most likely sources.
	slices.SortStableFunc(inputs, func(a, b string) int { return -cmp.Compare(truth(isUnbound([]byte(a))), truth(isUnbound([]byte(b)))) })
	for _, m := range p.mappings {
		if m.read {
			continue
		}
		hint := draft.Suggest(m.source, inputs)
		mark, name := "", m.source
		if m.control() {
			mark, name = "^", name[1:]
		}
		if other := mark + scope.UnboundPrefix + name; seen[other] {
			hint = "did you mean " + draft.Quoted([]string{other}) + "?"
		} else if other := "^" + m.source; seen[other] {
			hint = "the graph reads it as a control input: " + other
		} else if other := strings.TrimPrefix(m.source, "^"); other != m.source && seen[other] {
			hint = "the graph reads it as data: " + other
		}
		p.i.conflicts.About(InputMapArgument, hint, "no node of the imported graph reads %q", m.Source)
	}
}

// truth returns 1 for true and 0 for false.
func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// checkTypes reports the mappings to a tensor whose type differs from the type that a reader expects. TensorFlow's
// importer checks this for each edge (GraphConstructor::MakeEdge in
// tensorflow/core/common_runtime/graph_constructor.cc).
func (p *inputMap) checkTypes() {
	var reader, node wire.Node
	var types []int32
	last := -1
	reported := make(map[*mapping]bool)
	for _, in := range p.readers {
		m := in.m
		if m.to.Node == graph.Dangling || reported[m] {
			continue
		}
		if in.node != last {
			p.i.in.index.Node(in.node, &reader)
			types, last = p.i.in.tensors.InputTypes(&reader), in.node
		}
		p.i.base.index.Node(int(m.to.Node), &node)
		actual := p.i.base.tensors.OutputType(&node, int(m.to.Port))
		expected := int32(0)
		if in.slot < len(types) {
			expected = types[in.slot]
		}
		switch {
		case expected > 0:
			if opdef.Takes(expected, actual) {
				continue
			}
		default: // an undefined op: expect the type of the original input
			if expected = p.sourceType(m); opdef.Takes(expected, actual) {
				continue
			}
		}
		reported[m] = true
		hint := "map it to a tensor of the same type"
		if expected > tensor.RefOffset {
			hint = "the node modifies the variable that it reads; map it to a variable of the same type, or do not map it"
		}
		p.i.conflicts.About(InputMapArgument, hint, "node %q needs %s as input %d, and %q is %s", reader.Name, tensor.DTypeName(expected), in.slot, m.Target,
			tensor.DTypeName(actual))
	}
}

// sourceType returns the value type of the tensor that a mapping replaces, or 0 if it is unknown.
func (p *inputMap) sourceType(m *mapping) int32 {
	if m.from.Node == graph.Dangling {
		return 0
	}
	var n wire.Node
	p.i.in.index.Node(int(m.from.Node), &n)
	return p.i.in.tensors.DType(&n, int(m.from.Port))
}

// checkUnbound reports the unbound inputs without a mapping.
func (p *inputMap) checkUnbound() {
	i := p.i
	var left []string
	for _, input := range i.unbound() {
		if _, moved := i.plan.Inputs[input]; p.bySource[input] == nil && !moved {
			left = append(left, input)
		}
	}
	if len(left) == 0 {
		return
	}
	target := "NAME"
	if strings.HasPrefix(left[0], "^") {
		target = "^NAME"
	}
	hint := "map each of them, for example '" + left[0] + "=" + target + "'"
	if !i.into {
		hint = "import into the graph with the targets, and " + hint
	}
	what := "unbound inputs are"
	if len(left) == 1 {
		what = "the unbound input is"
	}
	i.conflicts.About(InputMapArgument, hint, "%s not mapped: %s", what, draft.Quoted(left))
}

// unbound returns the inputs that must be mapped, without duplicates. These are the inputs with the unbound prefix, and
// the inputs in the collection of unbound inputs that a node reads.
func (i *importer) unbound() []string {
	inputs := i.in.survey.unbound
	if i.o.UnboundInputs == "" {
		return inputs
	}
	// Programs other than TensorFlow may list inputs without the prefix.
	listed := make(map[string]bool)
	value, _ := i.in.Collection(i.o.UnboundInputs)
	for input := range scope.Entries(value, fieldnum.CollectionDef_BytesList, fieldnum.CollectionDef_NodeList) {
		if !isUnbound(input) {
			listed[string(scope.Spelling(input))] = true
		}
	}
	if len(listed) == 0 {
		return inputs
	}
	for n, err := range i.in.Graph().Nodes() {
		if err != nil {
			break // the survey has already parsed all nodes
		}
		for _, input := range n.Inputs {
			if spelled := string(scope.Spelling(input)); listed[spelled] {
				delete(listed, spelled)
				inputs = append(inputs, spelled)
			}
		}
	}
	return inputs
}

// isUnbound reports whether the name of an input marks it as coming from outside an exported scope.
func isUnbound(input []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(input, []byte("^")), []byte(scope.UnboundPrefix))
}
