package wire

import "bytes"

// An Input is what an entry of a node's input list says.
type Input struct {
	Node    []byte // the node that it reads; inside a function an argument or a node of the body
	Port    []byte // what stands behind the first colon: an output number ("1"), in functions "output:0"; nil where nothing does
	Control bool   // a control input: "^node"
}

// ParseInput takes an input apart: "node", "node:1", "^node" (ParseTensorName in tensorflow/core/graph/tensor_id.cc).
func ParseInput(input []byte) Input {
	if len(input) > 0 && input[0] == '^' {
		return Input{Node: input[1:], Control: true}
	}
	if i := bytes.IndexByte(input, ':'); i >= 0 {
		return Input{Node: input[:i], Port: input[i+1:]}
	}
	return Input{Node: input}
}

// Output returns the number of the output that a data input of a graph reads: 0 where none is named. It reports false for
// a port that is no number.
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
