package testfiles

import (
	"strconv"
	"strings"
	"testing"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// Sketch returns the graph that lines describe, one node per line:
//
//	y = MatMul x w/read ^init transpose_a out=(?,10)
//
// A word with "=" is an attr. out is short for _output_shapes. A value in parentheses is a shape, and shapes separated by "|" are a
// list. The name of a DataType is a type, and names separated by commas are a list.
func Sketch(t testing.TB, lines string) *tfpb.MetaGraphDef {
	t.Helper()
	m := &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{Versions: &tfpb.VersionDef{Producer: 27}}}
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 || words[1] != "=" {
			t.Fatalf("invalid sketch of a node: %q", line)
		}
		n := &tfpb.NodeDef{Name: words[0], Op: words[2], Attr: make(map[string]*tfpb.AttrValue)}
		for _, word := range words[3:] {
			key, value, attr := strings.Cut(word, "=")
			switch {
			case !attr:
				n.Input = append(n.Input, word)
			case key == "out":
				n.Attr["_output_shapes"] = sketchShapes(t, value)
			case strings.Contains(value, "|"):
				n.Attr[key] = sketchShapes(t, value)
			case strings.HasPrefix(value, "("), value == "?":
				n.Attr[key] = &tfpb.AttrValue{Value: &tfpb.AttrValue_Shape{Shape: sketchShape(t, value)}}
			default:
				n.Attr[key] = sketchTypes(t, value)
			}
		}
		m.GraphDef.Node = append(m.GraphDef.Node, n)
	}
	return m
}

func sketchShapes(t testing.TB, value string) *tfpb.AttrValue {
	list := &tfpb.AttrValue_ListValue{}
	for _, shape := range strings.Split(value, "|") {
		list.Shape = append(list.Shape, sketchShape(t, shape))
	}
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: list}}
}

// sketchShape reads "(?,10)", "()", and "?" for unknown rank.
func sketchShape(t testing.TB, value string) *tfpb.TensorShapeProto {
	t.Helper()
	shape := &tfpb.TensorShapeProto{UnknownRank: value == "?"}
	inner := strings.Trim(value, "(?)")
	if value != "?" {
		inner = strings.TrimSuffix(strings.TrimPrefix(value, "("), ")")
	}
	for _, dim := range strings.Split(inner, ",") {
		size := int64(-1)
		if dim == "" {
			continue
		}
		if dim != "?" {
			var err error
			if size, err = strconv.ParseInt(dim, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		shape.Dim = append(shape.Dim, &tfpb.TensorShapeProto_Dim{Size: size})
	}
	return shape
}

func sketchTypes(t testing.TB, value string) *tfpb.AttrValue {
	t.Helper()
	var types []tfpb.DataType
	for _, name := range strings.Split(value, ",") {
		number, ok := tfpb.DataType_value["DT_"+strings.ToUpper(name)]
		if !ok {
			t.Fatalf("unknown DataType %q", name)
		}
		types = append(types, tfpb.DataType(number))
	}
	if len(types) == 1 {
		return TypeAttr(types[0])
	}
	return &tfpb.AttrValue{Value: &tfpb.AttrValue_List{List: &tfpb.AttrValue_ListValue{Type: types}}}
}
