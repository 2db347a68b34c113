package inspect

import (
	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A tensors answers what dtype and shape the tensors of a graph have, as far as the file says it or it follows for certain.
// It looks at single nodes when asked, never at the whole graph.
type tensors struct {
	g        *Graph
	ops      *opDefs
	producer int64 // version of the graph's producer, 0 where it is not said
	shapes   map[Edge]Shape
	steps    int // nodes that shapes may still be followed through
}

// maxShapeSteps bounds the work of following shapes through nodes that do not carry theirs, all questions together.
const maxShapeSteps = 20000

// newTensors returns what answers for the graph of m, whose index is g.
func newTensors(g *Graph, m *wire.MetaGraph) *tensors {
	graph := m.Graph()
	if g != nil {
		graph = g.Rest() // the versions may stand behind a million nodes
	}
	versions, _ := graph.Versions()
	return &tensors{
		g:        g,
		ops:      newOpDefs(m),
		producer: int64(wire.LastUint(versions, 1)),
		shapes:   make(map[Edge]Shape),
		steps:    maxShapeSteps,
	}
}

// Field numbers of AttrValue.ListValue that are read here.
const (
	listTypes  protowire.Number = 6
	listShapes protowire.Number = 7
)

// attrInt returns the integer of an attr, 0 where there is none.
func attrInt(n *wire.Node, key string) int64 {
	value, _ := n.Attr(key)
	return int64(wire.LastUint(value, wire.AttrI))
}

// attrBool returns the bool of an attr, false where there is none.
func attrBool(n *wire.Node, key string) bool {
	value, _ := n.Attr(key)
	return wire.LastUint(value, wire.AttrB) != 0
}

// attrType returns the DataType of an attr, 0 where there is none.
func attrType(n *wire.Node, key string) int32 {
	value, _ := n.Attr(key)
	return wire.AttrTypeOf(value)
}

// attrTypes returns the DataTypes of a list attr.
func attrTypes(n *wire.Node, key string) []int32 {
	value, ok := n.Attr(key)
	if !ok {
		return nil
	}
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var types []int32
	for s := wire.Scan(list); s.Next(); {
		switch {
		case s.Num == listTypes && s.Type == protowire.VarintType:
			types = append(types, int32(s.Uint()))
		case s.Is(listTypes):
			for rest := s.Data; len(rest) > 0; {
				v, n := protowire.ConsumeVarint(rest)
				if n < 0 {
					break
				}
				types, rest = append(types, int32(v)), rest[n:]
			}
		}
	}
	return types
}

// attrShape returns the shape in an attr, nil where there is none.
func attrShape(n *wire.Node, key string) Shape {
	value, ok := n.Attr(key)
	if !ok {
		return nil
	}
	shape, ok := wire.AttrBytes(value, wire.AttrShape)
	if !ok {
		return nil
	}
	return parseShape(shape)
}

// attrShapeAt returns shape number i of a list attr, and how many shapes there are.
func attrShapeAt(n *wire.Node, key string, i int) (Shape, int) {
	value, ok := n.Attr(key)
	if !ok {
		return nil, 0
	}
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var shape Shape
	count := 0
	for s := wire.Scan(list); s.Next(); {
		if s.Is(listShapes) {
			if count == i {
				shape = parseShape(s.Data)
			}
			count++
		}
	}
	return shape, count
}

// outputs returns how many outputs node n has, 0 where nothing says it.
func (t *tensors) outputs(n *wire.Node) int {
	if _, count := attrShapeAt(n, "_output_shapes", 0); count > 0 {
		return count
	}
	if def := t.ops.find(n.Op); def != nil {
		count := 0
		for _, arg := range def.GetOutputArg() {
			count += argLength(n, arg)
		}
		return count
	}
	for _, key := range outputTypeLists {
		if types := attrTypes(n, key); len(types) > 0 {
			return len(types)
		}
	}
	return 0
}

// maxArgLength is the most tensors that one output argument is believed to have.
const maxArgLength = 1 << 20

// argLength returns how many tensors an argument of node n's op stands for.
func argLength(n *wire.Node, arg *tfpb.OpDef_ArgDef) int {
	switch {
	case arg.GetNumberAttr() != "":
		return int(min(max(attrInt(n, arg.GetNumberAttr()), 0), maxArgLength))
	case arg.GetTypeListAttr() != "":
		return len(attrTypes(n, arg.GetTypeListAttr()))
	}
	return 1
}

// dtype returns the DataType of output port of node n, without the reference that an older variable hands out, and 0 where
// the file does not say it.
func (t *tensors) dtype(n *wire.Node, port int) int32 {
	dtype := t.dtypeOrRef(n, port)
	if dtype > refOffset {
		dtype -= refOffset
	}
	return dtype
}

func (t *tensors) dtypeOrRef(n *wire.Node, port int) int32 {
	if def := t.ops.find(n.Op); def != nil {
		first := 0
		for _, arg := range def.GetOutputArg() {
			length := argLength(n, arg)
			if port >= first+length {
				first += length
				continue
			}
			switch {
			case arg.GetTypeListAttr() != "":
				return attrTypes(n, arg.GetTypeListAttr())[port-first]
			case arg.GetTypeAttr() != "":
				if _, ok := n.Attr(arg.GetTypeAttr()); ok {
					return attrType(n, arg.GetTypeAttr())
				}
				return defaultType(def, arg.GetTypeAttr())
			}
			return int32(arg.GetType())
		}
		return 0
	}
	return usualType(n, port)
}

// defaultType returns the default of a type attr.
func defaultType(def *tfpb.OpDef, attr string) int32 {
	for _, a := range def.GetAttr() {
		if a.GetName() == attr {
			return int32(a.GetDefaultValue().GetType())
		}
	}
	return 0
}

// The attrs that say the types of an op's outputs, in files that bring no op definitions: lists first, then single ones.
var (
	outputTypeLists = []string{"output_types", "component_types", "Tout", "dtypes"}
	outputTypes     = []string{"DstT", "out_type", "output_type", "dtype", "Tout", "Toutput", "T", "Tparams", "type"}
)

// usualType returns the type of an output of a node whose op nothing defines, by the names that TensorFlow's own ops give to
// their type attrs; 0 where they do not say it.
func usualType(n *wire.Node, port int) int32 {
	switch string(n.Op) {
	case "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd", "LogicalOr", "LogicalNot", "IsFinite",
		"IsNan", "IsInf", "InTopK", "InTopKV2", "All", "Any":
		return int32(tfpb.DataType_DT_BOOL)
	case "ArgMax", "ArgMin":
		if dtype := attrType(n, "output_type"); dtype != 0 {
			return dtype
		}
		return int32(tfpb.DataType_DT_INT64)
	case "Shape", "Size", "ShapeN":
		if dtype := attrType(n, "out_type"); dtype != 0 {
			return dtype
		}
		return int32(tfpb.DataType_DT_INT32)
	case "Rank", "NonMaxSuppression", "NonMaxSuppressionV2":
		return int32(tfpb.DataType_DT_INT32)
	case "TopK", "TopKV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4":
		if port == 1 || n.Op[0] == 'N' {
			return int32(tfpb.DataType_DT_INT32)
		}
	case "AsString", "StringJoin", "DecodeBase64", "EncodeBase64", "EncodePng", "EncodeJpeg", "ReadFile":
		return int32(tfpb.DataType_DT_STRING)
	case "VarHandleOp", "HashTableV2", "MutableHashTableV2", "Iterator", "IteratorV2", "FIFOQueueV2":
		return int32(tfpb.DataType_DT_RESOURCE)
	case "CTCGreedyDecoder", "CTCBeamSearchDecoder":
		return ctcType(n, port)
	}
	for _, key := range outputTypeLists {
		if types := attrTypes(n, key); port < len(types) {
			return types[port]
		}
	}
	for _, key := range outputTypes {
		if dtype := attrType(n, key); dtype != 0 {
			return dtype
		}
	}
	return 0
}

// ctcType returns the type of an output of a CTC decoder: paths are sparse tensors, the last output is the scores.
func ctcType(n *wire.Node, port int) int32 {
	paths := max(int(attrInt(n, "top_paths")), 1)
	if port < 3*min(paths, maxArgLength) {
		return int32(tfpb.DataType_DT_INT64)
	}
	if dtype := attrType(n, "T"); dtype != 0 {
		return dtype
	}
	return int32(tfpb.DataType_DT_FLOAT)
}
