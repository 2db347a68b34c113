package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/picture"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/size"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/scope"
)

// A section is one part of what show can say about a file.
type section struct {
	name    string
	purpose string
	filters filters // the filters that it heeds
	view    func(*showSource) (render.View, error)
}

// filters is a set of flags that pick from what a section lists.
type filters int

const (
	byName filters = 1 << iota
	byOp
	byDevice
	byScope

	nodeFilters = byName | byOp | byDevice | byScope
)

// A showSource is what the sections are made of.
type showSource struct {
	file     *metafile.File
	model    *model.Model
	filter   model.Filter
	registry *scope.Registry
	depth    int // defaultDepth where the user did not say it
	width    int // columns of the terminal, 0 where there is none
}

const (
	allSections   = "all"
	scopesSection = "scopes"
	defaultDepth  = math.MinInt // as deep as each section finds right
	scopesDepth   = 2
)

// sectionTable returns all sections. The first is what show prints where none is named; nodes, the longest, is last.
func sectionTable() []section {
	return []section{
		{"summary", "what this is, who made it, how large and of what, what goes in and comes out, what is wrong", 0,
			func(s *showSource) (render.View, error) {
				return view(func(summary *inspect.Summary) render.View { return render.Summary(summary, s.width) })(
					inspect.Summarize(s.model, fileInfo(s.file)))
			}},
		{"io", "what goes in and what comes out, the likeliest first, and by what sign each was found", 0,
			func(s *showSource) (render.View, error) {
				return view(render.IO)(dataflow.Find(s.model))
			}},
		{"variables", "the variables with dtype, shape, parameters and bytes, what each is for, and what they add up to", byName | byScope,
			func(s *showSource) (render.View, error) {
				l, err := variables.Find(s.model)
				if err != nil {
					return render.View{}, err
				}
				return render.VariableList(l.Pick(s.filter)), nil
			}},
		{"collections", "the collections with their entries, protos decoded", byName,
			func(s *showSource) (render.View, error) {
				return view(render.CollectionList)(inspect.Collections(s.model, inspect.CollectionsOptions{Filter: s.filter, Registry: s.registry}))
			}},
		{"devices", "the devices, how many nodes are on them, how they are spelled", nodeFilters,
			func(s *showSource) (render.View, error) {
				return view(render.DeviceList)(inspect.Devices(s.model.Meta, s.filter))
			}},
		{"signatures", "the signatures with the tensors that they name", byName,
			func(s *showSource) (render.View, error) {
				return view(render.Signatures)(inspect.Signatures(s.model.Meta, s.filter))
			}},
		{"saver", "the savers: checkpoint format, what saves and what restores", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Savers)(inspect.Savers(s.model.Meta))
			}},
		{"functions", "the functions: what goes in and out, who calls them", byName,
			func(s *showSource) (render.View, error) {
				return view(render.Functions)(inspect.Functions(s.model.Meta, s.filter))
			}},
		{scopesSection, "the tree of scopes, how many nodes are in each (--depth)", nodeFilters,
			func(s *showSource) (render.View, error) {
				return view(render.Scopes)(inspect.Scopes(s.model.Meta, inspect.ScopesOptions{Filter: s.filter, Depth: s.levels()}))
			}},
		{"assets", "the files that the graph reads when it is initialized", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Assets)(inspect.Assets(s.model.Meta))
			}},
		{"ops", "the ops, how many nodes have them, whether the file defines them", nodeFilters,
			func(s *showSource) (render.View, error) {
				return view(render.Ops)(inspect.Ops(s.model.Meta, s.filter))
			}},
		{"size", "where the bytes are: by field, scope, op and attr, the largest constants, copies, savers (--depth)", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Size)(size.Measure(s.model, sizeOptions(s)))
			}},
		{"problems", "what keeps TensorFlow from importing the file or surprises who does, and what to do", 0,
			func(s *showSource) (render.View, error) {
				return view(render.Problems)(problems.Find(s.model))
			}},
		{"nodes", "every node: op, dtype and shape of its first output, device, inputs; with its attrs in JSON", nodeFilters,
			func(s *showSource) (render.View, error) {
				return render.Nodes(inspect.Nodes(s.model.Meta, s.filter)), nil
			}},
	}
}

// sizeOptions returns how deep the scopes of size go, and how many bytes there are in all: those of a binary file.
func sizeOptions(s *showSource) size.Options {
	var o size.Options
	switch s.depth {
	case defaultDepth:
	case 0:
		o.Depth = -1 // all
	default:
		o.Depth = s.depth
	}
	if s.file.Format == metafile.Binary {
		o.Total = s.file.Size
	}
	return o
}

// levels returns how many levels of scopes are told apart in scopes.
func (s *showSource) levels() int {
	if s.depth == defaultDepth {
		return scopesDepth
	}
	return s.depth
}

// draw prints the picture of the scopes.
func (s *showSource) draw(w io.Writer, o render.Options) error {
	picture, err := picture.Draw(s.model, picture.Options{Filter: s.filter, Depth: s.levels()})
	if err != nil {
		return s.file.Locate(err)
	}
	return render.Picture(w, picture, o)
}

// views reads the sections. With raw, a section alone must have values that can be printed alone.
func (s *showSource) views(sections []section, raw bool) ([]render.View, error) {
	views := make([]render.View, 0, len(sections))
	for _, section := range sections {
		view, err := section.view(s)
		if err != nil {
			return nil, s.file.Locate(err)
		}
		if raw && view.Values == nil && len(sections) == 1 {
			return nil, usageErrorf("name another section, or leave out --raw", "%s has no values that could stand alone", section.name)
		}
		views = append(views, view)
	}
	return views, nil
}

// view joins the two steps of a section, reading and presenting.
func view[T any](present func(T) render.View) func(T, error) (render.View, error) {
	return func(facts T, err error) (render.View, error) {
		if err != nil {
			return render.View{}, err
		}
		return present(facts), nil
	}
}

// sectionNames returns the names of the sections that heed one of the filters, of all for none, `all` included.
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

// sectionList describes the sections, one a line.
func sectionList() string {
	var b strings.Builder
	for _, s := range sectionTable() {
		fmt.Fprintf(&b, "  %-12s %s\n", s.name, s.purpose)
	}
	fmt.Fprintf(&b, "  %-12s %s\n", allSections, "all of them")
	return b.String()
}
