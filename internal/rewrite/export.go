package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ExportOptions selects what Export copies and changes. It corresponds to the arguments of export_meta_graph. The zero
// value copies everything.
type ExportOptions struct {
	Scope                 string   // copy only the nodes in this scope, and remove the scope from their names
	Collections           []string // copy only the collections with these keys; empty: all
	ClearDevices          bool     // clear the device of every node
	ClearExtraneousSavers bool     // remove savers other than saver_def's, including their nodes
	StripDefaultAttrs     bool     // remove attrs with their op's default value
	UnboundInputs         string   // the collection that lists the inputs from outside Scope; empty: no such collection
	Registry              *scope.Registry

	Outputs        []prune.Endpoint // keep only the nodes that these need; empty: all
	Inputs         []prune.Endpoint // cut the graph at these; empty: at its placeholders. Requires Outputs.
	Signature      string           // key of the new signature for Inputs and Outputs; empty: DefaultSignature
	Shapes         []NewShape       // new shapes for placeholders
	Values         []NewValue       // placeholders that become constants
	DropAttrs      []string         // attrs to remove from all nodes, including those in functions
	WithCheckpoint bool             // the copy comes with a checkpoint of what its saver restores
	SavedModel     bool             // make the copy suitable for a SavedModel, or fail
	Freeze         bool             // turn the variables that Outputs need into constants
	// Checkpoint holds the values of the variables; nil: no values.
	Checkpoint *checkpoint.Checkpoint
	Tags       []string // replace the tags of the graph; nil keeps them
	// restores lists what a new saver restores. The new saver replaces the graph's in saver_def. Nil keeps the graph's
	// saver.
	restores []checkpoint.Restored
	// replaces names the scopes or nodes of the savers that the new saver replaces.
	replaces []string
}

// An ExportReport describes what Export did.
type ExportReport struct {
	Scope           string   `json:"scope"`           // the exported scope; empty for the whole graph
	ScopeNode       bool     `json:"scope_node"`      // a node has the same name as the scope; it is outside the scope
	Nodes           int      `json:"nodes"`           // nodes kept
	OfNodes         int      `json:"of_nodes"`        // nodes of the original
	UnboundInputs   []string `json:"unbound_inputs"`  // inputs from outside the scope, in the order of their readers
	UnboundListed   bool     `json:"unbound_listed"`  // a collection of the copy lists them
	Collections     []string `json:"collections"`     // collections of the copy, sorted
	Dropped         []string `json:"dropped"`         // removed collections, sorted
	Missing         []string `json:"missing"`         // requested collections that do not exist
	MissingNearest  []string `json:"missing_nearest"` // the most similar existing keys
	Entries         int      `json:"entries"`         // entries removed from the remaining collections
	DanglingEntries int      `json:"torn"`            // remaining entries that refer to nodes outside the scope
	OldNames        []string `json:"stale"`           // collections whose Anys still contain old node names, sorted
	Substitutes     int      `json:"initializers"`    // variables that got a substitute initializer, because theirs is outside the scope
	Savers          []string `json:"savers"`          // scopes of the removed savers
	Saver           string   `json:"saver"`           // what happened to saver_def: "none", "kept", "dropped", "cut"
	Cleared         int      `json:"cleared"`         // nodes whose device was cleared
	Attrs           int      `json:"attrs"`           // attrs removed because they had the default value
	Undefined       []string `json:"undefined"`       // ops that the file does not define, so that their defaults are unknown
	Signatures      []string `json:"signatures"`      // signatures removed because one of their tensors was
	Assets          int      `json:"assets"`          // assets removed
	Objects         bool     `json:"objects"`         // the object graph was removed
	OpsDropped      int      `json:"ops_dropped"`     // op definitions removed because nothing uses them

	Inputs           []Tensor          `json:"inputs"`            // inputs of the new signature, sorted by key
	Outputs          []Tensor          `json:"outputs"`           // outputs of the new signature, sorted by key
	Signature        string            `json:"signature"`         // key of the new signature; empty if none was written
	Feeds            []string          `json:"feeds"`             // other placeholders that must be fed
	Defaults         []string          `json:"defaults"`          // placeholders with a default value, which can be fed
	Sources          []string          `json:"sources"`           // queues, iterators and readers that the outputs need
	Tables           []string          `json:"tables"`            // lookup tables that the outputs need
	Initializers     []string          `json:"initializer_ops"`   // the ops that fill the tables
	InitFeeds        []string          `json:"init_feeds"`        // placeholders that must be fed to run the initializers, such as the path of an asset; none in a SavedModel
	InitFiles        []string          `json:"init_files"`        // paths of the files that the initializers read; none in a SavedModel
	Unrestored       []string          `json:"unrestored"`        // variables that the outputs need and the saver does not restore
	InitOp           string            `json:"init_op"`           // the op that loaders of the SavedModel run first; empty for none
	AssetFiles       []serve.AssetFile `json:"asset_files"`       // files that the SavedModel includes
	StalePaths       []serve.StalePath `json:"stale_paths"`       // constants that contain paths of another machine
	Frozen           []string          `json:"frozen"`            // variables that became constants
	Updates          []string          `json:"updates"`           // ops that no longer update a variable
	Keys             []string          `json:"-"`                 // checkpoint keys that the copy needs
	Added            int               `json:"added"`             // nodes added
	FunctionsDropped int               `json:"functions_dropped"` // functions removed because nothing calls them
	Shapes           []ShapeChange     `json:"shapes"`            // placeholders with a new shape
	Values           []ValueChange     `json:"values"`            // placeholders that became constants
	Inferred         int               `json:"inferred_dropped"`  // nodes that lost recorded shapes, because the shapes no longer hold
	Constants        []FixedSize       `json:"fixed_sizes"`       // constants that still contain a replaced size
	AttrsDropped     []AttrCount       `json:"attrs_dropped"`     // attrs removed by name
	Random           []string          `json:"random_ops"`        // random ops that the outputs need, such as dropout
	BatchNorms       []string          `json:"batch_norms"`       // batch normalizations that use the statistics of the batch
	VariableUpdates  []string          `json:"variable_updates"`  // ops that update a variable each time the outputs are computed
	Devices          []DeviceNodes     `json:"devices"`           // devices of a cut or served graph that not every machine has, sorted
}

// An exporter copies a MetaGraphDef. It plans what happens to the names in it, and then copies field by field.
type exporter struct {
	m         *wire.MetaGraph
	o         *ExportOptions
	graphPlan *graphPlan          // nil if only names, devices and attrs of nodes change
	parts     newParts            // those of graphPlan
	plan      *scope.Plan         // what happens to each name
	rewriter  *scope.NodeRewriter // what happens to each node
	savers    *saverScopes        // nil unless extraneous savers are removed
	strip     *defaultStripper    // nil unless attrs with default values are removed
	used      map[string]bool     // the ops of the copy; nil if its op list is not reduced to them
	newOps    map[string]bool     // ops of new and changed nodes, which the op list may lack
	saver     []byte              // the SaverDef of the copy; nil for none
	report    *ExportReport
	conflicts draft.Conflicts
}

// ErrReadsSaver is the kind of a conflict about a node that reads a node of an extraneous saver.
var ErrReadsSaver = errors.New("a node reads an extraneous saver")

// Export returns a copy of a MetaGraphDef with the changes that the options request (export_scoped_meta_graph in
// tensorflow/python/framework/meta_graph.py). All other bytes stay the same. The error is draft.Conflicts if the options do not
// suit the file, and a *wire.SyntaxError if the file is damaged.
func Export(m *wire.MetaGraph, o ExportOptions) (*wire.Rope, *ExportReport, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	o.Scope = scope.Clean(o.Scope)
	e := &exporter{m: m, o: &o, plan: &scope.Plan{Strip: o.Scope}, report: &ExportReport{Scope: o.Scope}}
	e.rewriter = &scope.NodeRewriter{Plan: e.plan, ClearDevices: o.ClearDevices}
	if err := checkOutsideGraph(m); err != nil {
		return nil, nil, err
	}
	signed, err := o.useSignatures(m)
	if err != nil {
		return nil, nil, err
	}
	if o.changesGraph() {
		if e.graphPlan, err = planGraph(m, &o, signed, e.report); err != nil {
			return nil, nil, err
		}
		if err := e.applyGraphPlan(); err != nil {
			return nil, nil, err
		}
	}
	if err := e.planNames(); err != nil {
		return nil, nil, err
	}
	message, err := e.build()
	if err != nil {
		return nil, nil, err
	}
	if err := e.conflicts.Err(); err != nil {
		return nil, nil, err
	}
	e.report.finish()
	return m.Original(message), e.report, nil
}

// applyGraphPlan passes the changes to the graph on to the plan and the rewriter, finds the functions and ops of a cut graph, and counts
// devices.
func (e *exporter) applyGraphPlan() error {
	g := e.graphPlan
	kept := g.kept()
	if err := g.draft.Apply(kept, e.plan, e.rewriter); err != nil {
		return err
	}
	e.parts, e.newOps = g.parts, g.draft.NewOps(kept)
	if g.cut != nil {
		if err := e.findFunctions(kept); err != nil {
			return err
		}
	}
	return e.countDevices()
}

// planNames plans the changes that need no graphPlan. Each step relies on what the steps before it have added to the plan.
func (e *exporter) planNames() error {
	if e.o.ClearExtraneousSavers {
		if err := e.dropSavers(); err != nil {
			return err
		}
	}
	if e.o.Scope != "" {
		if err := e.checkScope(); err != nil {
			return err
		}
	}
	if err := e.planAttrs(); err != nil {
		return err
	}
	if err := e.findUsedOps(); err != nil {
		return err
	}
	if e.o.Scope != "" {
		if err := e.planOutside(); err != nil {
			return err
		}
	}
	e.checkCollections()
	return e.planSaverDef()
}

// dropSavers removes the nodes of extraneous savers.
func (e *exporter) dropSavers() error {
	saver, _ := e.m.Message(fieldnum.MetaGraphDef_SaverDef)
	savers, err := findSavers(e.m.Graph(), saver)
	if err != nil {
		return err
	}
	e.savers = savers
	if len(savers.extraneous) > 0 {
		e.plan.Drops = savers.removes
		e.rewriter.Reads = e.reportRead
		e.report.Savers = slices.Sorted(maps.Keys(savers.extraneous))
	}
	return nil
}

// planAttrs removes the requested attrs, and attrs with default values if requested.
func (e *exporter) planAttrs() (err error) {
	if e.o.StripDefaultAttrs {
		if e.strip, err = newDefaultStripper(e.m); err != nil {
			return err
		}
	}
	if e.strip != nil || len(e.o.DropAttrs) > 0 {
		e.rewriter.DropAttr = func(op, key, value []byte) bool {
			return slices.Contains(e.o.DropAttrs, string(key)) || e.strip != nil && e.strip.drops(op, key, value)
		}
	}
	return nil
}

// planOutside decides what happens to names outside the scope that occur in collections. TensorFlow keeps the names of
// nodes that gradients added to a context, although these nodes are outside. If the copy has unbound inputs, an import
// resolves such names. Otherwise the copy must load as it is, so they are pruned.
func (e *exporter) planOutside() error {
	unbound, err := readsOutside(e.m.Graph(), e.plan)
	if err != nil || unbound {
		return err
	}
	e.plan.Prune = true
	instead, err := findInitializers(e.m, e.o.Registry, e.plan.Keeps)
	if err != nil {
		return err
	}
	e.plan.Outer = make(map[string]string, len(instead))
	for initializer, other := range instead {
		e.plan.Outer[initializer] = e.plan.Node(other)
	}
	e.report.Substitutes = len(instead)
	return nil
}

// planSaverDef decides whether to keep, replace or drop saver_def.
func (e *exporter) planSaverDef() error {
	e.report.Saver = "none"
	saver, ok := e.m.Message(fieldnum.MetaGraphDef_SaverDef)
	switch {
	case e.parts.saver != nil:
		e.report.Saver, e.saver = "cut", e.parts.saver
		return nil
	case !ok:
		return nil
	case e.plan.Nothing():
		e.report.Saver, e.saver = "kept", saver
		return nil
	}
	changed, keep, err := e.o.Registry.Saver(e.plan, saver)
	if err != nil {
		return err
	}
	e.report.Saver = "dropped"
	if keep {
		e.report.Saver, e.saver = "kept", changed
	}
	return nil
}

// readsOutside reports whether a kept node reads a node outside the scope.
func readsOutside(g wire.Graph, p *scope.Plan) (bool, error) {
	for n, err := range g.Nodes() {
		if err != nil {
			return false, err
		}
		if !p.Keeps(n.Name) {
			continue
		}
		for _, input := range n.Inputs {
			if _, node, _ := scope.Split(input); !scope.Under(node, p.Strip) {
				return true, nil
			}
		}
	}
	return false, nil
}

// reportRead reports a kept node that reads a node of a removed saver.
func (e *exporter) reportRead(node, input []byte) {
	if len(e.conflicts) < maxAlike {
		e.conflicts.Of(ErrReadsSaver, "node %q reads %q, which belongs to an extraneous saver", node, input)
	}
}

// checkScope reports an error if no node is in the requested scope.
func (e *exporter) checkScope() error {
	scopes := make(map[string]bool)
	found := false
	for n, err := range e.m.Graph().Nodes() {
		if err != nil {
			return err
		}
		switch {
		case scope.Under(n.Name, e.o.Scope):
			found = true
			e.checkNewName(n.Name)
		case string(n.Name) == e.o.Scope:
			e.report.ScopeNode = true
		case !found:
			addScopes(scopes, n.Name)
		}
	}
	if found {
		return e.conflicts.Err()
	}
	hint := draft.Suggest(e.o.Scope, slices.Sorted(maps.Keys(scopes)))
	switch {
	case e.report.ScopeNode:
		hint = fmt.Sprintf("%q is a node, not a scope", e.o.Scope)
	case len(scopes) == 0:
		hint = "the graph has no scopes"
	}
	e.conflicts.Add(hint, "no node is in scope %q", e.o.Scope)
	return e.conflicts
}

// checkNewName reports a node whose name becomes invalid without the scope, such as a name with a leading underscore.
func (e *exporter) checkNewName(name []byte) {
	rest := e.plan.Node(string(name))
	if rest != "" && len(e.conflicts) < maxAlike && e.plan.Keeps(name) && !scope.ValidName(rest) && scope.ValidName(string(name)) {
		e.conflicts.Add("export an outer scope, or rename the node", "node %q would become %q, which TensorFlow does not accept as a name", name, rest)
	}
}

// hintDepth is the maximum depth of scopes in a hint.
const hintDepth = 16

// addScopes adds the outermost hintDepth scopes of a node.
func addScopes(scopes map[string]bool, node []byte) {
	end := -1
	for range hintDepth {
		slash := bytes.IndexByte(node[end+1:], '/')
		if slash < 0 {
			return
		}
		if end += 1 + slash; end > 0 && !scopes[string(node[:end])] {
			scopes[string(node[:end])] = true
		}
	}
}

// checkCollections reports the requested collections that do not exist.
func (e *exporter) checkCollections() {
	existing := entryKeys(e.m, fieldnum.MetaGraphDef_CollectionDef)
	for _, key := range e.o.Collections {
		if existing[key] || key == e.o.UnboundInputs && e.o.Scope != "" || slices.Contains(e.report.Missing, key) {
			continue
		}
		e.report.Missing = append(e.report.Missing, key)
		near := nearest.Name(key, slices.Collect(maps.Keys(existing)))
		if near != "" && !slices.Contains(e.report.MissingNearest, near) {
			e.report.MissingNearest = append(e.report.MissingNearest, near)
		}
	}
}

// wanted reports whether the options include a collection.
func (e *exporter) wanted(key string) bool {
	return len(e.o.Collections) == 0 || slices.Contains(e.o.Collections, key)
}

// GraphAlone adapts the report to a copy that consists of only the graph: all collections and the saver are dropped, and
// other parts outside the graph are not mentioned.
func (r *ExportReport) GraphAlone() {
	r.Dropped = append(r.Dropped, r.Collections...)
	r.UnboundListed, r.Collections, r.Entries, r.DanglingEntries, r.OldNames, r.Substitutes = false, nil, 0, 0, nil, 0
	r.Signature, r.Signatures, r.Assets, r.Objects, r.OpsDropped, r.Unrestored = "", nil, 0, false, 0, nil
	if r.Saver != "none" {
		r.Saver = "dropped"
	}
	r.finish()
}

// finish sorts the lists of the report.
func (r *ExportReport) finish() {
	for _, names := range [][]string{r.Collections, r.Dropped, r.Signatures, r.OldNames} {
		slices.Sort(names)
	}
}
