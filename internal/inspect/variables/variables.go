// Package variables lists the variables of a model with their kinds, shapes and sizes.
package variables

import (
	"math"
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// List is the variables of a model and what they add up to.
type List struct {
	// Variables are in the order of the collections, `variables` first, then in that of the graph.
	Variables []Variable `json:"variables"`
	Total     Totals     `json:"total"`     // all of them
	Trainable Totals     `json:"trainable"` // those that training changes
}

// Totals is what a group of variables adds up to.
type Totals struct {
	Variables  int   `json:"variables"`
	Parameters int64 `json:"parameters"` // elements of those whose shape is known; the largest int64 where there are more
	Bytes      int64 `json:"bytes"`      // the same in bytes, without those whose elements have no fixed size
	Unknown    int   `json:"unknown"`    // how many have an unknown shape or size, and so are not in all sums
}

// A Quantity is a number that may be unknown: -1, and null in JSON.
type Quantity int64

// MarshalJSON writes the number, or null.
func (q Quantity) MarshalJSON() ([]byte, error) {
	if q < 0 {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(q), 10), nil
}

// A VariableKind says what a variable is there for.
type VariableKind string

// The kinds of variables.
const (
	KindModel         VariableKind = "model"          // weights, and the statistics of batch normalization
	KindOptimizer     VariableKind = "optimizer"      // an optimizer's memory: of another variable (a slot), or of its own
	KindMovingAverage VariableKind = "moving average" // the average of another variable
	KindGlobalStep    VariableKind = "global step"    // the count of training steps
	KindMetric        VariableKind = "metric"         // the state of a metric
	KindLocal         VariableKind = "local"          // local to a run, not saved
)

// A Variable is one variable; one that is partitioned is put together from its parts.
type Variable struct {
	Name         string       `json:"name"`          // name of the op; of a partitioned variable the full name
	Kind         VariableKind `json:"kind"`          // see VariableKind
	DType        string       `json:"dtype"`         // TensorFlow's short name without _ref; empty where the file does not say
	Shape        tensor.Shape `json:"shape"`         // see Shape
	Parameters   Quantity     `json:"parameters"`    // number of elements
	Bytes        Quantity     `json:"bytes"`         // of the elements
	Trainable    bool         `json:"trainable"`     // in trainable_variables; where there is no such collection, said to be so or changed by an optimizer
	Initializer  string       `json:"initializer"`   // op that initializes it, empty where the file does not say
	InitialValue string       `json:"initial_value"` // tensor with the initial value, empty where the file does not say
	Op           string       `json:"op"`            // VariableV2, VarHandleOp, ...; empty where the node is not in the graph
	Key          string       `json:"key,omitempty"` // under which the saver restores it, empty if it does not
	Of           string       `json:"of,omitempty"`  // the variable that a slot or a moving average belongs to
	Slice        string       `json:"slice,omitempty"`
	Parts        []Part       `json:"parts,omitempty"`      // of a partitioned variable, in the order of their offsets
	Incomplete   bool         `json:"incomplete,omitempty"` // the parts do not add up to the full variable
	Sources      []string     `json:"sources"`              // where it stands: collection keys, "object_graph", "graph"
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

// What Sources calls the graph itself and the objects of a SavedModel.
const (
	SourceGraph       = "graph"
	SourceObjectGraph = "object_graph"
)

// Find returns the variables of a model: from its collections, from its object graph, and from the variable ops of its
// graph that no collection lists. Each is there once. The error is that of Model.Graph.
func Find(m *model.Model) (*List, error) {
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	t, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	r := newVariableReader(m.Meta, g, t)
	r.readCollections()
	r.readObjectGraph()
	r.readGraph()
	r.readSaved()
	if err := r.readKeys(); err != nil {
		return nil, err
	}
	r.tellKinds()
	l := &List{Variables: r.joinParts()}
	l.addUp()
	return l, nil
}

// Pick returns the variables that the filter asks for by name or scope, a partitioned one also by that of a part, and what
// these add up to.
func (l *List) Pick(f model.Filter) *List {
	picked := &List{Variables: []Variable{}}
	for _, v := range l.Variables {
		match := f.MatchName([]byte(v.Name))
		for k := 0; k < len(v.Parts) && !match; k++ {
			match = f.MatchName([]byte(v.Parts[k].Name))
		}
		if match {
			picked.Variables = append(picked.Variables, v)
		}
	}
	picked.addUp()
	return picked
}

// addUp fills in the totals.
func (l *List) addUp() {
	l.Total, l.Trainable = Totals{}, Totals{}
	for i := range l.Variables {
		l.Total.add(&l.Variables[i])
		if l.Variables[i].Trainable {
			l.Trainable.add(&l.Variables[i])
		}
	}
}

// add counts a variable in.
func (t *Totals) add(v *Variable) {
	t.Variables++
	if v.Parameters < 0 || v.Bytes < 0 {
		t.Unknown++
	}
	t.Parameters = saturate(t.Parameters, v.Parameters)
	t.Bytes = saturate(t.Bytes, v.Bytes)
}

// saturate returns sum + q, the largest int64 where that is more, and sum where q is unknown.
func saturate(sum int64, q Quantity) int64 {
	switch {
	case q < 0:
		return sum
	case sum > math.MaxInt64-int64(q):
		return math.MaxInt64
	}
	return sum + int64(q)
}

// sizes returns the number of elements of a shape and their bytes, -1 for what is unknown or more than an int64 holds.
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
