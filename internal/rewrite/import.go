package rewrite

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ImportOptions holds the arguments of import_meta_graph.
type ImportOptions struct {
	Scope          string         // a prefix for every name, with or without a trailing slash
	InputMap       []InputMapping // inputs that are to read a tensor of the base instead
	ClearDevices   bool           // empty the device of every imported node
	UnboundInputs  string         // the collection that lists the inputs to map; empty: none
	Collections    []scope.Glob   // the collections to import; empty: all
	ReturnElements []string       // nodes and tensors whose new names to report
	UniqueShared   bool           // give resources of the imported graph whose shared_name the base uses one of their own
	Registry       *scope.Registry
	// Checkpoints are those of both graphs, so that the result gets a saver for one checkpoint of both; nil for none.
	Checkpoints *ImportCheckpoints
}

// An ImportReport describes what Import did.
type ImportReport struct {
	Scope         string   `json:"scope"`          // the scope that the nodes are in now
	AskedScope    string   `json:"asked_scope"`    // the scope that was asked for
	Nodes         int      `json:"nodes"`          // nodes that were imported
	BaseNodes     int      `json:"base_nodes"`     // nodes that were there
	Renamed       int      `json:"renamed"`        // imported nodes whose own name was taken
	Renames       []Rename `json:"renames"`        // the first of them
	Frames        []Rename `json:"frames"`         // loops that got another frame, because theirs was taken
	InputsMapped  int      `json:"inputs_mapped"`  // mappings of inputs that were used
	ShapesChanged bool     `json:"-"`              // an input is mapped to a tensor of another shape
	ShapesDropped int      `json:"shapes_dropped"` // nodes and functions without the inferred shapes that they recorded, which do not hold any more
	ControlsMoved int      `json:"controls_moved"` // mapped nodes whose control inputs were moved to what they are mapped to
	Initializers  int      `json:"initializers"`   // variables that got another initializer, theirs not having come along
	Cleared       int      `json:"cleared"`        // nodes whose device was cleared
	Collections   []string `json:"collections"`    // collections that were imported, sorted
	Skipped       []string `json:"skipped"`        // collections that were not asked for, sorted
	Functions     int      `json:"functions"`      // functions that were added to the library
	Shared        int      `json:"shared"`         // functions that were in it
	Saver         string   `json:"saver"`          // whose saver_def counts: "none", "base", "imported", "both"
	// InKeys has the new key of each tensor of the imported graph's checkpoint, if ImportOptions.Checkpoints is set.
	InKeys      map[string]string `json:"-"`
	Unsaved     int               `json:"unsaved"`      // variables of the other graph, which that saver knows nothing of
	SharedState int               `json:"shared_state"` // imported nodes that are one resource (variable, table, queue) with a node of the base
	SharedNames []SharedName      `json:"shared_names"` // the shared_names that resources of both graphs have, the first of them
	Stale       []string          `json:"stale"`        // collections in whose Anys nodes have names that they had before, sorted
	Signatures  []Rename          `json:"signatures"`   // signatures whose key was taken
	ObjectsLost bool              `json:"objects_lost"` // both had an object graph, and the base's stayed
	Returned    []Rename          `json:"returned"`     // the elements that were asked for, with their new names
}

// A SharedName is a shared_name that resources of both graphs have.
type SharedName struct {
	Kind    string `json:"kind"` // "variable", "table", "queue", ...
	Name    string `json:"name"`
	NewName string `json:"new_name,omitempty"` // the name that the imported resource has now, if it got one of its own
	Nodes   int    `json:"nodes"`              // imported nodes that have it
}

// A Rename is a name and what it became.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// An importer is one Import at work.
type importer struct {
	in, base *wire.MetaGraph // base is not nil, but may be empty
	o        ImportOptions
	plan     *scope.Plan
	pass     *scope.Pass
	into     bool              // there is a base
	instead  map[string]string // initializers that are not there, and what to take for each
	own      *survey           // of in's graph
	there    *survey           // of the base's
	ops      *opList           // of in
	baseOps  *opList

	graph, baseGraph     *graph.Graph // nil until single nodes are looked at
	tensors, baseTensors *opdef.Tensors
	inputMap             *inputMap               // nil without an input map
	newShapes            map[graph.Edge]newShape // the tensors of in that have another shape because of the input map
	sharedVariables      int                     // imported nodes that are one variable with a node of the base
	sharedNames          map[resourceKey]string  // the new names of resources that share one with the base
	shapeless            map[string]bool         // the functions that are called with other shapes than before

	report  *ImportReport
	trouble Troubles
}

// Import adds the graph of one MetaGraphDef to another (import_scoped_meta_graph and import_graph_def in
// tensorflow/python/framework). Without a base, it puts every name of in under the scope. The error is Troubles, with all conflicts
// between the two graphs, or a *wire.SyntaxError if a file is damaged.
func Import(in, base *wire.MetaGraph, o ImportOptions) (*wire.Rope, *ImportReport, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	asked := o.Scope
	o.Scope = scope.Clean(o.Scope)
	i := &importer{in: in, base: base, o: o, into: base != nil, plan: new(scope.Plan),
		report: &ImportReport{AskedScope: o.Scope, Saver: "none"}}
	if base == nil {
		i.base = new(wire.MetaGraph)
	}
	i.pass = &scope.Pass{Plan: i.plan, ClearDevices: o.ClearDevices}
	if asked != "" && !scope.ValidName(o.Scope) {
		i.trouble.about(ScopeArgument, "a scope starts with a letter, a digit or a dot, followed by letters, digits and _ . - /",
			"TensorFlow does not accept the scope %q", asked)
	}
	for _, step := range []func() error{i.load, i.mapInputs, i.chooseNames, i.findShared, i.nameInitializers, i.chooseFrames, i.nameElements, i.checkCollections, i.checkFunctions} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	if err := i.trouble.err(); err != nil {
		return nil, nil, err
	}
	message, err := i.build()
	if err != nil {
		return nil, nil, err
	}
	i.report.Nodes, i.report.Cleared = i.pass.Nodes, i.pass.Cleared
	i.countUnsaved()
	if o.Checkpoints != nil {
		if message, err = i.composeSaver(message); err != nil {
			return nil, nil, err
		}
	}
	i.report.finish()
	if base == nil {
		message = in.Original(message)
	}
	return message, i.report, nil
}

// load surveys both graphs.
func (i *importer) load() (err error) {
	for _, m := range []*wire.MetaGraph{i.in, i.base} {
		if err := checkBeside(m); err != nil {
			return err
		}
	}
	if i.ops, err = opsOf(i.in); err != nil {
		return err
	}
	if i.baseOps, err = opsOf(i.base); err != nil {
		return err
	}
	if i.renamesOnly() {
		i.own, i.there = new(survey), new(survey)
		return nil
	}
	if i.own, err = surveyOf(i.in.Graph(), i.o.ClearDevices); err != nil {
		return err
	}
	i.there, err = surveyOf(i.base.Graph(), false)
	return err
}

// renamesOnly reports whether the pass that writes the nodes is all that has to look at them: nothing can collide without a base, and
// a search of the bytes shows that no input is unbound.
func (i *importer) renamesOnly() bool {
	return !i.into && (i.o.Scope != "" || i.o.ClearDevices) && !bytes.Contains(i.in.Graph(), []byte(scope.UnboundPrefix))
}

// chooseNames finds a scope, or names for single nodes, with which no names collide.
func (i *importer) chooseNames() error {
	i.report.Scope = i.o.Scope
	if i.into {
		i.report.BaseNodes = i.there.nodes
	}
	if i.report.BaseNodes == 0 {
		i.plan.Prepend = i.o.Scope
		return nil
	}
	if i.o.Scope == "" {
		return i.renameTaken()
	}
	at, err := freeScope(i.o.Scope, i.in.Graph(), i.base.Graph())
	i.plan.Prepend, i.report.Scope = at, at
	return err
}

// nameInitializers replaces initializers that were not imported by substitutes.
func (i *importer) nameInitializers() error {
	for initializer, other := range i.instead {
		i.plan.Outer[initializer] = i.plan.Node(other)
	}
	return nil
}

// mostRenames is the most renames that a report lists.
const mostRenames = 100

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
		if len(i.report.Renames) < mostRenames {
			name := string(t.nodes.Name(at))
			i.report.Renames = append(i.report.Renames, Rename{name, name + "_" + strconv.Itoa(int(number))})
		}
	}
	return nil
}

// chooseFrames gives imported loops other frames if the base uses theirs.
func (i *importer) chooseFrames() error {
	if !i.into || len(i.there.frames) == 0 {
		return nil
	}
	base, own := i.there.frames, i.own.frames
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

// noteStale notes a collection whose Anys keep old node names.
func (i *importer) noteStale(key string, collection []byte) {
	if i.o.Registry.Stale(i.plan, collection) {
		i.report.Stale = append(i.report.Stale, key)
	}
}

// finish puts the report in order.
func (r *ImportReport) finish() {
	for _, names := range []*[]string{&r.Collections, &r.Skipped, &r.Stale} {
		slices.Sort(*names)
		if *names == nil {
			*names = []string{}
		}
	}
	if r.SharedNames == nil {
		r.SharedNames = []SharedName{}
	}
	for _, renames := range []*[]Rename{&r.Renames, &r.Frames, &r.Signatures, &r.Returned} {
		if *renames == nil {
			*renames = []Rename{}
		}
	}
}
