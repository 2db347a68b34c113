// Package diff compares two MetaGraphDefs semantically. It works on their wire bytes and decodes only what differs.
//
// Compare pairs the nodes of both graphs by name, finds renamed nodes, scopes and functions, and compares each pair field by field.
// It compares the other parts (collections, saver, signatures, ...) with these renames applied. The result is a Report, a plain
// value that internal/render prints.
package diff

import "iter"

// formatVersion is the version of the report's JSON. Within a version, fields are added but not removed or changed.
const formatVersion = 1

// A Report holds the differences between two MetaGraphDefs, A and B. Its JSON form is documented in docs/diff.md. A part that was not
// compared is nil. A part without differences has only its counts.
type Report struct {
	FormatVersion int      `json:"format_version"`
	A             Side     `json:"a"`
	B             Side     `json:"b"`
	Equal         bool     `json:"equal"`           // no differences in the compared parts
	Compared      string   `json:"compared"`        // "meta_graph", or "graph" if one side has only a graph
	Notes         []string `json:"notes,omitempty"` // remarks about the comparison

	IO          *Part `json:"io,omitempty"`
	Variables   *Part `json:"variables,omitempty"`
	Checkpoint  *Part `json:"checkpoint,omitempty"` // tensors of the checkpoints, if they were compared
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
	File              string `json:"file,omitempty"`  // path of the input
	Label             string `json:"label,omitempty"` // name to print instead of the file
	Kind              string `json:"kind,omitempty"`  // "MetaGraphDef", "GraphDef" or "SavedModel"
	TensorFlowVersion string `json:"tensorflow_version,omitempty"`
	Nodes             int    `json:"nodes"` // number of nodes
}

// A Part holds the differences in one part of the files, or inside one function or collection.
type Part struct {
	A             int      `json:"a_count"`        // number of items in A: nodes, functions, collections, ...
	B             int      `json:"b_count"`        // number of items in B
	Added         []Change `json:"added"`          // items only in B, in B's order
	Removed       []Change `json:"removed"`        // items only in A, in A's order
	RenamedScopes []Scope  `json:"renamed_scopes"` // by decreasing number of nodes
	Renamed       []Change `json:"renamed"`        // equal except for the name, and in no renamed scope; in A's order
	Changed       []Change `json:"changed"`        // in A's order
	Moved         []Change `json:"moved"`          // equal, but at a different position in a list whose order matters
	Fields        []Field  `json:"fields"`         // differing fields of a part that is a single message
}

// A Change is one item that differs, such as a node, a function, a collection or a collection entry.
type Change struct {
	Name    string  `json:"name"`               // name in A, or in B if it was added
	NewName string  `json:"new_name,omitempty"` // name in B, if it differs
	Op      string  `json:"op,omitempty"`       // op of a node in A, or in B if it was added
	Value   string  `json:"value,omitempty"`    // short text of the added or removed value
	Fields  []Field `json:"fields,omitempty"`   // differing fields
	Nodes   *Part   `json:"nodes,omitempty"`    // differences in a function's body
	Entries *Part   `json:"entries,omitempty"`  // differences in a collection's entries
}

// A Scope is a renamed scope. The counted nodes keep their names within the scope. A node named like the scope itself, such as a
// variable, counts as one of them.
type Scope struct {
	Name    string `json:"name"`     // name in A, with a slash at the end; empty for the top level
	NewName string `json:"new_name"` // name in B
	Nodes   int    `json:"nodes"`    // number of nodes that were renamed with the scope
	Of      int    `json:"of"`       // number of nodes that the scope has in A
}

// A Field is one differing field of an item. For a node, these are "op", "device", "input:2" (input 2 of A), "inputs" (all data
// inputs, if their order or very many of them differ), "control_inputs", "attr:NAME" and the other fields of NodeDef. Elsewhere,
// the field is the path in the message ("inputs.images.dtype").
type Field struct {
	Field  string  `json:"field"`            // the field, such as "attr:value"
	A      *string `json:"a"`                // value in A, nil if absent; for control inputs, those only in A
	B      *string `json:"b"`                // value in B, nil if absent; for control inputs, those only in B
	Tensor *Tensor `json:"tensor,omitempty"` // set if both values are tensors with the same dtype and shape
}

// A Tensor summarizes the difference of two tensors with the same dtype and shape.
type Tensor struct {
	DType      string   `json:"dtype"`
	Shape      []int64  `json:"shape"`
	Values     int64    `json:"values"`                       // number of values
	Differ     int64    `json:"differ"`                       // number of values that differ
	Largest    *float64 `json:"largest_difference,omitempty"` // largest difference, if all differences are finite numbers
	FirstIndex int64    `json:"first_index"`                  // row-major index of the first value that differs
	FirstA     string   `json:"first_a"`
	FirstB     string   `json:"first_b"`
}

// The names of the parts: the arguments of --only and --ignore, and the keys of the JSON.
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

// parts returns pointers to all parts, most important first.
func (r *Report) parts() []namedPart {
	return []namedPart{
		{IO, &r.IO}, {Variables, &r.Variables}, {Checkpoint, &r.Checkpoint}, {Signatures, &r.Signatures}, {Collections, &r.Collections}, {Nodes, &r.Nodes},
		{Functions, &r.Functions}, {Saver, &r.Saver}, {Assets, &r.Assets}, {Versions, &r.Versions}, {Ops, &r.Ops},
		{Info, &r.Info}, {ObjectGraph, &r.ObjectGraph}, {DebugInfo, &r.DebugInfo}, {Unknown, &r.Unknown},
	}
}

// Empty reports whether the part has no differences.
func (p *Part) Empty() bool { return p.count() == 0 }

// count returns the number of differences: items that were added, removed, renamed, changed or moved, and single fields. A renamed
// scope counts as one difference.
func (p *Part) count() int {
	return len(p.Added) + len(p.Removed) + len(p.RenamedScopes) + len(p.Renamed) + len(p.Changed) + len(p.Moved) + len(p.Fields)
}

// RenamedNodes returns the number of renamed items, including those in renamed scopes.
func (p *Part) RenamedNodes() int {
	n := len(p.Renamed)
	for _, s := range p.RenamedScopes {
		n += s.Nodes
	}
	return n
}
