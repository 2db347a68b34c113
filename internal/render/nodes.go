package render

import (
	"bytes"
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/tensor"
)

// Nodes returns the section nodes, which come in parts. Nodes are printed while they are read. With functions, the table has a
// column for the function of a node.
func Nodes(nodes parts[*inspect.Node], functions bool) View {
	columns := append(namedColumns("name", "op", "dtype", "shape", "device"), column{name: "inputs", prose: true})
	if functions {
		columns = append(columns, column{name: "function"})
	}
	return View{
		Tables: []grid{{
			columns: columns,
			stream: mapParts(nodes, func() func(*inspect.Node) []string {
				row := make([]string, len(columns))
				return func(n *inspect.Node) []string {
					row[0], row[1], row[2], row[3] = string(n.Name), string(n.Op), n.DType, shapeText(n.Shape)
					row[4], row[5] = string(n.Device), string(bytes.Join(n.Inputs, []byte(", ")))
					if functions {
						row[6] = string(n.Function)
					}
					return row
				}
			}),
		}},
		Values: mapParts(nodes, func() func(*inspect.Node) string {
			return func(n *inspect.Node) string { return string(n.Name) }
		}),
		fields: []member{{"nodes", mapParts(nodes, func() func(*inspect.Node) any {
			element := new(jsonNode)
			return func(n *inspect.Node) any {
				element.Node = n
				return element
			}
		})}},
	}
}

// shapeText returns a shape for a table cell, or "" if it is unknown.
func shapeText(s tensor.Shape) string {
	if s == nil {
		return ""
	}
	return s.String()
}

// jsonNode writes a node as JSON without reflection: a graph can have millions of nodes.
type jsonNode struct{ *inspect.Node }

// AppendJSON appends the node as an object.
func (n *jsonNode) AppendJSON(b []byte) []byte {
	b = append(b, `{"name": `...)
	b = AppendJSON(b, n.Name)
	b = append(b, `, "function": `...)
	b = AppendJSON(b, n.Function)
	b = append(b, `, "op": `...)
	b = AppendJSON(b, n.Op)
	b = append(b, `, "device": `...)
	b = AppendJSON(b, n.Device)
	b = append(b, `, "inputs": [`...)
	for i, input := range n.Inputs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendJSON(b, input)
	}
	b = append(b, `], "dtype": `...)
	b = AppendJSON(b, n.DType)
	b = append(b, `, "shape": `...)
	b = n.Shape.AppendJSON(b)
	b = append(b, `, "attrs": {`...)
	first := true
	for attr := range n.Attrs {
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = appendKey(b, attr.Key)
		b = append(b, ": "...)
		b = AppendAttr(b, &attr.Value)
	}
	return append(b, "}}"...)
}

// AppendAttr appends the value of an attr as JSON. A type is its short name in TensorFlow. A function is {"function": name}. Tensors and
// long lists are summarized.
func AppendAttr(b []byte, v *tensor.Value) []byte {
	switch v.Kind {
	case tensor.ValueString, tensor.ValueType:
		return AppendJSON(b, v.Text)
	case tensor.ValueInt:
		return strconv.AppendInt(b, v.Int, 10)
	case tensor.ValueFloat:
		return appendJSONFloat(b, v.Float, 32)
	case tensor.ValueDouble:
		return appendJSONFloat(b, v.Float, 64)
	case tensor.ValueBool:
		return strconv.AppendBool(b, v.Int != 0)
	case tensor.ValueShape:
		return v.Shape.AppendJSON(b)
	case tensor.ValueFunc:
		b = append(b, `{"function": `...)
		return append(AppendJSON(b, v.Text), '}')
	case tensor.ValuePlaceholder:
		b = append(b, `{"placeholder": `...)
		return append(AppendJSON(b, v.Text), '}')
	case tensor.ValueTensor:
		return appendTensor(b, v.Tensor)
	case tensor.ValueList:
		if v.Length == len(v.List) {
			return appendValues(b, v.List)
		}
		b = append(b, `{"length": `...)
		b = strconv.AppendInt(b, int64(v.Length), 10)
		b = append(b, `, "first": `...)
		return append(appendValues(b, v.List), '}')
	}
	return append(b, "null"...)
}

func appendValues(b []byte, values []tensor.Value) []byte {
	b = append(b, '[')
	for i := range values {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendAttr(b, &values[i])
	}
	return append(b, ']')
}

// appendTensor appends {"dtype", "shape", "bytes", "values"}. The values are the first few of the tensor.
func appendTensor(b []byte, t *tensor.Tensor) []byte {
	b = append(b, `{"dtype": `...)
	b = AppendJSON(b, t.DType)
	b = append(b, `, "shape": `...)
	b = t.Shape.AppendJSON(b)
	b = append(b, `, "bytes": `...)
	b = strconv.AppendInt(b, int64(t.Bytes), 10)
	b = append(b, `, "values": `...)
	return append(appendValues(b, t.Values), '}')
}
