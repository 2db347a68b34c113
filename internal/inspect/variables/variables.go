// Package variables lists the variables of a model with their kinds, shapes and sizes.
package variables

import (
	"iter"
	"math"
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// List holds the variables of a model and their totals.
type List struct {
	// Variables yields those of the collections first (`variables` before the others), then those found only in the
	// graph. Each is new, so a list of a million takes little memory. It is not safe for concurrent use.
	Variables iter.Seq[*Variable]
	Total     Totals // over all variables
	Trainable Totals // over the trainable variables
}

// Totals sums up a group of variables.
type Totals struct {
	Variables  int   `json:"variables"`
	Parameters int64 `json:"parameters"` // elements of variables of known shape; capped at the largest int64
	Bytes      int64 `json:"bytes"`      // their size; omits elements of variable size, such as strings
	Unknown    int   `json:"unknown"`    // number of variables of unknown shape or size, which the sums omit
}

// A Quantity is a number, or -1 if it is unknown. In JSON, an unknown Quantity is null.
type Quantity int64

// MarshalJSON writes the number, or null if it is unknown.
func (q Quantity) MarshalJSON() ([]byte, error) {
	if q < 0 {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(q), 10), nil
}

// A VariableKind is the purpose of a variable.
type VariableKind string

// The kinds of variables.
const (
	KindModel         VariableKind = "model"          // weights and batch normalization statistics
	KindOptimizer     VariableKind = "optimizer"      // optimizer state: a slot of another variable, or shared state
	KindMovingAverage VariableKind = "moving average" // the average of another variable
	KindGlobalStep    VariableKind = "global step"    // the training step counter
	KindMetric        VariableKind = "metric"         // the state of a metric
	KindLocal         VariableKind = "local"          // local to a session and not saved
)

// A Variable is one variable. The parts of a partitioned variable are merged.
type Variable struct {
	Name         string       `json:"name"`          // name of the op; for a partitioned variable, the full name
	Kind         VariableKind `json:"kind"`          // its purpose
	DType        string       `json:"dtype"`         // TensorFlow's short name without _ref; empty if the file does not record it
	Shape        tensor.Shape `json:"shape"`         // the static shape; nil if its rank is unknown
	Parameters   Quantity     `json:"parameters"`    // number of elements
	Bytes        Quantity     `json:"bytes"`         // size of the elements
	Trainable    bool         `json:"trainable"`     // listed in trainable_variables; without that collection, declared trainable or updated by an optimizer
	Initializer  string       `json:"initializer"`   // the op that initializes it; empty if unknown
	InitialValue string       `json:"initial_value"` // the tensor that holds the initial value; empty if unknown
	Op           string       `json:"op"`            // VariableV2, VarHandleOp, ...; empty if the graph has no such node
	Key          string       `json:"key,omitempty"` // the checkpoint key from which the saver restores it; empty if it does not
	Of           string       `json:"of,omitempty"`  // the variable to which a slot or a moving average belongs
	Slice        string       `json:"slice,omitempty"`
	Parts        []Part       `json:"parts,omitempty"`      // of a partitioned variable, sorted by offset
	Incomplete   bool         `json:"incomplete,omitempty"` // whether the parts do not cover the full variable
	Sources      []string     `json:"sources"`              // where it is listed: collection keys, "object_graph", "graph"
}

// A Part is one part of a partitioned variable.
type Part struct {
	Name       string       `json:"name"`
	Shape      tensor.Shape `json:"shape"`
	Offset     []int64      `json:"offset"` // where the part begins in the full variable
	Parameters Quantity     `json:"parameters"`
	Slice      string       `json:"slice"` // as in checkpoints: "10 4 0,5:0,4"
	Op         string       `json:"op"`
	Key        string       `json:"key,omitempty"`
}

// Values of Sources for variables found in the graph or in a SavedModel's object graph.
const (
	SourceGraph       = "graph"
	SourceObjectGraph = "object_graph"
)

// Find returns the variables of a model, each once. It reads its collections, its object graph, and the variable ops
// that no collection lists. The error is that of Model.Graph, or for a function library that cannot be read.
func Find(m *model.Model) (*List, error) {
	r, err := read(m)
	if err != nil {
		return nil, err
	}
	l := &List{Variables: r.variables}
	l.Total, l.Trainable = r.totals()
	return l, nil
}

// Sum returns the totals of the variables that Find returns: of all, and of the trainable ones.
func Sum(m *model.Model) (all, trainable Totals, err error) {
	r, err := read(m)
	if err != nil {
		return all, trainable, err
	}
	all, trainable = r.totals()
	return all, trainable, nil
}

// read returns a reader that has read the variables of a model.
func read(m *model.Model) (*variableReader, error) {
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	t, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	r := newVariableReader(m.Meta, g, t.Copy()) // the summary searches for inputs and outputs at the same time
	r.readCollections()
	r.readObjectGraph()
	r.readGraph()
	r.readSaved()
	if err := r.readKeys(); err != nil {
		return nil, err
	}
	r.classify()
	r.groupParts()
	return r, nil
}

// Pick returns the variables that the filter selects by name or scope, with their totals. A partitioned variable is
// also selected by the name of a part.
func (l *List) Pick(f model.Filter) *List {
	if f.Empty() {
		return l
	}
	picked := &List{Variables: func(yield func(*Variable) bool) {
		for v := range l.Variables {
			match := f.MatchName([]byte(v.Name))
			for k := 0; k < len(v.Parts) && !match; k++ {
				match = f.MatchName([]byte(v.Parts[k].Name))
			}
			if match && !yield(v) {
				return
			}
		}
	}}
	for v := range picked.Variables {
		picked.Total.add(v.Parameters, v.Bytes)
		if v.Trainable {
			picked.Trainable.add(v.Parameters, v.Bytes)
		}
	}
	return picked
}

// totals returns the totals of all variables, and of the trainable ones.
func (r *variableReader) totals() (all, trainable Totals) {
	for _, v := range r.list {
		if v.inWhole() {
			continue
		}
		shape, isTrainable := v.known().shape, v.trainable
		if parts := v.known().parts; parts != nil {
			shape = clampShape(v.slice().GetFullShape())
			isTrainable = r.anyTrainable(parts)
		}
		parameters, bytes := sizes(shape, v.dtype)
		all.add(parameters, bytes)
		if isTrainable {
			trainable.add(parameters, bytes)
		}
	}
	return all, trainable
}

// add adds a variable to the totals.
func (t *Totals) add(parameters, bytes Quantity) {
	t.Variables++
	if parameters < 0 || bytes < 0 {
		t.Unknown++
	}
	t.Parameters = saturate(t.Parameters, parameters)
	t.Bytes = saturate(t.Bytes, bytes)
}

// saturate returns sum + q, capped at the largest int64. It returns sum if q is unknown.
func saturate(sum int64, q Quantity) int64 {
	switch {
	case q < 0:
		return sum
	case sum > math.MaxInt64-int64(q):
		return math.MaxInt64
	}
	return sum + int64(q)
}

// sizes returns the number of elements of a shape and their size in bytes. Each is -1 if it is unknown or overflows an
// int64.
func sizes(s tensor.Shape, dtype int32) (parameters, bytes Quantity) {
	n, ok := s.Elements()
	if !ok {
		return -1, -1
	}
	each := tensor.DTypeSize(dtype)
	if each == 0 || n > math.MaxInt64/each {
		return Quantity(n), -1
	}
	return Quantity(n), Quantity(n * each)
}
