// Package dataflow finds the inputs and outputs of a model. It prefers what the file declares (signatures,
// collections) and otherwise infers them from how data flows through the graph.
package dataflow

import (
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A Role is the purpose of a tensor.
type Role string

// Roles of inputs, followed by roles of outputs.
const (
	RoleData      Role = "data"      // the data the model processes
	RoleAuxiliary Role = "auxiliary" // a switch or a rate: is_training, a keep probability, a batch size
	RoleLabel     Role = "label"     // the expected result, used in training; inference does not need it
	RoleUnused    Role = "unused"    // read only by bookkeeping nodes

	RolePrediction Role = "prediction" // what inference fetches
	RoleLoss       Role = "loss"       // what training minimizes
	RoleMetric     Role = "metric"     // a measure of quality, such as accuracy
)

// IO lists the inputs and outputs of a graph.
type IO struct {
	Inputs  []Tensor `json:"inputs"`  // sorted by role: data, auxiliary, label, unused; the likeliest first within a role
	Outputs []Tensor `json:"outputs"` // sorted by role: prediction, loss, metric; the likeliest first within a role

	Methods []Method `json:"methods,omitempty"` // entry points of a TensorFlow 2 SavedModel without signatures
}

// A Tensor is one input or output of a graph.
type Tensor struct {
	Tensor string       `json:"tensor"`           // name:k
	Role   Role         `json:"role"`             // the purpose of the tensor
	DType  string       `json:"dtype"`            // TensorFlow's short name, such as float32; empty if the file does not record it
	Shape  tensor.Shape `json:"shape"`            // the static shape; nil if its rank is unknown
	Why    string       `json:"why"`              // how it was identified
	Copies []string     `json:"copies,omitempty"` // the same tensor in other copies of the model (towers, workers), which are not listed separately
}

// Find returns the inputs of a graph and the outputs that training and inference compute. It uses what the file
// declares (signatures, collections) first.
//
// For the rest it follows the data flow. Data enters at sources and passes through layers, which combine it with
// variables. Tensors downstream of the last layer that do not depend on labels are predictions.
//
// Tensors that no signature declares are guesses; Why lists the evidence for each. Find returns the error of
// Model.Graph or Model.Tensors.
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
		Flow:        NewFlow(g),
		t:           t,
		m:           m.Meta,
		declared:    readDeclared(g, m.Meta),
		sourceAt:    make(map[graph.Edge]int),
		substitutes: make(map[graph.Edge]bool),
		questions:   maxQuestions,
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
	d.findSubstitutes()
	if len(d.declared.inputs)+len(d.declared.outputs) == 0 {
		d.methods = readMethods(m.Meta)
	}
	outputs := d.listOutputs(d.findOutputs())
	return &IO{Inputs: unique(d.listInputs()), Outputs: unique(outputs), Methods: d.methods}, nil
}

// maxQuestions limits how often Find walks the whole graph to answer a question about a single tensor.
const maxQuestions = 16

// tensorName returns "name:k".
func (d *ioFinder) tensorName(e graph.Edge) string { return d.g.TensorName(e) }
