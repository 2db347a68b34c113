// Package diff compares two MetaGraphDefs semantically. It works on their wire bytes: what has the same bytes is the same, and
// only where bytes differ does it look at what they mean.
//
// Compare pairs the nodes of both graphs by name, then finds the nodes, scopes and functions that were renamed, and compares each
// pair field by field. The other parts (collections, saver, signatures, ...) are compared under these renames. The result is a Report,
// a plain value that internal/render prints.
package diff

import "iter"

// FormatVersion is the version of the report's JSON. Within a version, fields are added but not removed or changed.
const FormatVersion = 1

// A Report holds the differences between two MetaGraphDefs, A and B. Its JSON form is documented in docs/diff.md. A part that was not
// compared is nil. A part without differences has only its counts.
type Report struct {
	FormatVersion int      `json:"format_version"`
	A             Side     `json:"a"`
	B             Side     `json:"b"`
	Equal         bool     `json:"equal"`    // nothing differs in what was compared
	Compared      string   `json:"compared"` // "meta_graph", or "graph" where one side has nothing but a graph
	Notes         []string `json:"notes,omitempty"`

	IO          *Part `json:"io,omitempty"`
	Variables   *Part `json:"variables,omitempty"`
	Checkpoint  *Part `json:"checkpoint,omitempty"` // see AddCheckpoints
	Signatures  *Part `json:"signatures,omitempty"`
	Collections *Part `json:"collections,omitempty"`
	Nodes       *Part `json:"nodes,omitempty"`
	Functions   *Part `json:"functions,omitempty"`
	Saver       *Part `json:"saver,omitempty"`
	Assets      *Part `json:"assets,omitempty"`
	Versions    *Part `json:"versions,omitempty"`
	Ops         *Part `json:"ops,omitempty"`
	Info        *Part `json:"info,omitempty"`
	ObjectGraph *Part `json:"object_graph,omitempty"`
	DebugInfo   *Part `json:"debug_info,omitempty"`
	Unknown     *Part `json:"unknown,omitempty"`
}

// A Side is one of the two inputs of a comparison.
type Side struct {
	File              string `json:"file,omitempty"`  // set by the caller of Compare
	Label             string `json:"label,omitempty"` // what to call the side instead of File; set by the caller
	Kind              string `json:"kind,omitempty"`  // "MetaGraphDef", "GraphDef" or "SavedModel"; set by the caller
	TensorFlowVersion string `json:"tensorflow_version,omitempty"`
	Nodes             int    `json:"nodes"`
}

// A Part holds the differences in one part of the files, or inside one function or collection.
type Part struct {
	A             int      `json:"a_count"` // how many things there are in A: nodes, functions, collections, ...
	B             int      `json:"b_count"`
	Added         []Change `json:"added"`          // in B only, in B's order
	Removed       []Change `json:"removed"`        // in A only, in A's order
	RenamedScopes []Scope  `json:"renamed_scopes"` // the most nodes first
	Renamed       []Change `json:"renamed"`        // the same but for the name, and in no renamed scope; in A's order
	Changed       []Change `json:"changed"`        // in A's order
	Moved         []Change `json:"moved"`          // the same, at another place of an order that counts
	Fields        []Field  `json:"fields"`         // what differs in a part that is a single message
}

// A Change is one thing that differs, such as a node, a function, a collection or an entry of one.
type Change struct {
	Name    string  `json:"name"`               // in A, in B where it was added
	NewName string  `json:"new_name,omitempty"` // in B, where it differs
	Op      string  `json:"op,omitempty"`       // of a node: its op in A, in B where it was added
	Value   string  `json:"value,omitempty"`    // what was added or removed, in short
	Fields  []Field `json:"fields,omitempty"`   // what changed in it
	Nodes   *Part   `json:"nodes,omitempty"`    // what changed in a function's body
	Entries *Part   `json:"entries,omitempty"`  // what changed in a collection
}

// A Scope is a scope that got another name: each of the nodes counted has kept the part of its name behind it. A node that
// is called like the scope, as a variable is, counts as one of them.
type Scope struct {
	Name    string `json:"name"`     // in A, with a slash at the end; empty for the top
	NewName string `json:"new_name"` // in B
	Nodes   int    `json:"nodes"`    // how many nodes were renamed so
	Of      int    `json:"of"`       // how many nodes the scope has in A
}

// A Field is one field of a thing that differs. Of a node these are "op", "device", "input:2" (input 2 of A),
// "inputs" (the data inputs, where they stand in another order or very many differ), "control_inputs", "attr:NAME" and the
// further fields of NodeDef; elsewhere it is the path in the message ("inputs.images.dtype").
type Field struct {
	Field  string  `json:"field"`
	A      *string `json:"a"` // nil where there is none; of control inputs what only A has
	B      *string `json:"b"`
	Tensor *Tensor `json:"tensor,omitempty"` // where both values are tensors of one dtype and shape
}

// A Tensor summarizes the difference of two tensors with the same dtype and shape.
type Tensor struct {
	DType      string   `json:"dtype"`
	Shape      []int64  `json:"shape"`
	Values     int64    `json:"values"`                       // how many there are
	Differ     int64    `json:"differ"`                       // how many of them differ
	Largest    *float64 `json:"largest_difference,omitempty"` // of numbers, where all are finite
	FirstIndex int64    `json:"first_index"`                  // the first value that differs, counted in row-major order
	FirstA     string   `json:"first_a"`
	FirstB     string   `json:"first_b"`
}

// The names of the parts: what --only and --ignore take, and the keys of the JSON.
const (
	IO          = "io" // inputs and outputs
	Nodes       = "nodes"
	Functions   = "functions"
	Collections = "collections"
	Variables   = "variables"
	Checkpoint  = "checkpoint"
	Saver       = "saver"
	Signatures  = "signatures"
	Assets      = "assets"
	Versions    = "versions"
	Ops         = "ops"
	Info        = "info"
	ObjectGraph = "object_graph"
	DebugInfo   = "debug_info"
	Unknown     = "unknown"
)

// Parts yields the name and value of each part that was compared, in the order of the report.
func (r *Report) Parts() iter.Seq2[string, *Part] {
	return func(yield func(string, *Part) bool) {
		for _, p := range r.parts() {
			if *p.part != nil && !yield(p.name, *p.part) {
				return
			}
		}
	}
}

type namedPart struct {
	name string
	part **Part
}

// parts returns pointers to all parts, the most important ones first.
func (r *Report) parts() []namedPart {
	return []namedPart{
		{IO, &r.IO}, {Variables, &r.Variables}, {Checkpoint, &r.Checkpoint}, {Signatures, &r.Signatures}, {Collections, &r.Collections}, {Nodes, &r.Nodes},
		{Functions, &r.Functions}, {Saver, &r.Saver}, {Assets, &r.Assets}, {Versions, &r.Versions}, {Ops, &r.Ops},
		{Info, &r.Info}, {ObjectGraph, &r.ObjectGraph}, {DebugInfo, &r.DebugInfo}, {Unknown, &r.Unknown},
	}
}

// Empty reports whether the part has no differences.
func (p *Part) Empty() bool { return p.Count() == 0 }

// Count returns the number of differences: things that were added, removed, renamed, changed or moved, and single fields. A renamed scope
// counts as one.
func (p *Part) Count() int {
	return len(p.Added) + len(p.Removed) + len(p.RenamedScopes) + len(p.Renamed) + len(p.Changed) + len(p.Moved) + len(p.Fields)
}

// RenamedNodes returns the number of renamed things, including each one in a renamed scope.
func (p *Part) RenamedNodes() int {
	n := len(p.Renamed)
	for _, s := range p.RenamedScopes {
		n += s.Nodes
	}
	return n
}
