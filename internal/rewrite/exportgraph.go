package rewrite

import (
	"sync"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/rewrite/training"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A graphPlan is what an export does to the nodes of a graph, and what follows for the parts around the graph.
type graphPlan struct {
	draft   *draft.Graph
	cut     *prune.Cut     // nil if no outputs are given
	left    []bool         // the nodes of the draft that stay; nil for all
	library *draft.Library // the functions, including new ones; nil without a cut
	parts   newParts
}

// newParts are parts of the copy that replace those of the file.
type newParts struct {
	saver       []byte            // the SaverDef; nil keeps the file's
	signatures  map[string][]byte // SignatureDefs by key; nil removes the file's
	nodeLists   []nodeList        // new collections, in the order in which they are written
	collections map[string]bool   // keys of collections to remove
	assets      []serve.AssetFile // nil keeps the file's
	objects     bool              // the object graph is removed
	reads       map[string]string // tensors that signatures name instead of outputs that a loader cannot return
	shapes      map[string][]byte // new TensorShapeProtos of tensors in the signatures of the file
}

// kept returns which nodes of the draft stay, or nil if all do.
func (p *graphPlan) kept() []bool {
	if p.cut != nil {
		return p.cut.Reach.Has
	}
	return p.left
}

// A nodeList is a collection that lists nodes.
type nodeList struct {
	key   string
	nodes []string
}

// changesGraph reports whether the options need a graphPlan.
func (o *ExportOptions) changesGraph() bool {
	return len(o.Outputs)+len(o.Shapes)+len(o.Values) > 0 || o.SavedModel || o.WithCheckpoint || o.restores != nil
}

// A graphPlanner makes a graphPlan.
type graphPlanner struct {
	graphPlan
	m      *wire.MetaGraph
	o      *ExportOptions
	facts  *opdef.Tensors // of the original graph
	values func() (*values.Values, error)
	report *ExportReport
}

// planGraph plans what the options change in the graph of m: cut it to its outputs, freeze it, fit its saver, make it servable,
// and set the shapes of placeholders. If signed is true, the inputs and outputs are those of the signatures of m, which stay.
func planGraph(m *wire.MetaGraph, o *ExportOptions, signed bool, report *ExportReport) (*graphPlan, error) {
	g, err := graph.New(m.Graph())
	if err != nil {
		return nil, err
	}
	p := &graphPlanner{m: m, o: o, facts: opdef.NewTensors(g, m), report: report}
	p.draft = draft.New(g)
	p.parts.collections, p.parts.signatures, p.parts.reads = make(map[string]bool), make(map[string][]byte), make(map[string]string)
	p.values = sync.OnceValues(func() (*values.Values, error) { return values.New(m, o.Registry, g, o.Checkpoint) })
	if report.Values, err = setValues(p.draft, o.Values, o.Inputs); err != nil {
		return nil, err
	}
	p.parts.objects = len(o.Values) > 0 // functions of an object graph do not read the placeholders
	var init *prune.Init
	if len(o.Outputs) > 0 {
		if init, err = p.cutGraph(signed); err != nil {
			return nil, err
		}
	}
	if err := p.fitSaver(); err != nil {
		return nil, err
	}
	if p.cut != nil {
		if err := p.reportInit(init); err != nil {
			return nil, err
		}
		if err := p.reportUnrestored(); err != nil {
			return nil, err
		}
		if err := p.cut.Finish(); err != nil {
			return nil, err
		}
		report.Feeds, report.Defaults, report.Sources = p.cut.Feeds, p.cut.Defaults, p.cut.Sources
	}
	if o.SavedModel {
		if err := p.serve(init); err != nil {
			return nil, err
		}
	}
	var changed *reshaped
	if len(o.Shapes) > 0 {
		if changed, err = setShapes(p.draft, p.cut, o.Shapes, report); err != nil {
			return nil, err
		}
		p.reshapeSignatures(changed)
	}
	if p.cut != nil {
		if err := p.findTraining(p.cut); err != nil {
			return nil, err
		}
		if !signed {
			p.sign(changed)
		}
	}
	return &p.graphPlan, nil
}

// findTraining reports the nodes of the copy that belong to training, although the outputs of view need them.
func (p *graphPlanner) findTraining(view *prune.Cut) (err error) {
	library := p.library
	if library == nil {
		if library, err = draft.NewLibrary(p.m.Graph()); err != nil {
			return err
		}
	}
	found, err := training.Find(p.draft, library, view.Needs)
	if err == nil {
		p.report.Random, p.report.BatchNorms, p.report.VariableUpdates = found.Random, found.BatchNorms, found.Updates
	}
	return err
}

// cutGraph cuts the graph to its outputs, freezes it if requested, and keeps what the outputs need besides their inputs. It
// returns how the cut graph is initialized.
func (p *graphPlanner) cutGraph(signed bool) (_ *prune.Init, err error) {
	if p.cut, err = prune.Outputs(p.draft, p.facts, p.o.Inputs, p.o.Outputs); err != nil {
		return nil, err
	}
	if !signed {
		if err := p.cut.CheckInputs(); err != nil {
			return nil, err
		}
	}
	// The object graph describes the functions and variables of the whole graph, and loaders would load the model by it.
	p.parts.objects = true
	if p.library, err = draft.NewLibrary(p.draft.Rest()); err != nil {
		return nil, err
	}
	var freezing *freeze.Freezing
	if p.o.Freeze {
		if freezing, err = freeze.Plan(p.draft, p.facts, p.library, p.cut.Reach.Has, p.cut.Fetched()); err != nil {
			return nil, err
		}
		if err := p.cut.Again(); err != nil {
			return nil, err
		}
	}
	for round := 0; ; round++ {
		init, err := p.keepCompanions()
		if err != nil {
			return nil, err
		}
		changed, err := p.cut.CutCalls(p.m, p.o.Registry, p.library)
		if err != nil {
			return nil, err
		}
		if !changed || round == maxRounds {
			if p.o.Freeze {
				err = p.fill(freezing, init)
			}
			return init, err
		}
		if err := p.cut.Again(); err != nil {
			return nil, err
		}
	}
}

// maxRounds is how often calls are shortened, each time after finding out what the shorter ones need. Any number is correct.
const maxRounds = 8

// fill gives the frozen variables that are still needed their values, and adds the new nodes that fill tables to init.
func (p *graphPlanner) fill(freezing *freeze.Freezing, init *prune.Init) error {
	v, err := p.values()
	if err != nil {
		return err
	}
	frozen, err := freezing.Fill(v, p.cut.Reach)
	if err != nil {
		return err
	}
	p.report.Frozen, p.report.Updates, p.report.Keys = frozen.Variables, frozen.Updates, frozen.Keys
	p.parts.collections["saveable_objects"] = true
	if len(frozen.Fills) == 0 {
		return nil
	}
	for _, i := range frozen.Fills {
		init.Initializers = append(init.Initializers, p.draft.Name(i))
	}
	p.parts.nodeLists = append(p.parts.nodeLists, nodeList{scope.TableInitializersKey, init.Initializers})
	p.parts.collections[scope.TableInitializersKey] = true
	return p.cut.Reach.Add(frozen.Fills...)
}

// keepCompanions keeps what initializes the kept nodes.
func (p *graphPlanner) keepCompanions() (*prune.Init, error) {
	if !p.o.Freeze {
		if err := p.cut.KeepVariables(p.m, p.o.Registry); err != nil {
			return nil, err
		}
	}
	if err := p.cut.KeepInputs(); err != nil {
		return nil, err
	}
	return p.cut.KeepInitializers(p.m)
}

// fitSaver fits the saver to the kept variables, or replaces it. A frozen graph needs none.
func (p *graphPlanner) fitSaver() (err error) {
	switch {
	case p.o.restores != nil:
		p.parts.saver, p.left, err = saver.Replace(p.m, p.o.Registry, p.draft, p.o.restores, p.o.replaces)
		return err
	case p.o.Freeze, p.cut == nil && !p.o.SavedModel && !p.o.WithCheckpoint:
		return nil
	}
	v, err := p.values()
	if err != nil {
		return err
	}
	fitting := saver.Fitting{Meta: p.m, Registry: p.o.Registry, Draft: p.draft, Cut: p.cut, Values: v, Check: p.o.WithCheckpoint}
	p.parts.saver, p.report.Keys, err = fitting.Fit()
	return err
}

// reportInit reports the tables of the copy, apart from those that the saver fills, and how they are initialized.
func (p *graphPlanner) reportInit(init *prune.Init) error {
	v, err := p.values()
	if err != nil {
		return err
	}
	r := p.report
	for _, table := range init.Tables {
		if i, ok := p.draft.Original([]byte(table)); !ok || p.o.Freeze || v.Of(i) == nil {
			r.Tables = append(r.Tables, table)
		}
	}
	if r.Initializers = init.Initializers; len(r.Initializers) == 0 {
		r.Initializers = init.Ops
	}
	if p.o.SavedModel {
		return nil
	}
	if r.InitFeeds, err = prune.Feeds(p.draft, r.Initializers...); err != nil {
		return err
	}
	r.InitFiles, err = serve.TablePaths(p.draft, p.cut.Reach.Has)
	return err
}

// reportUnrestored reports the variables that the outputs need, and the saver, if there is one, does not restore.
func (p *graphPlanner) reportUnrestored() error {
	v, err := p.values()
	if err != nil || len(v.Restored) == 0 || p.o.Freeze {
		return err
	}
	_, without := v.Variables(p.cut.Needs)
	for _, i := range without {
		p.report.Unrestored = append(p.report.Unrestored, p.draft.Name(i))
	}
	return nil
}

// serve plans what a loader of a SavedModel needs.
func (p *graphPlanner) serve(init *prune.Init) error {
	view := p.cut
	if view == nil {
		var err error
		if view, init, err = p.servedView(); err != nil {
			return err
		}
	}
	var v *values.Values
	if !p.o.Freeze {
		var err error
		if v, err = p.values(); err != nil {
			return err
		}
	}
	plan, err := serve.New(p.m, p.draft, view, p.cut != nil, init, v)
	if err != nil {
		return err
	}
	p.report.AssetFiles, p.report.StalePaths, p.report.InitOp = plan.Assets, plan.StalePaths, plan.InitOp
	if p.cut != nil || plan.NewAssets {
		p.parts.assets = plan.Assets
		p.parts.collections[scope.AssetsKey] = true
	}
	if plan.NewInitOp {
		p.parts.nodeLists = append(p.parts.nodeLists, nodeList{scope.MainOpKey, []string{plan.InitOp}})
		p.parts.collections[scope.MainOpKey], p.parts.collections[scope.LegacyInitOpKey] = true, true
		p.parts.signatures[prune.InitSignature] = nil
	}
	return p.readOutputs(view.Outputs)
}

// servedView returns what the signatures of an uncut graph need, as a separate cut for inspection only, and how it is
// initialized.
func (p *graphPlanner) servedView() (*prune.Cut, *prune.Init, error) {
	inputs, outputs := p.o.signedEndpoints(p.m)
	if len(outputs) == 0 {
		return nil, nil, ErrNoOutputs
	}
	g := draft.New(p.draft.Graph)
	if _, err := setValues(g, p.o.Values, inputs); err != nil {
		return nil, nil, err
	}
	view, err := prune.Outputs(g, p.facts, inputs, outputs)
	if err != nil {
		return nil, nil, err
	}
	init, err := view.KeepInitializers(p.m)
	if err != nil {
		return nil, nil, err
	}
	if err := view.Finish(); err != nil {
		return nil, nil, err
	}
	if err := p.findTraining(view); err != nil {
		return nil, nil, err
	}
	return view, init, p.reportInit(init)
}
