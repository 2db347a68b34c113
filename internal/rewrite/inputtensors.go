package rewrite

import (
	"maps"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// tensorPlan returns the plan for messages that feed or fetch tensors: signatures, assets and the saver. In these, the
// target replaces a mapped tensor. Elsewhere a mapped tensor keeps its name, because its node is imported too.
func (i *importer) tensorPlan() *scope.Plan {
	if len(i.inputMap.mappings) == 0 {
		return i.plan
	}
	plan := *i.plan
	plan.Outer = maps.Clone(i.plan.Outer)
	if plan.Outer == nil {
		plan.Outer = make(map[string]string)
	}
	for _, m := range i.inputMap.mappings {
		if !m.control() {
			plan.Outer[m.source] = m.target
		}
	}
	return &plan
}

// tensorMessage returns a message that feeds or fetches tensors, with its names changed.
func (i *importer) tensorMessage(message []byte, typ protoreflect.FullName) ([]byte, error) {
	return i.tensorPlan().Message(nil, message, i.o.Registry.NamesOf(typ))
}

// signature returns a SignatureDef with the names and shapes that its tensors have after the import.
func (i *importer) signature(signature []byte) ([]byte, error) {
	return i.tensorMessage(i.withNewShapes(signature), "tensorflow.SignatureDef")
}

// withNewShapes returns a SignatureDef with updated shapes for the tensors that the input map changes.
func (i *importer) withNewShapes(signature []byte) []byte {
	if len(i.inputMap.newShapes) == 0 {
		return signature
	}
	var out []byte
	for s := wire.Scan(signature); s.Next(); {
		if !s.Is(fieldnum.SignatureDef_Inputs) && !s.Is(fieldnum.SignatureDef_Outputs) {
			out = append(out, s.Raw...)
			continue
		}
		key, info := wire.MapEntry(s.Data)
		name := string(wire.Last(info, fieldnum.TensorInfo_Name))
		changed, ok := i.inputMap.newShapes[i.tensorOf(name)]
		if !ok || strings.HasPrefix(name, "^") {
			out = append(out, s.Raw...)
			continue
		}
		var fields []byte
		for f := wire.Scan(info); f.Next(); {
			if f.Num != fieldnum.TensorInfo_TensorShape {
				fields = append(fields, f.Raw...)
			}
		}
		fields = protowire.AppendBytes(protowire.AppendTag(fields, fieldnum.TensorInfo_TensorShape, protowire.BytesType), draft.Shape(changed.shape))
		entry := protowire.AppendBytes(protowire.AppendTag(nil, fieldnum.MapEntry_Key, protowire.BytesType), key)
		entry = protowire.AppendBytes(protowire.AppendTag(entry, fieldnum.MapEntry_Value, protowire.BytesType), fields)
		out = protowire.AppendBytes(protowire.AppendTag(out, s.Num, protowire.BytesType), entry)
	}
	return out
}

// tensorOf returns the imported tensor that an input reads. Its node is Dangling if the graph has no such node.
func (i *importer) tensorOf(input string) graph.Edge {
	_, name, port := scope.Split([]byte(input))
	e := graph.Edge{Node: graph.Dangling}
	if node, found := i.in.index.Find(name); found {
		e.Node = int32(node)
	}
	k, _ := outputNumber(port)
	e.Port = int32(k)
	return e
}
