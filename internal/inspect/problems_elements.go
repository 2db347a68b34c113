package inspect

import (
	"fmt"
	"strings"
)

// An element is what a name in a collection stands for.
type element struct {
	node   int
	tensor bool // an output of the node, "name:k"
}

// element returns what TensorFlow finds under a name, or why it stops, in the words of its exception
// (Graph.as_graph_element in tensorflow/python/framework/ops.py).
func (f *problemFinder) element(name string) (element, error) {
	op, port, tensor := strings.Cut(name, ":")
	if !tensor {
		i, found := f.g.Find([]byte(name))
		if !found {
			return element{}, fmt.Errorf("the name %s refers to an operation that is not in the graph", shown(name))
		}
		return element{node: i}, nil
	}
	number, ok := pythonInt(port)
	if !ok {
		return element{}, fmt.Errorf("the name %s looks like that of a tensor and is none: NODE:NUMBER", shown(name))
	}
	i, found := f.g.Find([]byte(op))
	if !found {
		return element{}, fmt.Errorf("the name %s refers to a tensor of operation %s, which is not in the graph", shown(name), shown(op))
	}
	types := f.types[i]
	if types == nil {
		return element{node: i, tensor: true}, nil
	}
	// Python counts from the end where the number is negative.
	if int64(number) >= types.outputCount || int64(number) < -types.outputCount {
		return element{}, fmt.Errorf("the name %s refers to a tensor that does not exist: operation %s has %d outputs", shown(name), shown(op), types.outputCount)
	}
	return element{node: i, tensor: true}, nil
}
