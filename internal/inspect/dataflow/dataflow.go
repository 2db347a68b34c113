// Package dataflow finds the inputs and outputs of a model: what the file declares (signatures, collections), and where it
// declares nothing, what follows from the way data flows through the graph.
package dataflow

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A Role is the purpose of a tensor.
type Role string

// The roles of inputs, then those of outputs.
const (
	RoleData      Role = "data"      // what the model works on
	RoleAuxiliary Role = "auxiliary" // a switch or a rate: is_training, a keep probability, a batch size
	RoleLabel     Role = "label"     // the truth to learn from; inference does not need it
	RoleUnused    Role = "unused"    // only bookkeeping reads it

	RolePrediction Role = "prediction" // what inference reads
	RoleLoss       Role = "loss"       // what training minimizes
	RoleMetric     Role = "metric"     // how well the model does, such as an accuracy
)

// IO is the inputs and outputs of a graph.
type IO struct {
	Inputs  []Tensor `json:"inputs"`  // data, auxiliary, labels, unused, in this order; within each the likeliest first
	Outputs []Tensor `json:"outputs"` // predictions, losses, metrics, in this order; within each the likeliest first

	// Methods are the entry points of a TensorFlow 2 SavedModel without signatures.
	Methods []Method `json:"methods,omitempty"`
}

// A Tensor is one input or output of a graph.
type Tensor struct {
	Tensor string       `json:"tensor"`           // name:k
	Role   Role         `json:"role"`             // see Role
	DType  string       `json:"dtype"`            // TensorFlow's short name, such as float32; empty if the file does not record it
	Shape  tensor.Shape `json:"shape"`            // see Shape
	Why    string       `json:"why"`              // the signs by which it was identified
	Copies []string     `json:"copies,omitempty"` // the same tensor in copies of the model (towers, workers), which have no entry of their own
}

// Find returns what goes into a graph and what inference reads from it, found by what the file says (signatures,
// collections) and, where it says nothing, by how data flows: from where it comes in, through the layers, which bring it
// together with variables, to what lies below the last of them and depends on no label.
//
// The lists are guesses where no signature stands behind them; Why says by what sign each was made. The error is that of
// Model.Graph.
func Find(m *model.Model) (*IO, error) {
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	t, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	d := &ioFinder{
		Flow:      NewFlow(g),
		t:         t,
		m:         m.Meta,
		declared:  readDeclared(g, m.Meta),
		sourceAt:  make(map[graph.Edge]int),
		standIns:  make(map[graph.Edge]bool),
		questions: maxQuestions,
	}
	d.MarkGradients()
	if d.deployed = d.isDeployed(); d.deployed {
		d.deployed = d.adoptGradients()
	}
	d.markInitialization()
	d.markKeepers()
	d.findMachinery()
	d.findTrainable()
	d.findSources()
	d.markModel()
	d.settleSources()
	d.markRegions()
	d.findStandIns()
	if len(d.declared.inputs)+len(d.declared.outputs) == 0 {
		d.methods = readMethods(m.Meta)
	}
	outputs := d.listOutputs(d.findOutputs())
	return &IO{Inputs: unique(d.listInputs()), Outputs: unique(outputs), Methods: d.methods}, nil
}

// maxQuestions is how many questions that need a walk through the whole graph are asked about single tensors.
const maxQuestions = 16

// tensorName returns "name:k".
func (d *ioFinder) tensorName(e graph.Edge) string { return d.g.TensorName(e) }
