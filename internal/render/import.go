package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// An Import is the report of import.
type Import struct {
	*rewrite.ImportReport
	DryRun bool `json:"dry_run"` // nothing was written
}

// Notice returns the report for people: what was imported and what was renamed.
func (i Import) Notice() Notice {
	n := Notice{fact: i.fact()}
	detail := func(text string) { n.details = append(n.details, text) }
	if i.Cleared > 0 {
		detail("cleared the device of " + count(i.Cleared, "node"))
	}
	if i.Renamed > 0 {
		detail("renamed " + count(i.Renamed, "node") + ": " + strings.Join(renames(i.Renames, 3, i.Renamed), ", "))
	}
	if k := len(i.Frames); k > 0 {
		detail("renamed the frames of " + count(k, "loop") + ": " + strings.Join(renames(i.Frames, 3, k), ", "))
	}
	if i.InputsMapped > 0 {
		detail("mapped " + count(i.InputsMapped, "input"))
	}
	if i.ControlsMoved > 0 {
		detail("moved the control inputs of " + count(i.ControlsMoved, "mapped node"))
	}
	if i.ShapesDropped > 0 {
		detail("removed outdated inferred shapes (" + count(i.ShapesDropped, "place") + ")")
	}
	if k := i.separated(); k > 0 {
		detail("renamed " + count(k, "shared_name") + " of IN")
	}
	if i.Functions > 0 {
		detail("added " + count(i.Functions, "function"))
	}
	if len(i.Collections) > 0 {
		detail("collections: " + strings.Join(atMost(texts(i.Collections), 12), ", "))
	}
	if k := len(i.Skipped); k > 0 {
		detail("left out " + count(k, "collection"))
	}
	if i.Saver == "dropped" {
		detail("left out the saver")
	}
	if k := len(i.Signatures); k > 0 {
		detail("renamed " + count(k, "signature") + ": " + strings.Join(renames(i.Signatures, 3, k), ", "))
	}
	if i.Initializers > 0 {
		detail(fmt.Sprintf("%s got a substitute initializer (the original was not imported)", count(i.Initializers, "variable")))
	}
	if k := len(i.Returned); k > 0 {
		detail("elements: " + strings.Join(renames(i.Returned, k, k), ", "))
	}
	n.warnings = i.warnings()
	return n
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
	verb := "imported"
	if i.DryRun {
		verb = "would import"
	}
	fact := fmt.Sprintf("%s %s", verb, count(i.Nodes, "node"))
	if i.Scope != "" {
		fact += " under " + Text(i.Scope) + "/"
	}
	if i.Scope != i.AskedScope {
		fact += " (names under " + Text(i.AskedScope) + "/ are taken)"
	}
	if i.BaseNodes > 0 {
		fact += " into a graph of " + count(i.BaseNodes, "node")
	}
	return fact
}

// warnings returns the warnings about results that a user may not expect.
func (i Import) warnings() []string {
	var out []string
	if i.Unsaved > 0 {
		unsaved := fmt.Sprintf("the output keeps BASE's saver, which does not restore the %s", count(i.Unsaved, "imported variable"))
		switch {
		case i.Saver == "both" || i.BaseNodes == 0:
			unsaved = fmt.Sprintf("the checkpoint has no value for %s of a graph without a saver", count(i.Unsaved, "variable"))
		case i.Saver == "imported":
			unsaved = fmt.Sprintf("the output has IN's saver, which does not restore %s of BASE", count(i.Unsaved, "variable"))
		}
		out = append(out, unsaved)
	}
	if i.SharedState > 0 {
		out = append(out, fmt.Sprintf("%s %s state with BASE (same shared_name): %s", count(i.SharedState, "imported node"),
			agree(i.SharedState, "shares", "share"), strings.Join(sharedNames(i.SharedNames), ", ")))
	}
	if len(i.OldNames) > 0 {
		out = append(out, oldNames(i.OldNames))
	}
	if i.ObjectsLost {
		out = append(out, "IN's object graph was left out, since BASE has one")
	}
	return out
}

// sharedNames returns the first names of variables, tables and queues that both graphs have.
func sharedNames(names []rewrite.SharedName) []string {
	texts := make([]string, len(names))
	for k, s := range names {
		texts[k] = s.Kind + " " + Text(s.Name)
	}
	return atMost(texts, 3)
}

// oldNames returns the warning about collections that still contain old node names.
func oldNames(collections []string) string {
	return "old node names remain in " + strings.Join(atMost(texts(collections), 4), ", ")
}

// renames returns the first n renames, and the number of the others.
func renames(list []rewrite.Rename, n, all int) []string {
	out := make([]string, 0, n+1)
	for _, r := range list[:min(n, len(list))] {
		out = append(out, Text(r.From)+" -> "+Text(r.To))
	}
	if all > len(out) {
		out = append(out, fmt.Sprintf("and %s more", numberText(int64(all-len(out)))))
	}
	return out
}
