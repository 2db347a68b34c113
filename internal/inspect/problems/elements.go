package problems

import (
	"fmt"
	"strconv"
	"strings"
)

// An element is what a name in a collection stands for.
type element struct {
	node   int
	tensor bool // an output of the node, "name:k"
}

// element returns what TensorFlow finds under a name, and nil, or why it stops, in the words of its exception
// (Graph.as_graph_element in tensorflow/python/framework/ops.py). Of a million names few are ever put into words.
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
		return element{}, noElement("the name %s looks like that of a tensor and is none: NODE:NUMBER", name)
	}
	i, found := f.g.Find([]byte(op))
	if !found {
		return element{}, noElement("the name %s refers to a tensor of operation %s, which is not in the graph", name, op)
	}
	types := f.types[i]
	if types == nil {
		return element{node: i, tensor: true}, nil
	}
	// Python counts from the end where the number is negative.
	if int64(number) >= types.outputCount || int64(number) < -types.outputCount {
		return element{}, noElement("the name %s refers to a tensor that does not exist: operation %s has "+
			strconv.FormatInt(types.outputCount, 10)+" outputs", name, op)
	}
	return element{node: i, tensor: true}, nil
}

// noElement returns what puts names into format.
func noElement(format string, names ...string) func() string {
	return func() string {
		args := make([]any, len(names))
		for i, name := range names {
			args[i] = shown(name)
		}
		return fmt.Sprintf(format, args...)
	}
}
