package rewrite

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ImportOptions holds the arguments of import_meta_graph.
type ImportOptions struct {
	Scope          string         // a prefix for every name, with or without a trailing slash
	InputMap       []InputMapping // inputs to replace by tensors of the base
	ClearDevices   bool           // clear the device of every imported node
	UnboundInputs  string         // the collection that lists the inputs to map; empty: none
	Collections    []match.Glob   // the collections to import; empty: all
	ReturnElements []string       // nodes and tensors whose new names to report
	UniqueShared   bool           // give imported resources new shared_names where the base uses the same ones
	Registry       *scope.Registry
	// Checkpoints are the checkpoints of both graphs. If set, the result gets a saver for one checkpoint with the
	// variables of both graphs.
	Checkpoints *ImportCheckpoints
}

// An ImportReport describes what Import did.
type ImportReport struct {
	Scope         string   `json:"scope"`          // the scope that holds the imported nodes
	AskedScope    string   `json:"asked_scope"`    // the requested scope
	Nodes         int      `json:"nodes"`          // imported nodes
	BaseNodes     int      `json:"base_nodes"`     // nodes of the base
	Renamed       int      `json:"renamed"`        // imported nodes that were renamed because their name was taken
	Renames       []Rename `json:"renames"`        // renames of these nodes, at most 100
	Frames        []Rename `json:"frames"`         // loop frames that were renamed because their name was taken
	InputsMapped  int      `json:"inputs_mapped"`  // input mappings applied
	ShapesDropped int      `json:"shapes_dropped"` // nodes and functions that lost recorded shapes, because the shapes no longer hold
	ControlsMoved int      `json:"controls_moved"` // mapped nodes whose control inputs were replaced by the mapping targets
	Initializers  int      `json:"initializers"`   // variables that got a substitute initializer, because theirs was not imported
	Cleared       int      `json:"cleared"`        // nodes whose device was cleared
	Collections   []string `json:"collections"`    // imported collections, sorted
	Skipped       []string `json:"skipped"`        // collections of IN that were left out, sorted
	Functions     int      `json:"functions"`      // functions added to the library
	Shared        int      `json:"shared"`         // functions that the base already had
	Saver         string   `json:"saver"`          // the origin of the result's saver_def: "none", "base", "imported", "both", or "dropped" from a GraphDef
	// InKeys maps each key of the imported checkpoint to its new key, if ImportOptions.Checkpoints is set.
	InKeys      map[string]string `json:"-"`
	Unsaved     int               `json:"unsaved"`      // variables of the other graph, which that saver does not restore
	SharedState int               `json:"shared_state"` // imported nodes that share a resource (variable, table, queue) with a node of the base
	SharedNames []SharedName      `json:"shared_names"` // shared_names that resources of both graphs use, at most 100
	OldNames    []string          `json:"stale"`        // collections whose Anys still contain old node names, sorted
	Signatures  []Rename          `json:"signatures"`   // signatures that were renamed because their key was taken
	ObjectsLost bool              `json:"objects_lost"` // both files had an object graph, and only the base's was kept
	Returned    []Rename          `json:"returned"`     // the requested elements and their new names
}

// The arguments that a draft.Conflict names.
const (
	SignatureArgument      = "signature"
	ScopeArgument          = "import_scope"
	InputMapArgument       = "input_map"
	ReturnElementsArgument = "return_elements"
	CollectionsArgument    = "restore_collections"
	UniqueSharedArgument   = "unique_shared_names"
)

// maxAlike is the maximum number of conflicts of one kind that are reported.
const maxAlike = 10

// ErrCollectionKinds is the kind of a conflict between collections with the same name and different kinds.
var ErrCollectionKinds = errors.New("the kinds of a collection differ between the graphs")

// A SharedName is a shared_name that resources of both graphs use.
type SharedName struct {
	Kind    string `json:"kind"` // "variable", "table", "queue", ...
	Name    string `json:"name"`
	NewName string `json:"new_name,omitempty"` // the new name of the imported resource, if it got one
	Nodes   int    `json:"nodes"`              // imported nodes that use it
}

// A Rename is an old name and its new name.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// An importer holds the state of one Import.
type importer struct {
	in, base  importSide // base may be empty
	o         ImportOptions
	into      bool                // Import was called with a base
	namesOnly bool                // assume that no input is unbound, and skip the surveys
	plan      *scope.Plan         // what happens to each name of in
	rewriter  *scope.NodeRewriter // what happens to each node of in

	inputMap        *inputMap
	instead         map[string]string      // missing initializers and their substitutes
	sharedVariables int                    // nodes of in that share a variable with a node of the base
	sharedNames     map[resourceKey]string // new names of resources that would share a name with the base

	report    *ImportReport
	conflicts draft.Conflicts
}

// An importSide is one of the two graphs of an import, with what is known about it.
type importSide struct {
	*wire.MetaGraph
	survey  *survey
	ops     *opdef.List
	library *library       // set by functions
	index   *graph.Graph   // set by indexed
	tensors *opdef.Tensors // set by indexed
}

// functions returns the function library. The error is a *wire.SyntaxError.
func (s *importSide) functions() (_ *library, err error) {
	if s.library == nil {
		s.library, err = libraryOf(s.survey.rest)
	}
	return s.library, err
}

// indexed indexes the nodes, for imports that look up single ones. The error is a *wire.SyntaxError.
func (s *importSide) indexed() (err error) {
	if s.index == nil {
		if s.index, err = graph.New(s.Graph()); err != nil {
			return err
		}
		s.tensors = opdef.NewTensors(s.index, s.MetaGraph)
	}
	return nil
}

// Import adds the graph of one MetaGraphDef to another (import_scoped_meta_graph and import_graph_def in
// tensorflow/python/framework). Without a base, it moves every name of in into the scope. The error is draft.Conflicts, with
// all conflicts between the two graphs, or a *wire.SyntaxError if a file is damaged.
func Import(in, base *wire.MetaGraph, o ImportOptions) (*wire.Rope, *ImportReport, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	if base == nil && (scope.Clean(o.Scope) != "" || o.ClearDevices) {
		// Without a base, nothing can collide. Nodes are visited only to write them, unless that shows that an input is unbound.
		i := newImporter(in, nil, o)
		i.namesOnly = true
		if message, err := i.run(); err == nil && !i.rewriter.Done.Marked {
			return message, i.report, nil
		}
	}
	i := newImporter(in, base, o)
	message, err := i.run()
	if err != nil {
		return nil, nil, err
	}
	return message, i.report, nil
}

func newImporter(in, base *wire.MetaGraph, o ImportOptions) *importer {
	i := &importer{in: importSide{MetaGraph: in}, base: importSide{MetaGraph: base}, o: o, into: base != nil, plan: new(scope.Plan)}
	if base == nil {
		i.base.MetaGraph = new(wire.MetaGraph)
	}
	i.o.Scope = scope.Clean(o.Scope)
	i.report = &ImportReport{AskedScope: i.o.Scope, Saver: "none"}
	i.rewriter = &scope.NodeRewriter{Plan: i.plan, ClearDevices: o.ClearDevices}
	if o.Scope != "" && !scope.ValidName(i.o.Scope) {
		i.conflicts.About(ScopeArgument, "a scope starts with a letter, a digit or a dot, and contains only letters, digits and _ . - /",
			"TensorFlow does not accept the scope %q", o.Scope)
	}
	return i
}

// run returns the result and completes the report.
func (i *importer) run() (*wire.Rope, error) {
	for _, step := range []func() error{i.load, i.mapInputs, i.chooseNames, i.findShared, i.nameInitializers, i.chooseFrames, i.nameElements, i.checkCollections, i.checkFunctions} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := i.conflicts.Err(); err != nil {
		return nil, err
	}
	message, err := i.build()
	if err != nil {
		return nil, err
	}
	i.report.Nodes, i.report.Cleared = i.rewriter.Done.Nodes, i.rewriter.Done.Cleared
	i.countUnsaved()
	if i.o.Checkpoints != nil {
		if message, err = i.composeSaver(message); err != nil {
			return nil, err
		}
	}
	i.report.finish()
	if !i.into {
		message = i.in.Original(message)
	}
	return message, nil
}

// load checks both files for damage, and surveys both graphs unless namesOnly is set.
func (i *importer) load() (err error) {
	sides := []*importSide{&i.in, &i.base}
	for _, side := range sides {
		if err := checkOutsideGraph(side.MetaGraph); err != nil {
			return err
		}
	}
	for _, side := range sides {
		if side.ops, err = opsOf(side.MetaGraph); err != nil {
			return err
		}
	}
	if i.namesOnly {
		i.in.survey, i.base.survey = new(survey), new(survey)
		return nil
	}
	if i.in.survey, err = surveyOf(i.in.Graph(), i.o.ClearDevices, ""); err != nil {
		return err
	}
	i.base.survey, err = surveyOf(i.base.Graph(), false, i.o.Scope)
	return err
}

// chooseNames chooses a scope, or new names for single nodes, so that no names collide.
func (i *importer) chooseNames() error {
	i.report.Scope = i.o.Scope
	if i.into {
		i.report.BaseNodes = i.base.survey.nodes
	}
	if i.report.BaseNodes == 0 {
		i.plan.Prepend = i.o.Scope
		return nil
	}
	if i.o.Scope == "" {
		return i.renameTaken()
	}
	at, err := freeScope(i.o.Scope, i.in.Graph(), i.base.Graph(), i.base.survey.numbered)
	i.plan.Prepend, i.report.Scope = at, at
	return err
}

// nameInitializers replaces missing initializers by their substitutes.
func (i *importer) nameInitializers() error {
	for initializer, other := range i.instead {
		i.plan.Outer[initializer] = i.plan.Node(other)
	}
	return nil
}

// maxRenames is the maximum number of renames in a report.
const maxRenames = 100

// renameTaken renames the nodes whose names the base uses.
func (i *importer) renameTaken() error {
	t, err := numberTaken(i.in.Graph(), i.base.Graph())
	if err != nil || t.numbers == nil {
		return err
	}
	i.plan.Number = t.number
	for at, number := range t.numbers {
		if number == 0 {
			continue
		}
		i.report.Renamed++
		if len(i.report.Renames) < maxRenames {
			name := string(t.nodes.Name(at))
			i.report.Renames = append(i.report.Renames, Rename{name, name + "_" + strconv.Itoa(int(number))})
		}
	}
	return nil
}

// chooseFrames renames the frames of imported loops whose names the base uses.
func (i *importer) chooseFrames() error {
	if !i.into || len(i.base.survey.frames) == 0 {
		return nil
	}
	base, own := i.base.survey.frames, i.in.survey.frames
	taken := make(map[string]bool, len(own))
	for frame := range own {
		taken[scope.Prepend(frame, i.plan.Prepend)] = true
	}
	for _, frame := range slices.Sorted(maps.Keys(own)) {
		name := scope.Prepend(frame, i.plan.Prepend)
		if !base[name] {
			continue
		}
		to := scope.Unique(name, func(s string) bool { return base[s] || taken[s] })
		taken[to] = true
		if i.plan.Frames == nil {
			i.plan.Frames = make(map[string]string)
		}
		i.plan.Frames[frame] = to
		i.report.Frames = append(i.report.Frames, Rename{frame, to})
	}
	return nil
}

// noteOldNames reports a collection whose Anys keep old node names.
func (i *importer) noteOldNames(key string, collection []byte) {
	if i.o.Registry.HasOldNames(i.plan, collection) {
		i.report.OldNames = append(i.report.OldNames, key)
	}
}

// GraphAlone adapts the report to a result that consists of only the graph: all collections and the saver are dropped, and
// other parts outside the graph are not mentioned.
func (r *ImportReport) GraphAlone() {
	r.Skipped = append(r.Skipped, r.Collections...)
	r.Collections, r.OldNames, r.Signatures, r.Initializers, r.Unsaved, r.ObjectsLost = nil, nil, nil, 0, 0, false
	if r.Saver != "none" {
		r.Saver = "dropped"
	}
	r.finish()
}

// finish sorts the lists of the report.
func (r *ImportReport) finish() {
	for _, names := range [][]string{r.Collections, r.Skipped, r.OldNames} {
		slices.Sort(names)
	}
}
