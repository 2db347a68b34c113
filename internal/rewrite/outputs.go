package rewrite

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// outputTypes returns the DataType of each output of a node, 0 for one that is not known, and whether it is known how many
// there are: by the file's own definition of the op, or the signature of the function that it calls
// (NameRangesForNode in tensorflow/core/framework/node_def_util.cc).
func outputTypes(m *wire.MetaGraph, ops *opList, n *wire.Node) ([]int32, bool) {
	def := ops.find(string(n.Op))
	if def == nil {
		if def = signatureOf(m, string(n.Op)); def == nil {
			return nil, false
		}
	}
	var types []int32
	for _, arg := range def.GetOutputArg() {
		if key := arg.GetTypeListAttr(); key != "" {
			list, ok := typeList(n, key)
			if !ok {
				return nil, false
			}
			types = append(types, list...)
			continue
		}
		count := int64(1)
		if key := arg.GetNumberAttr(); key != "" {
			value, ok := n.Attr(key)
			if !ok {
				return nil, false
			}
			if count = int64(wire.LastUint(value, wire.AttrI)); count < 0 || count > 1<<20 {
				return nil, false
			}
		}
		dtype := int32(arg.GetType())
		if key := arg.GetTypeAttr(); key != "" {
			value, _ := n.Attr(key)
			dtype = wire.AttrTypeOf(value)
		}
		for range count {
			types = append(types, dtype)
		}
	}
	return types, true
}

// signatureOf returns the signature of a function of the library, nil where there is none that can be read.
func signatureOf(m *wire.MetaGraph, name string) *tfpb.OpDef {
	for f, err := range m.Graph().Functions() {
		if err != nil {
			return nil
		}
		if f.Name() == name {
			signature, _ := wire.Merged(f, wire.FunctionSignature)
			def := new(tfpb.OpDef)
			if proto.Unmarshal(signature, def) != nil {
				return nil
			}
			return def
		}
	}
	return nil
}

// typeList returns the DataTypes of a list attr, and whether there is one.
func typeList(n *wire.Node, key string) ([]int32, bool) {
	const listType = 6
	value, ok := n.Attr(key)
	if !ok {
		return nil, false
	}
	list, ok := wire.AttrBytes(value, wire.AttrList)
	var types []int32
	for s := wire.Scan(list); s.Next(); {
		switch {
		case s.Num == listType && s.Type == protowire.VarintType:
			types = append(types, int32(s.Uint()))
		case s.Is(listType):
			for rest := s.Data; len(rest) > 0; {
				v, size := protowire.ConsumeVarint(rest)
				if size < 0 {
					return nil, false
				}
				types, rest = append(types, int32(v)), rest[size:]
			}
		}
	}
	return types, ok
}

// firstRef is what the DataType of a reference is more than that of what it refers to.
const firstRef = 100

// sameType reports whether a tensor of one DataType can be read where one of another was: references are read as what they
// refer to, and what is not known may be anything.
func sameType(a, b int32) bool {
	return a == 0 || b == 0 || a%firstRef == b%firstRef
}

// typeName returns the name of a DataType without its DT_, in lower case.
func typeName(dtype int32) string {
	return strings.ToLower(strings.TrimPrefix(tfpb.DataType(dtype).String(), "DT_"))
}

// tensorName returns an input as the name of a tensor, which always says the output.
func tensorName(input string) string {
	if strings.Contains(input, ":") || strings.HasPrefix(input, "^") {
		return input
	}
	return input + ":0"
}

// checkOutput returns what is wrong with the output that port, `:k` or nothing, names of a node: nothing as far as the file
// tells.
func checkOutput(m *wire.MetaGraph, ops *opList, n *wire.Node, port []byte) string {
	k, ok := outputNumber(port)
	if !ok {
		return "what stands behind the colon is no output number"
	}
	types, known := outputTypes(m, ops, n)
	if !known || k < len(types) {
		return ""
	}
	return "the node has " + countOutputs(len(types))
}

// outputNumber returns the output that a port names.
func outputNumber(port []byte) (int, bool) {
	if len(port) == 0 {
		return 0, true
	}
	in := wire.Input{Port: port[1:]}
	return in.Output()
}

// countOutputs returns "no output", "1 output", "2 outputs".
func countOutputs(n int) string {
	switch n {
	case 0:
		return "no output"
	case 1:
		return "1 output"
	}
	return strconv.Itoa(n) + " outputs"
}

// outputType returns the DataType of the output that port names of a node, 0 where it is not known.
func outputType(m *wire.MetaGraph, ops *opList, n *wire.Node, port []byte) int32 {
	k, ok := outputNumber(port)
	types, known := outputTypes(m, ops, n)
	if !ok || !known || k >= len(types) {
		return 0
	}
	return types[k]
}
