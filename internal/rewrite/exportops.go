package rewrite

import (
	"maps"

	"github.com/metagraph/metagraph/internal/wire"
)

// findUsedOps finds the ops that the copy uses. It reports those that the file does not define. The op list is reduced
// to them if nodes are removed.
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
	maps.Copy(used, e.newOps)
	if !e.plan.Nothing() {
		e.used = used
	}
	return nil
}

// findFunctions finds the functions and ops that the kept nodes use.
func (e *exporter) findFunctions(kept []bool) error {
	library := e.graphPlan.library
	closure := library.NewClosure()
	used := make(map[string]bool)
	err := e.graphPlan.draft.Kept(kept, func(i int, n *wire.Node) error {
		if !used[string(n.Op)] {
			used[string(n.Op)] = true
		}
		if library.Len() == 0 {
			return nil
		}
		return closure.Node(n.Op, e.graphPlan.draft.Attrs(i, n))
	})
	if err != nil {
		return err
	}
	added := library.Added()
	old := make(map[string]bool) // ops of the file's functions
	if len(added) > 0 {
		if err := functionOps(e.m.Graph(), old); err != nil {
			return err
		}
	}
	for name := range closure.Has {
		f, _ := library.Find(name)
		for n, err := range f.Nodes() {
			if err != nil {
				return err
			}
			used[string(n.Op)] = true
			if len(added) > 0 && !old[string(n.Op)] {
				e.newOps[string(n.Op)] = true
			}
		}
	}
	for _, name := range added {
		if f, _ := library.Find(name); closure.Has[name] {
			e.rewriter.NewFunctions = append(e.rewriter.NewFunctions, f)
		}
	}
	e.rewriter.KeepFunction = func(name string) bool { return closure.Has[name] }
	e.used = used
	return nil
}
