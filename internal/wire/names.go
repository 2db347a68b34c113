package wire

import (
	"bytes"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// An Input is a parsed entry of a node's input list.
type Input struct {
	Node    []byte // the node that it reads; in a function, an argument or a node of the body
	Port    []byte // the part after the first colon: an output number ("1"), or "output:0" in functions; nil if absent
	Control bool   // a control input: "^node"
}

// GroupPrefix precedes the name of the node of a colocation group in the attr `_class`
// (kColocationGroupPrefix in tensorflow/core/framework/node_def_util.cc).
const GroupPrefix = "loc:@"

// ParseInput parses an input: "node", "node:1" or "^node" (ParseTensorName in tensorflow/core/graph/tensor_id.cc).
func ParseInput(input []byte) Input {
	if IsControl(input) {
		return Input{Node: input[1:], Control: true}
	}
	if i := bytes.IndexByte(input, ':'); i >= 0 {
		return Input{Node: input[:i], Port: input[i+1:]}
	}
	return Input{Node: input}
}

// NodeOf returns the node that the name of a tensor begins with: "node" for "node:1".
func NodeOf(tensor string) string {
	node, _, _ := strings.Cut(tensor, ":")
	return node
}

// IsControl reports whether an entry of a node's input list is a control input, "^node".
func IsControl(input []byte) bool { return len(input) > 0 && input[0] == '^' }

// InputNames returns the inputs of a node as strings.
func InputNames(inputs [][]byte) []string {
	names := make([]string, len(inputs))
	for k, input := range inputs {
		names[k] = string(input)
	}
	return names
}

// ControlInputs returns the control inputs of a node as strings. The result is not nil.
func ControlInputs(inputs [][]byte) []string {
	controls := []string{}
	for _, input := range inputs {
		if IsControl(input) {
			controls = append(controls, string(input))
		}
	}
	return controls
}

// Output returns the output number that a data input of a graph reads, which defaults to 0. It reports false if the
// port is not a number.
func (in Input) Output() (int, bool) {
	n := 0
	for _, c := range in.Port {
		if c < '0' || c > '9' || n > 1<<24 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, in.Port == nil || len(in.Port) > 0
}

// AnyType returns the full name of the message type in the type URL of a google.protobuf.Any, such as
// "type.googleapis.com/tensorflow.AssetFileDef". It is the part after the last slash.
func AnyType[S string | []byte](url S) protoreflect.FullName {
	return protoreflect.FullName(url[strings.LastIndexByte(string(url), '/')+1:])
}
