package rewrite

import (
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A NewValue is a fixed value for a scalar placeholder.
type NewValue struct {
	Node string
	Text string // as tensor.Encoding.Encode reads it, or the content of a string
}

// A ValueChange is a placeholder that became a constant.
type ValueChange struct {
	Node  string `json:"node"`
	DType string `json:"dtype"` // TensorFlow's short name, such as float32
	Value string `json:"value"`
}

// setValues turns scalar placeholders of g into constants. The error is draft.Conflicts if a placeholder cannot have its value, or is one
// of the inputs.
func setValues(g *draft.Graph, wanted []NewValue, inputs []prune.Endpoint) ([]ValueChange, error) {
	var conflicts draft.Conflicts
	changes := []ValueChange{}
	for _, value := range wanted {
		if isSet(wanted[:len(changes)], value.Node) {
			conflicts.Add("give it once", "the placeholder %q gets two values", value.Node)
		}
		changes = append(changes, setValue(g, value, &conflicts))
	}
	for _, input := range inputs {
		if isSet(wanted, input.Node) {
			conflicts.Add("leave out one of them", "the placeholder %q is an input and gets a value", input.Node)
		}
	}
	return changes, conflicts.Err()
}

// isSet reports whether a node gets a value.
func isSet(values []NewValue, node string) bool {
	for _, value := range values {
		if value.Node == node {
			return true
		}
	}
	return false
}

// setValue turns one placeholder into a constant.
func setValue(g *draft.Graph, value NewValue, conflicts *draft.Conflicts) ValueChange {
	i, n, ok := findPlaceholder(g, value.Node, "only a placeholder can get a value", conflicts)
	if !ok {
		return ValueChange{}
	}
	encoded, _ := g.Attr(i, &n, "dtype")
	dtype := wire.AttrTypeOf(encoded)
	element, err := tensor.EncodingOf(dtype).Encode(value.Text)
	proto := draft.TensorContent(dtype, tensor.Shape{}, [][]byte{element})
	switch {
	case len(placeholderShape(g, i, &n)) > 0:
		conflicts.Add("only a scalar can get a value", "the placeholder %q has shape %v", value.Node, placeholderShape(g, i, &n))
	case err != nil:
		conflicts.Add("write a value of its dtype: true, 2 or 0.5", "the placeholder %q is %s, so it cannot be %q", value.Node, tensor.DTypeName(dtype), value.Text)
	case dtype == tensor.String:
		proto = draft.StringTensor(tensor.Shape{}, []byte(value.Text))
	case element == nil:
		conflicts.Add("only booleans, real numbers and strings can be written as text", "the placeholder %q is %s", value.Node, tensor.DTypeName(dtype))
	}
	e := g.Edit(i)
	e.Op, e.Alone, e.Inputs = "Const", true, wire.ControlInputs(n.Inputs)
	e.Attrs["dtype"], e.Attrs["value"] = draft.TypeAttr(dtype), draft.TensorAttr(proto)
	return ValueChange{Node: value.Node, DType: tensor.DTypeName(dtype), Value: value.Text}
}

// findPlaceholder returns the placeholder with a name. If there is none, it adds a conflict; the advice is for a node of another op.
func findPlaceholder(g *draft.Graph, name, advice string, conflicts *draft.Conflicts) (i int, n wire.Node, ok bool) {
	if i, ok = g.Find([]byte(name)); !ok {
		placeholders := namesOf(g, func(n *wire.Node) bool { return opdef.IsPlaceholder(n.Op) })
		conflicts.Add(draft.Suggest(name, placeholders), "no placeholder named %q", name)
		return i, n, false
	}
	if g.Node(i, &n); !opdef.IsPlaceholder(n.Op) {
		conflicts.Add(advice, "node %q is not a placeholder (its op is %s)", name, n.Op)
		return i, n, false
	}
	return i, n, true
}

// placeholderShape returns the shape of a placeholder.
func placeholderShape(g *draft.Graph, i int, n *wire.Node) tensor.Shape {
	value, _ := g.Attr(i, n, "shape")
	proto, _ := wire.AttrBytes(value, fieldnum.AttrValue_Shape)
	return tensor.ParseShape(proto)
}

// withoutConstants returns a SignatureDef without the inputs that became constants.
func (o *ExportOptions) withoutConstants(signature []byte) []byte {
	var out []byte
	for s := wire.Scan(signature); s.Next(); {
		if s.Is(fieldnum.SignatureDef_Inputs) {
			_, info := wire.MapEntry(s.Data)
			if isSet(o.Values, string(wire.ParseInput(wire.Last(info, fieldnum.TensorInfo_Name)).Node)) {
				continue
			}
		}
		out = append(out, s.Raw...)
	}
	return out
}
