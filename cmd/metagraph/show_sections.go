package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/picture"
	"github.com/metagraph/metagraph/internal/inspect/size"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/scope"
)

// A section is one part of the output of show.
type section struct {
	name    string
	purpose string
	filters filters // the filters that apply to it
	view    func(*showSource) (render.View, error)
}

// filters is a set of flags that select rows of a section.
type filters int

const (
	byName filters = 1 << iota
	byOp
	byDevice
	byScope

	nodeFilters = byName | byOp | byDevice | byScope
)

// A showSource holds the inputs of all sections.
type showSource struct {
	env         *environment
	file        *metafile.File
	model       *model.Model
	filter      model.Filter
	registry    *scope.Registry
	depth       int  // defaultDepth if not set
	width       int  // columns of the terminal, 0 for any
	top         int  // rows of each table of size, 0 for the default
	functions   bool // whether nodes of function bodies are listed
	gate        *problemGate
	checkpoints checkpointFlags
	asked       bool                   // whether the section checkpoint was requested by name
	listed      *checkpoint.Checkpoint // the checkpoint that was listed, for suggestions
	unfit       bool                   // whether the checkpoint does not fit the graph, or is damaged
}

const (
	allSections   = "all"
	allTagSets    = "all"
	scopesSection = "scopes"
	sizeSection   = "size"
	nodesSection  = "nodes"
	defaultDepth  = math.MinInt // the default of each section
	scopesDepth   = 2

	tagSetsSection = "tag-sets"
)

// sectionTable returns all sections in order. The first is the default section; nodes, the longest, is last.
func sectionTable() []section {
	return []section{
		{"summary", "kind, origin, size, contents, inputs and outputs, problems", 0,
			func(s *showSource) (render.View, error) {
				return view(func(summary *inspect.Summary) render.View { return render.Summary(summary, s.width) })(
					inspect.Summarize(s.model, fileInfo(s.file)))
			}},
		{tagSetsSection, "the MetaGraphDefs of a SavedModel: tags, nodes, signatures", 0, (*showSource).tagSets},
		{"io", "inputs and outputs, likeliest first, and how each was identified", 0,
			func(s *showSource) (render.View, error) {
				return view(render.IO)(dataflow.Find(s.model))
			}},
		{"variables", "kind, dtype, shape, parameters and bytes of each variable, and totals", byName | byScope,
			func(s *showSource) (render.View, error) {
				l, err := variables.Find(s.model)
				if err != nil {
					return render.View{}, err
				}
				return render.VariableList(l.Pick(s.filter)), nil
			}},
		{"collections", "collections with their entries, protos decoded", byName,
			func(s *showSource) (render.View, error) {
				return view(render.CollectionList)(inspect.Collections(s.model, inspect.CollectionsOptions{Filter: s.filter, Registry: s.registry}))
			}},
		{"devices", "devices, the number of nodes on each, and their spellings", nodeFilters,
			func(s *showSource) (render.View, error) {
				return view(render.DeviceList)(inspect.Devices(s.model.Meta, s.filter))
			}},
		{"signatures", "signatures with their tensors", byName,
			func(s *showSource) (render.View, error) {
				return view(render.Signatures)(inspect.Signatures(s.model.Meta, s.filter))
			}},
		{"saver", "savers: checkpoint format, tensors and ops that save and restore", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Savers)(inspect.Savers(s.model.Meta))
			}},
		{"functions", "functions with inputs, outputs and callers", byName,
			func(s *showSource) (render.View, error) {
				return view(render.Functions)(inspect.Functions(s.model.Meta, s.filter))
			}},
		{scopesSection, "the tree of scopes with the number of nodes in each (--depth)", nodeFilters,
			func(s *showSource) (render.View, error) {
				tree, err := inspect.Scopes(s.model.Meta, inspect.ScopesOptions{Filter: s.filter, Depth: s.levels()})
				if err != nil {
					return render.View{}, err
				}
				return render.Scopes(tree, "--depth 0 shows all"), nil
			}},
		{"assets", "files that the graph reads during initialization", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Assets)(inspect.Assets(s.model))
			}},
		{"ops", "ops, the number of nodes of each, and whether the file defines them", nodeFilters,
			func(s *showSource) (render.View, error) {
				return view(render.Ops)(inspect.Ops(s.model.Meta, s.filter))
			}},
		{sizeSection, "bytes by field, scope, op and attr, the largest constants, copies, savers (--depth, --top)", 0, (*showSource).size},
		{problemsSection, "what TensorFlow rejects or handles unexpectedly, and remedies (--check, --forbid-op)", 0, (*showSource).problems},
		{checkpointSection, "tensors of the checkpoint, and whether it fits the graph (--checkpoint, --verify, --top)", byName, (*showSource).checkpoint},
		{nodesSection, "all nodes: op, dtype and shape of the first output, device, inputs; in JSON also attrs (--functions)", nodeFilters,
			func(s *showSource) (render.View, error) {
				options := inspect.NodesOptions{Filter: s.filter, Functions: s.functions}
				return render.Nodes(inspect.Nodes(s.model.Meta, options), s.functions), nil
			}},
	}
}

// tagSets returns the section tag-sets.
func (s *showSource) tagSets() (render.View, error) {
	return view(render.TagSets)(inspect.TagSets(s.file.MetaGraphs()))
}

// size returns the section size. It suggests a command only if the command makes the file smaller.
func (s *showSource) size() (render.View, error) {
	measured, err := size.Measure(s.model, sizeOptions(s))
	if err != nil {
		return render.View{}, err
	}
	hints := render.SizeHints{Top: s.top, Depth: "--depth divides scopes further"}
	if slices.ContainsFunc(measured.Savers, func(saver size.SaverSize) bool { return !saver.InUse }) {
		if smaller, _, err := rewrite.Export(s.model.Meta, rewrite.ExportOptions{ClearExtraneousSavers: true}); err == nil {
			hints.Saved = s.model.Meta.Rope().Size() - smaller.Size()
		}
		if hints.Saved > 0 {
			hints.Savers = "metagraph export --clear-extraneous-savers"
		}
	}
	return render.Size(measured, hints), nil
}

// sizeOptions returns the options of the section size.
func sizeOptions(s *showSource) size.Options {
	var o size.Options
	switch s.depth {
	case defaultDepth:
	case 0:
		o.Depth = -1 // all
	default:
		o.Depth = s.depth
	}
	o.Limit = s.top
	if s.file.Format == metafile.Binary {
		o.Total = s.file.Size
	}
	return o
}

// levels returns the number of levels that the section scopes shows.
func (s *showSource) levels() int {
	if s.depth == defaultDepth {
		return scopesDepth
	}
	return s.depth
}

// draw writes the DOT picture of the scopes to w.
func (s *showSource) draw(w io.Writer, o render.Options) error {
	picture, err := picture.Draw(s.model, picture.Options{Filter: s.filter, Depth: s.levels()})
	if err != nil {
		return s.file.Annotate(err)
	}
	return render.Picture(w, picture, o)
}

// views returns the views of the sections. Several are read one after the other while they are printed; a single one is read here. With
// raw, it returns an error if the only section has no raw values.
func (s *showSource) views(sections []section, raw bool) ([]render.View, error) {
	views := make([]render.View, 0, len(sections))
	for _, section := range sections {
		views = append(views, render.Later(func() (render.View, error) {
			view, err := section.view(s)
			return view, s.file.Annotate(err)
		}).Named(section.name))
	}
	if len(sections) != 1 {
		return views, nil
	}
	view, err := sections[0].view(s)
	if err == nil && raw && view.Values == nil {
		return nil, usageErrorf("name another section, or leave out --raw", "%s has no raw values", sections[0].name)
	}
	return []render.View{view.Named(sections[0].name)}, s.file.Annotate(err)
}

// view combines the two steps of a section: reading facts and presenting them.
func view[T any](present func(T) render.View) func(T, error) (render.View, error) {
	return func(facts T, err error) (render.View, error) {
		if err != nil {
			return render.View{}, err
		}
		return present(facts), nil
	}
}

// sectionNames returns the names of the sections to which one of the filters applies. Without filters, it returns all names and "all".
func sectionNames(heeded filters) []string {
	var names []string
	for _, s := range sectionTable() {
		if heeded == 0 || s.filters&heeded != 0 {
			names = append(names, s.name)
		}
	}
	if heeded == 0 {
		names = append(names, allSections)
	}
	return names
}

// sectionList returns the help text for the sections, one per line.
func sectionList() string {
	var b strings.Builder
	for _, s := range sectionTable() {
		fmt.Fprintf(&b, "  %-12s %s\n", s.name, s.purpose)
	}
	fmt.Fprintf(&b, "  %-12s %s\n", allSections, "every section")
	return b.String()
}
