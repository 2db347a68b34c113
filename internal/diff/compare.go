package diff

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A comparison is one run of Compare.
type comparison struct {
	a, b   *wire.MetaGraph
	sel    *selection
	report *Report

	ops     [2]*opdef.List
	renames *renames
	graphs  [2]*graphIndex
	graph   *alignment  // nil if the graphs have the same bytes
	library [2]*library // of A and B
	scopes  []Scope     // renamed scopes

	registry *scope.Registry
	io       *[2][]Endpoint // of A and B; nil if they are not compared
}

// Compare compares two MetaGraphDefs semantically. It returns a *wire.SyntaxError if a or b is not a MetaGraphDef, and the error of
// Options.Check for invalid options. The report depends only on the bytes and the options.
func Compare(a, b *wire.MetaGraph, o Options) (*Report, error) {
	sel, err := o.read()
	if err != nil {
		return nil, err
	}
	c := &comparison{a: a, b: b, sel: sel, report: &Report{FormatVersion: formatVersion, Compared: "meta_graph"}, registry: o.Registry}
	if c.registry == nil {
		c.registry = scope.NewRegistry()
	}
	infoA, _ := a.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	infoB, _ := b.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	c.report.A.TensorFlowVersion = string(wire.Last(infoA, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion))
	c.report.B.TensorFlowVersion = string(wire.Last(infoB, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion))
	c.ops = [2]*opdef.List{opdef.NewList(a), opdef.NewList(b)}
	c.renames = &renames{functions: make(map[string]string), scopes: make(map[string]string)}

	if err := c.readIO(o.Endpoints); err != nil {
		return nil, err
	}
	if err := c.compareGraphs(); err != nil {
		return nil, err
	}
	r := c.report
	r.IO, r.DebugInfo, r.Unknown = c.compareIO(), c.compareDebugInfo(), c.compareUnknown()
	r.Versions = c.compareVersions(!o.GraphOnly)
	if o.GraphOnly {
		r.Compared = "graph"
	} else {
		r.Collections, r.Saver, r.Signatures, r.Assets = c.compareCollections(), c.compareSaver(), c.compareSignatures(), c.compareAssets()
		r.Ops, r.Info, r.ObjectGraph = c.compareOps(), c.compareInfo(), c.compareObjectGraph()
	}
	c.finish()
	if !c.report.Equal {
		return c.report, nil
	}
	// A pattern with a typo compares nothing, and "no differences" alone would be misleading.
	if err := c.noteUnused("name", sel.names, c.eachName); err != nil {
		return nil, err
	}
	return c.report, c.noteUnused("attr", sel.onlyAttrs, eachAttr)
}

// finish removes the parts that are not selected and sets Report.Equal.
func (c *comparison) finish() {
	c.report.Equal = true
	for _, p := range c.report.parts() {
		if *p.part == nil {
			continue
		}
		if !c.sel.part(p.name) {
			*p.part = nil
			continue
		}
		if c.sel.named() {
			(*p.part).Fields = nil
		}
		c.report.Equal = c.report.Equal && (*p.part).Empty()
	}
}

// compareGraphs compares nodes, functions and variables.
func (c *comparison) compareGraphs() error {
	a, b := c.a.Graph(), c.b.Graph()
	if bytes.Equal(a, b) {
		return c.sameGraphs(a)
	}
	for i, g := range []wire.Graph{a, b} {
		var err error
		if c.graphs[i], err = indexGraph(g, true); err != nil {
			return err
		}
	}
	nodesA, nodesB := c.graphs[0].nodes, c.graphs[1].nodes
	c.report.A.Nodes, c.report.B.Nodes = len(nodesA), len(nodesB)
	var err error
	if c.graph, err = align(nodesA, nodesB); err != nil {
		return err
	}
	for i := range c.library {
		if c.library[i], err = readLibrary(c.graphs[i].libraries); err != nil {
			return err
		}
	}
	c.library[0].pairByName(c.library[1])
	c.renameFunctions()
	compare := c.newComparer(false)
	nodes := c.newNodeReporter(Nodes, c.graph, compare)
	c.renames = compare.renames
	nodes.variables = newVariableReporter(c.sel)
	c.scopes = nodes.scopes
	c.report.Nodes = nodes.part()
	c.report.Variables = nodes.variables.part(nodes.scopes)
	return c.compareFunctions()
}

// newComparer returns a comparer for the nodes of the graph or, if inFunction is true, of a function's body.
func (c *comparison) newComparer(inFunction bool) *comparer {
	return &comparer{sel: c.sel, ops: c.ops, inFunction: inFunction,
		renames: &renames{functions: c.renames.functions}}
}

// sameGraphs reads a graph with the same bytes on both sides, and counts its parts.
func (c *comparison) sameGraphs(g wire.Graph) error {
	index, err := indexGraph(g, true)
	if err != nil {
		return err
	}
	variables := 0
	for _, node := range index.nodes {
		op, err := readString(node, fieldnum.NodeDef_Op)
		if err != nil {
			return err
		}
		variables += count(isVariable(op))
	}
	library, err := readLibrary(index.libraries)
	if err != nil {
		return err
	}
	for _, f := range library.functions {
		if err := c.checkFunction(f); err != nil {
			return err
		}
	}
	nodes, functions := len(index.nodes), len(library.functions)
	index.nodes = nil
	c.graphs = [2]*graphIndex{index, index}
	c.report.A.Nodes, c.report.B.Nodes = nodes, nodes
	c.report.Nodes = &Part{A: nodes, B: nodes}
	c.report.Functions = &Part{A: functions, B: functions}
	c.report.Variables = &Part{A: variables, B: variables}
	return nil
}

// compareUnknown compares the unknown fields of the MetaGraphDef, the GraphDef and the function library.
func (c *comparison) compareUnknown() *Part {
	p := new(Part)
	top := func(m *wire.MetaGraph) []byte {
		var out []byte
		for _, f := range m.Fields {
			if f.Type != protowire.BytesType || f.Num > fieldnum.MetaGraphDef_ObjectGraphDef {
				out = append(out, f.Raw...)
			}
		}
		return out
	}
	p.unknown("", top(c.a), top(c.b))
	if c.graph != nil {
		p.unknown("graph_def", c.graphs[0].unknown, c.graphs[1].unknown)
		p.unknown("graph_def.library", c.library[0].unknown, c.library[1].unknown)
	}
	return p
}

// unknown adds the field for a difference in unknown fields.
func (p *Part) unknown(path string, a, b []byte) {
	p.A, p.B = p.A+len(a), p.B+len(b)
	if !sameUnknown(a, b) {
		p.Fields = append(p.Fields, changed(join(path, unknownFieldsName), unknownText(a), unknownText(b)))
	}
}
