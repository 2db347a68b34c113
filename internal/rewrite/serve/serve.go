// Package serve plans what a SavedModel needs so that TensorFlow Serving and other loaders can run it.
package serve

import (
	"errors"
	"slices"

	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Plan is what the SavedModel of a graph needs besides the graph.
type Plan struct {
	Assets     []AssetFile // the files that the SavedModel includes
	NewAssets  bool        // Assets differs from the assets that the graph lists
	StalePaths []StalePath // in file order
	InitOp     string      // the op that loaders run first; empty for none
	NewInitOp  bool        // the graph must name InitOp in place of its own init ops
}

// A planner plans the SavedModel of a graph.
type planner struct {
	Plan
	m         *wire.MetaGraph
	g         *draft.Graph
	view      *prune.Cut
	served    []bool // the nodes of g that are served
	cut       bool
	conflicts draft.Conflicts
}

// New plans what a loader of a SavedModel with graph g of m needs: inputs for everything that the outputs read, values of all
// variables, one op that initializes tables, and the files that fill tables. The served part of the graph is view, which init
// initializes; if cut is true, g is reduced to it. A nil v means that the variables are frozen. New may add a node to g and to
// view. The error is draft.Conflicts, or values.ErrNoCheckpoint.
func New(m *wire.MetaGraph, g *draft.Graph, view *prune.Cut, cut bool, init *prune.Init, v *values.Values) (*Plan, error) {
	p := &planner{m: m, g: g, view: view, served: view.Reach.Has, cut: cut}
	if !cut {
		p.served = p.served[:g.Files()] // the placeholders of the view are not in g
	}
	if err := p.checkFeeds(); err != nil {
		return nil, err
	}
	if v != nil {
		if err := p.checkValues(v); err != nil {
			return nil, err
		}
	}
	if err := p.planAssets(); err != nil {
		return nil, err
	}
	return &p.Plan, p.planInitOp(init)
}

// ErrUnfed is the kind of a conflict about a placeholder that is not an input.
var ErrUnfed = errors.New("a placeholder is not an input")

// ErrPipeline is the kind of a conflict about outputs that read an input pipeline.
var ErrPipeline = errors.New("the outputs read an input pipeline")

// checkFeeds reports nodes that a server cannot feed.
func (p *planner) checkFeeds() error {
	for _, name := range p.view.Feeds {
		p.conflicts.Of(ErrUnfed, "the outputs need the placeholder %q, which is not an input", name)
	}
	for _, name := range p.view.Sources {
		p.conflicts.Of(ErrPipeline, "the outputs read the input pipeline %q, which a server cannot fill", name)
	}
	return p.conflicts.Err()
}

// checkValues reports variables without a value after loading. The C++ loader does not check this, and the model fails
// when it runs.
func (p *planner) checkValues(v *values.Values) error {
	needed, without := v.Variables(p.view.Needs)
	for _, i := range without {
		p.conflicts.Add("save it too, or cut the graph after it", "variable %q has no value: the saver does not restore it", p.g.Name(i))
	}
	if v.Checkpoint == nil {
		if needed > 0 || len(v.Restored) > 0 && !p.cut {
			return values.ErrNoCheckpoint
		}
		return p.conflicts.Err()
	}
	for k := range v.Restored {
		if r := &v.Restored[k]; !p.cut || r.Node >= 0 && p.view.Keeps(int(r.Node)) {
			v.Tensor(r, &p.conflicts)
		}
	}
	return p.conflicts.Err()
}

// planInitOp makes exactly one op initialize the graph. Loaders look for it in a signature and in two collections, each
// of which can name one op (GetInitOp in tensorflow/cc/saved_model/loader_util.cc).
func (p *planner) planInitOp(init *prune.Init) error {
	run := slices.Clone(init.Ops)
	for _, name := range init.Initializers {
		if !init.Covers[name] {
			run = append(run, name)
		}
	}
	assets := make(map[string]bool, len(p.Assets)) // loaders feed them
	for _, asset := range p.Assets {
		assets[wire.NodeOf(asset.Tensor)] = true
	}
	feeds, err := prune.Feeds(p.g, run...)
	if err != nil {
		return err
	}
	feeds = slices.DeleteFunc(feeds, func(name string) bool { return assets[name] })
	switch {
	case len(feeds) > 0:
		p.conflicts.Add("initialize it without a feed, or leave it out of the outputs", "initialization needs the placeholder %q, which a loader does not feed", feeds[0])
		return p.conflicts.Err()
	case len(run) == 0:
		return nil
	case len(run) == 1 && len(init.Ops) == 1 && init.Listed == 1:
		p.InitOp = run[0]
		return nil
	}
	p.InitOp, p.NewInitOp = run[0], true
	if len(run) > 1 {
		controls := make([]string, len(run))
		for k, name := range run {
			controls[k] = "^" + name
		}
		p.InitOp = scope.Unique("saved_model_init", p.g.Taken)
		i := p.g.Add(p.g.Files(), draft.Node(p.InitOp, "NoOp", "", controls, nil))
		if p.cut {
			return p.view.Reach.Add(i)
		}
	}
	return nil
}
