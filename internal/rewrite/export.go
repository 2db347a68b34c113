package rewrite

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ExportOptions says what a copy of a MetaGraphDef is to hold: the arguments of export_meta_graph. The zero value is a copy of
// all of it.
type ExportOptions struct {
	Scope                 string   // only the nodes in this scope, without the scope; slashes at its end mean nothing
	Collections           []string // only the collections with these keys; empty: all
	ClearDevices          bool     // empty the device of every node
	ClearExtraneousSavers bool     // drop the savers that SaverDef is not about, nodes and all
	StripDefaultAttrs     bool     // drop attrs that have their op's default value
	UnboundInputs         string   // the collection that lists the inputs from outside Scope; empty: none does
	Registry              *scope.Registry

	Outputs        []prune.Endpoint // keep only what these need; empty: all
	Inputs         []prune.Endpoint // cut the graph at these; empty: at its placeholders. Only with Outputs.
	Signature      string           // key of the signature that is written for Inputs and Outputs; empty: DefaultSignature
	Shapes         []NewShape       // placeholders with a new shape
	DropAttrs      []string         // attrs to remove from all nodes, those in functions too
	WithCheckpoint bool             // the copy gets a checkpoint of what its saver restores
	SavedModel     bool             // make the copy fit for a SavedModel, or fail
	Freeze         bool             // make constants of the variables that Outputs need
	// Checkpoint has the values of the variables; nil for none.
	Checkpoint *checkpoint.Checkpoint
	Tags       []string // replace the tags of the graph; nil keeps them
	// Restores is what a new saver restores, which takes the place of the graph's in saver_def; nil keeps that.
	Restores []checkpoint.Restored
}

// An ExportReport says what Export did.
type ExportReport struct {
	Scope          string   `json:"scope"`           // the scope that was exported, empty for the whole graph
	ScopeNode      bool     `json:"scope_node"`      // a node has the very name of the scope; it is outside
	Nodes          int      `json:"nodes"`           // nodes that stayed
	OfNodes        int      `json:"of_nodes"`        // nodes that there were
	UnboundInputs  []string `json:"unbound_inputs"`  // inputs from outside the scope, in the order of their readers
	UnboundListed  bool     `json:"unbound_listed"`  // whether a collection of the copy lists them
	Collections    []string `json:"collections"`     // collections of the copy, sorted
	Dropped        []string `json:"dropped"`         // collections that are not in the copy, sorted
	Missing        []string `json:"missing"`         // collections that were asked for and are not there
	MissingNearest []string `json:"missing_nearest"` // the keys that come nearest to those
	Entries        int      `json:"entries"`         // entries that went from collections that stayed
	Torn           int      `json:"torn"`            // entries that stayed though they name nodes that lie outside the scope
	Stale          []string `json:"stale"`           // collections in whose Anys nodes have names that they had before, sorted
	Substitutes    int      `json:"initializers"`    // variables that got an initializer in the scope, theirs lying outside
	Savers         []string `json:"savers"`          // scopes of the savers that went
	Saver          string   `json:"saver"`           // what became of saver_def: "none", "kept", "dropped", "cut"
	Cleared        int      `json:"cleared"`         // nodes whose device was cleared
	Attrs          int      `json:"attrs"`           // attrs with default values that were dropped
	Undefined      []string `json:"undefined"`       // ops whose defaults the file does not tell
	Signatures     []string `json:"signatures"`      // signatures that went, because a tensor of theirs did
	Assets         int      `json:"assets"`          // assets that went
	Objects        bool     `json:"objects"`         // the object graph went
	OpsDropped     int      `json:"ops_dropped"`     // op definitions that nothing uses any more

	Inputs           []Tensor      `json:"inputs"`            // of the signature that was written, by key
	Outputs          []Tensor      `json:"outputs"`           // the same
	Signature        string        `json:"signature"`         // key of the signature that was written, empty where none was
	Feeds            []string      `json:"feeds"`             // other placeholders that have to be fed
	Defaults         []string      `json:"defaults"`          // placeholders with a default value that can be fed
	Sources          []string      `json:"sources"`           // queues, iterators and readers that the outputs need
	Tables           []string      `json:"tables"`            // lookup tables that the outputs need
	Initializers     []string      `json:"initializer_ops"`   // the ops that fill the tables
	InitOp           string        `json:"init_op"`           // the op that loaders of the SavedModel run first, empty for none
	AssetFiles       []AssetFile   `json:"asset_files"`       // files that the SavedModel brings along
	StalePaths       []StalePath   `json:"stale_paths"`       // constants with paths of another machine
	Frozen           []string      `json:"frozen"`            // variables that became constants
	Updates          []string      `json:"updates"`           // ops that updated a variable and no longer do
	Keys             []string      `json:"-"`                 // keys of the checkpoint that the copy needs
	Added            int           `json:"added"`             // nodes that were added
	FunctionsDropped int           `json:"functions_dropped"` // functions that nothing calls any more
	Shapes           []ShapeChange `json:"shapes"`            // placeholders that got another shape
	Inferred         int           `json:"inferred_dropped"`  // nodes that lost their recorded shapes, which no longer hold
	Constants        []FixedSize   `json:"fixed_sizes"`       // constants that still hold a size that was replaced
	AttrsDropped     []AttrCount   `json:"attrs_dropped"`     // attrs that were removed by name
}

// An exporter is one Export at work.
type exporter struct {
	m             *wire.MetaGraph
	o             ExportOptions
	plan          *scope.Plan
	pass          *scope.Pass
	savers        *saverScopes
	strip         *defaultStripper
	used          map[string]bool // ops, where the op list is to be cut
	report        *ExportReport
	trouble       Troubles
	assets        []bool                       // which assets stay
	facts         *opdef.Tensors               // of the graph without changes; set with draft
	changedShapes []bool                       // nodes whose inferred shapes no longer hold
	draft         *draft.Graph                 // changes to nodes, nil while there are none
	restores      []checkpoint.Restored        // what the file's saver restores; nil until asked for
	byNode        map[int]*checkpoint.Restored // the same by the number of the variable
	newSaver      []byte                       // SaverDef of the saver that was written, nil for none
	freezing      *freeze.Freezing             // nil where nothing is frozen
	ownSignature  bool                         // inputs and outputs are those of the graph's own signatures, which stay
	fills         []int                        // new ops that fill tables of a frozen graph
	init          *prune.Init                  // how the cut graph is initialized
	mainOp        string                       // the op that a loader has to run, to be named in a collection; empty to leave that as it is
	newAssets     []AssetFile                  // files that become assets
	cut           *prune.Cut                   // nil where no outputs were given
	dropped       map[string]int               // attrs that were removed by name
	saver         []byte                       // the SaverDef of the copy, nil for none
}

// Export returns a copy of a MetaGraphDef as the options have it (export_scoped_meta_graph in
// tensorflow/python/framework/meta_graph.py). What was not asked to change keeps its bytes. It fails with Troubles where the
// options do not fit the file and with a *wire.SyntaxError where the file is damaged.
func Export(m *wire.MetaGraph, o ExportOptions) (*wire.Rope, *ExportReport, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	o.Scope = scope.Clean(o.Scope)
	e := &exporter{m: m, o: o, plan: &scope.Plan{Strip: o.Scope}, report: &ExportReport{Scope: o.Scope}}
	if err := checkBeside(m); err != nil {
		return nil, nil, err
	}
	if err := e.prepare(); err != nil {
		return nil, nil, err
	}
	message, err := e.build()
	if err != nil {
		return nil, nil, err
	}
	if err := e.trouble.err(); err != nil {
		return nil, nil, err
	}
	e.report.finish()
	return m.Original(message), e.report, nil
}

// prepare makes the plan.
func (e *exporter) prepare() error {
	e.pass = &scope.Pass{Plan: e.plan, ClearDevices: e.o.ClearDevices}
	for _, step := range []func() error{e.planEndpoints, e.planCut, e.planFreeze, e.planCompanions, e.planSavedModel, e.planShapes, e.applyDraft, e.planSavers, e.checkScope, e.planAttrs, e.planDropAttrs, e.findUsedOps, e.planOutside, e.planSaverDef, e.checkCollections} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// planSavers lets the nodes of extraneous savers go, where that is asked for.
func (e *exporter) planSavers() error {
	if !e.o.ClearExtraneousSavers {
		return nil
	}
	saver, _ := e.m.Message(wire.SaverDef)
	savers, err := findSavers(e.m.Graph(), saver)
	if err != nil {
		return err
	}
	e.savers = savers
	if len(savers.extraneous) > 0 {
		e.plan.Gone = savers.gone
		e.pass.Reads = e.readsGone
		e.report.Savers = slices.Sorted(maps.Keys(savers.extraneous))
	}
	return nil
}

// planAttrs lets attrs with default values go, where that is asked for.
func (e *exporter) planAttrs() (err error) {
	if !e.o.StripDefaultAttrs {
		return nil
	}
	if e.strip, err = newDefaultStripper(e.m); err == nil {
		e.pass.DropAttr = e.strip.drops
	}
	return err
}

// findUsedOps finds which ops the copy uses: those whose defaults the file does not tell are reported, and the op list is cut
// where nodes go.
func (e *exporter) findUsedOps() error {
	if e.strip == nil && e.plan.Nothing() || e.used != nil {
		return nil
	}
	used, err := usedOps(e.m.Graph(), e.plan)
	if err != nil {
		return err
	}
	if e.strip != nil {
		e.report.Undefined = e.strip.without(used)
	}
	if !e.plan.Nothing() {
		e.used = used
	}
	return nil
}

// planOutside says what becomes of names outside the scope that stand in collections. TensorFlow keeps the names of nodes that
// gradients added to a context, though they lie outside. With unbound inputs, whoever imports the copy mends that; without,
// the copy is to be loaded as it is.
func (e *exporter) planOutside() error {
	if e.o.Scope == "" {
		return nil
	}
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

// planSaverDef finds what becomes of saver_def.
func (e *exporter) planSaverDef() error {
	e.report.Saver = "none"
	saver, ok := e.m.Message(wire.SaverDef)
	switch {
	case e.newSaver != nil:
		e.report.Saver, e.saver = "cut", e.newSaver
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

// readsOutside reports whether a node that stays reads one that lies outside the scope.
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

// readsGone notes that a node that stays reads one that goes with its saver.
func (e *exporter) readsGone(node, input []byte) error {
	if len(e.trouble) < listed {
		e.trouble.add("export without --clear-extraneous-savers", "node %q reads %q, which would go with an extraneous saver", node, input)
	}
	return nil
}

// checkScope finds whether there is a node in the scope, if one is asked for.
func (e *exporter) checkScope() error {
	if e.o.Scope == "" {
		return nil
	}
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
		return e.trouble.err()
	}
	isNode := e.report.ScopeNode
	there := slices.Sorted(maps.Keys(scopes))
	hint := meant(e.o.Scope, there)
	if len(nearest.Names(e.o.Scope, there, 1)) == 0 {
		// Of thousands of scopes, those at the top say what the graph is made of.
		hint = meant(e.o.Scope, slices.DeleteFunc(slices.Clone(there), func(s string) bool { return strings.Contains(s, "/") }))
	}
	switch {
	case isNode:
		hint = fmt.Sprintf("%q is a node, not a scope", e.o.Scope)
	case len(there) == 0:
		hint = "no node of the graph lies in a scope"
	}
	e.trouble.add(hint, "no node lies in the scope %q", e.o.Scope)
	return e.trouble
}

// checkNewName refuses a node whose name would be one that TensorFlow does not accept, such as a leading underscore, once the scope is off
// it.
func (e *exporter) checkNewName(name []byte) {
	rest := e.plan.Node(string(name))
	if rest != "" && len(e.trouble) < listed && e.plan.Keeps(name) && !scope.ValidName(rest) && scope.ValidName(string(name)) {
		e.trouble.add("export a scope above it, or rename the node", "node %q would be called %q, a name that TensorFlow does not accept", name, rest)
	}
}

// hintDepth is how deep the scopes are that a hint can name.
const hintDepth = 16

// addScopes adds the scopes that a node lies in, those that a hint can name.
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

// checkCollections finds the collections that were asked for and are not there.
func (e *exporter) checkCollections() error {
	there := make(map[string]bool)
	for key := range e.m.Entries(wire.CollectionDef) {
		there[string(key)] = true
	}
	keys := slices.Sorted(maps.Keys(there))
	for _, key := range e.o.Collections {
		if there[key] || key == e.o.UnboundInputs && e.o.Scope != "" || slices.Contains(e.report.Missing, key) {
			continue
		}
		e.report.Missing = append(e.report.Missing, key)
		for _, near := range nearest.Names(key, keys, 1) {
			if !slices.Contains(e.report.MissingNearest, near) {
				e.report.MissingNearest = append(e.report.MissingNearest, near)
			}
		}
	}
	return nil
}

// wanted reports whether a collection is to be in the copy.
func (e *exporter) wanted(key string) bool {
	return len(e.o.Collections) == 0 || slices.Contains(e.o.Collections, key)
}

// GraphAlone takes out of the report what lies beside the graph, for a copy that is to hold nothing else.
func (r *ExportReport) GraphAlone() {
	r.UnboundListed, r.Collections, r.Dropped, r.Entries, r.Torn, r.Stale, r.Substitutes = false, nil, nil, 0, 0, nil, 0
	r.Signature = ""
	r.Saver, r.Signatures, r.Assets, r.Objects, r.OpsDropped = "none", nil, 0, false, 0
	r.finish()
}

// finish puts the report in order.
func (r *ExportReport) finish() {
	for _, names := range []*[]string{&r.Collections, &r.Dropped, &r.Signatures, &r.Stale} {
		slices.Sort(*names)
	}
	if r.Inputs == nil {
		r.Inputs, r.Outputs = []Tensor{}, []Tensor{}
	}
	if r.Shapes == nil {
		r.Shapes = []ShapeChange{}
	}
	if r.AssetFiles == nil {
		r.AssetFiles = []AssetFile{}
	}
	if r.StalePaths == nil {
		r.StalePaths = []StalePath{}
	}
	if r.Constants == nil {
		r.Constants = []FixedSize{}
	}
	if r.AttrsDropped == nil {
		r.AttrsDropped = []AttrCount{}
	}
	for _, names := range []*[]string{&r.Frozen, &r.Updates, &r.Feeds, &r.Defaults, &r.Sources, &r.Tables, &r.Initializers, &r.UnboundInputs, &r.Collections, &r.Dropped, &r.Missing, &r.MissingNearest, &r.Savers, &r.Undefined, &r.Signatures, &r.Stale} {
		if *names == nil {
			*names = []string{}
		}
	}
}
