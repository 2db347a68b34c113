package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// An Import is the report of import.
type Import struct {
	*rewrite.ImportReport
	Checkpoints []string `json:"checkpoints"` // prefixes of the checkpoints whose values the output has: of IN, of BASE
	DryRun      bool     `json:"dry_run"`     // nothing was written
}

// Notice returns the report for people: what was imported and what was renamed.
func (i Import) Notice() Notice {
	n := Notice{fact: i.fact()}
	n.details.count(did(i.DryRun, "cleared", "clear")+" the device of %s", i.Cleared, "node")
	n.details.renames(did(i.DryRun, "renamed", "rename")+" %s: %s", i.Renames, i.Renamed, "node")
	n.details.renames(did(i.DryRun, "renamed", "rename")+" the frames of %s: %s", i.Frames, len(i.Frames), "loop")
	n.details.count(did(i.DryRun, "mapped", "map")+" %s", i.InputsMapped, "input")
	n.details.count(did(i.DryRun, "moved", "move")+" the control inputs of %s", i.ControlsMoved, "mapped node")
	n.details.count(did(i.DryRun, "removed", "remove")+" outdated inferred shapes (%s)", i.ShapesDropped, "place")
	n.details.count(did(i.DryRun, "renamed", "rename")+" %s of IN", i.separated(), "shared_name")
	n.details.count(did(i.DryRun, "added", "add")+" %s", i.Functions, "function")
	n.details.list(agree(len(i.Checkpoints), "checkpoint", "checkpoints")+": %s", i.Checkpoints, 2)
	n.details.list("collections: %s", i.Collections, 12)
	n.details.list("left out of IN: %s", i.leftOut(), 6)
	n.details.renames(did(i.DryRun, "renamed", "rename")+" %s: %s", i.Signatures, len(i.Signatures), "signature")
	n.details.count("%s "+did(i.DryRun, "got", "get")+" a substitute initializer (the original was not imported)", i.Initializers, "variable")
	if k := len(i.Returned); k > 0 {
		n.details.add("elements: %s", renames(i.Returned, k, k))
	}
	i.warn(&n.warnings)
	return n
}

// leftOut returns the parts of IN that the output lacks.
func (i Import) leftOut() []string {
	if i.Saver == "dropped" {
		return slices.Concat([]string{"the saver"}, i.Skipped)
	}
	return i.Skipped
}

// separated returns the number of shared names that were changed.
func (i Import) separated() int {
	n := 0
	for _, s := range i.SharedNames {
		if s.NewName != "" {
			n++
		}
	}
	return n
}

// fact returns the main fact: the number of nodes that were imported, and their scope.
func (i Import) fact() string {
	fact := did(i.DryRun, "imported", "import") + " " + Count(i.Nodes, "node")
	if i.Scope != "" {
		fact += " under " + Text(i.Scope) + "/"
	}
	if i.Scope != i.AskedScope {
		fact += " (the name " + Text(i.AskedScope) + " is taken; case does not matter)"
	}
	if i.BaseNodes > 0 {
		fact += " into a graph of " + Count(i.BaseNodes, "node")
	}
	return fact
}

// warn adds the warnings about results that a user may not expect.
func (i Import) warn(out *remarks) {
	switch {
	case i.Saver == "both" || i.BaseNodes == 0:
		out.count("the checkpoint has no value for %s of a graph without a saver", i.Unsaved, "variable")
	case i.Saver == "imported":
		out.count("the output has IN's saver, which does not restore %s of BASE", i.Unsaved, "variable")
	default:
		out.count("the output keeps BASE's saver, which does not restore the %s", i.Unsaved, "imported variable")
	}
	if i.SharedState > 0 {
		out.add("%s %s state with BASE (same shared_name): %s", Count(i.SharedState, "imported node"),
			agree(i.SharedState, "shares", "share"), strings.Join(sharedNames(i.SharedNames), ", "))
	}
	out.list(oldNames, i.OldNames, 4)
	if i.ObjectsLost {
		out.add("IN's object graph was left out, since BASE has one")
	}
}

// sharedNames returns the first names of variables, tables and queues that both graphs have.
func sharedNames(names []rewrite.SharedName) []string {
	return atMost(formsOf(names, func(s *rewrite.SharedName) string { return s.Kind + " " + Text(s.Name) }), 3)
}

// oldNames is the warning about collections that still contain old node names.
const oldNames = "old node names remain in %s"

// renames adds a remark with a number of renamed items and the first of them, unless there are none. The two %s in format stand for these.
func (r *remarks) renames(format string, list []rewrite.Rename, n int, noun string) {
	if n > 0 {
		r.add(format, Count(n, noun), renames(list, 3, n))
	}
}

// renames returns the first n renames, and the number of the others.
func renames(list []rewrite.Rename, n, all int) string {
	out := make([]string, 0, n+1)
	for _, r := range list[:min(n, len(list))] {
		out = append(out, Text(r.From)+" -> "+Text(r.To))
	}
	if all > len(out) {
		out = append(out, fmt.Sprintf("and %s more", numberText(all-len(out))))
	}
	return strings.Join(out, ", ")
}
