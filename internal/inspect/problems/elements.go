package problems

import (
	"fmt"
	"strconv"
	"strings"
)

// An element is the node or tensor that a name in a collection refers to.
type element struct {
	node   int
	tensor bool // an output of the node, "name:k"
}

// element returns the node or tensor with a name, as TensorFlow finds it (Graph.as_graph_element in
// tensorflow/python/framework/ops.py). If it does not exist, element returns a function that returns the message of TensorFlow's
// exception. Few of a million names need one.
func (f *problemFinder) element(name string) (element, func() string) {
	op, port, tensor := strings.Cut(name, ":")
	if !tensor {
		i, found := f.g.Find([]byte(name))
		if !found {
			return element{}, noElement("the name %s refers to an operation that is not in the graph", name)
		}
		return element{node: i}, nil
	}
	number, ok := pythonInt(port)
	if !ok {
		return element{}, noElement("the name %s looks like a tensor name, but is not a valid one (expected NODE:NUMBER)", name)
	}
	i, found := f.g.Find([]byte(op))
	if !found {
		return element{}, noElement("the name %s refers to a tensor of operation %s, which is not in the graph", name, op)
	}
	types := f.types(i)
	if types == nil {
		return element{node: i, tensor: true}, nil
	}
	// Python counts negative numbers from the end.
	if int64(number) >= types.outputCount || int64(number) < -types.outputCount {
		return element{}, noElement("the name %s refers to a tensor that does not exist: operation %s has "+
			strconv.FormatInt(types.outputCount, 10)+" outputs", name, op)
	}
	return element{node: i, tensor: true}, nil
}

// noElement returns a function that formats a message with names.
func noElement(format string, names ...string) func() string {
	return func() string {
		args := make([]any, len(names))
		for i, name := range names {
			args[i] = shown(name)
		}
		return fmt.Sprintf(format, args...)
	}
}
