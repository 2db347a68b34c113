package inspect

import "strconv"

// VariableList is the variables of a graph and what they add up to.
type VariableList struct {
	Variables []Variable     `json:"variables"` // in the order of the collections, then of the graph
	Total     VariableTotals `json:"total"`     // all of them
	Trainable VariableTotals `json:"trainable"` // those that training changes
}

// VariableTotals is what a group of variables adds up to.
type VariableTotals struct {
	Variables  int   `json:"variables"`
	Parameters int64 `json:"parameters"` // elements of those whose shape is known; the largest int64 where there are more
	Bytes      int64 `json:"bytes"`      // the same in bytes, without those whose elements have no fixed size
	Unknown    int   `json:"unknown"`    // how many have an unknown shape or size, and so are not in the sums
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
	KindSlot          VariableKind = "slot"           // an optimizer's memory of another variable
	KindMovingAverage VariableKind = "moving average" // the average of another variable
	KindGlobalStep    VariableKind = "global step"    // the count of training steps
	KindMetric        VariableKind = "metric"         // the state of a metric
	KindLocal         VariableKind = "local"          // local to a run, not saved
)

// A Variable is one variable; one that is partitioned is put together from its parts.
type Variable struct {
	Name         string         `json:"name"`            // name of the op, of a partitioned variable the full name
	Kind         VariableKind   `json:"kind"`            // see VariableKind
	DType        string         `json:"dtype"`           // TensorFlow's short name without _ref; empty where the file does not say
	Shape        Shape          `json:"shape"`           // see Shape
	Parameters   Quantity       `json:"parameters"`      // number of elements
	Bytes        Quantity       `json:"bytes"`           // of the elements
	Trainable    bool           `json:"trainable"`       // see VariableList.Trainable
	Initializer  string         `json:"initializer"`     // name of the op that initializes it, empty where the file does not say
	InitialValue string         `json:"initial_value"`   // tensor with the initial value, empty where the file does not say
	Op           string         `json:"op"`              // VariableV2, VarHandleOp, ...; empty where the node is not in the graph
	Of           string         `json:"of,omitempty"`    // the variable that a slot or a moving average belongs to
	Slice        string         `json:"slice,omitempty"` // the part of the full variable, as in checkpoints: "10 4 0,5:0,4"
	Parts        []VariablePart `json:"parts,omitempty"` // of a partitioned variable, in the order of their offsets
	Sources      []string       `json:"sources"`         // where it is listed: collection keys in file order, "graph" last
}

// A VariablePart is one part of a partitioned variable.
type VariablePart struct {
	Name       string   `json:"name"`
	Shape      Shape    `json:"shape"`
	Offset     []int64  `json:"offset"` // where the part begins in the full variable
	Parameters Quantity `json:"parameters"`
	Slice      string   `json:"slice"` // as in checkpoints
}

// Variables returns the variables of a model, from its collections and from the variable ops of its graph. The error is that
// of Model.Graph.
func Variables(m *Model) (*VariableList, error) {
	return &VariableList{}, nil
}
