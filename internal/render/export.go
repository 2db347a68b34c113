package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// An Export is the report of export.
type Export struct {
	*rewrite.ExportReport
	Checkpoint string `json:"checkpoint"` // prefix of the checkpoint whose values the copy has; empty for none
	DryRun     bool   `json:"dry_run"`    // nothing was written
	DebugInfo  string `json:"debug_info"` // file of the debug info; empty if none was written
	NoDebug    bool   `json:"-"`          // debug info was requested but does not exist
}

// Notice returns the report for people: what was exported, and what was left out.
func (e Export) Notice() Notice {
	part := numberText(e.Nodes) + " of " + Count(e.OfNodes, "node")
	if e.Scope != "" {
		part = fmt.Sprintf("scope %s/ (%s)", Text(e.Scope), part)
	}
	if e.Added > 0 {
		part += fmt.Sprintf(", and %s %s", did(e.DryRun, "added", "add"), numberText(e.Added))
	}
	n := Notice{fact: did(e.DryRun, "exported", "export") + " " + part}
	if e.UnboundListed {
		n.details.count("%s", len(e.UnboundInputs), "unbound input")
	} else {
		n.details.count("%s, not listed in a collection", len(e.UnboundInputs), "unbound input")
	}
	e.converted(&n.details)
	if e.Checkpoint != "" {
		n.details.add("checkpoint: %s", Text(e.Checkpoint))
	}
	n.details.count(did(e.DryRun, "cleared", "clear")+" the device of %s", e.Cleared, "node")
	n.details.count(did(e.DryRun, "dropped", "drop")+" %s with default values", e.Attrs, "attr")
	n.details.countList(did(e.DryRun, "dropped", "drop")+" %s (%s)", e.Savers, 4, "saver")
	n.details.list("collections: %s", e.Collections, 12)
	if out := e.leftOut(); len(out) > 0 {
		n.details.add("left out: %s", strings.Join(out, ", "))
	}
	n.details.count("%s "+did(e.DryRun, "got", "get")+" a substitute initializer (the original is outside the scope)", e.Substitutes, "variable")
	if e.DebugInfo != "" {
		n.details.add("debug info: %s", Text(e.DebugInfo))
	}
	e.convertWarnings(&n.warnings)
	e.copyWarnings(&n.warnings)
	return n
}

// copyWarnings adds the warnings about the copy.
func (e Export) copyWarnings(out *remarks) {
	out.countList("no definition for %s (%s): their default attrs were kept", e.Undefined, 4, "op")
	if e.ScopeNode {
		out.add("the node %s is not part of the scope %s/ and stays outside", Text(e.Scope), Text(e.Scope))
	}
	out.count("%s "+agree(e.DanglingEntries, "refers", "refer")+" to nodes outside the scope", e.DanglingEntries, "collection entry")
	out.list("no collection named %s", e.Missing, 4)
	out.list(oldNames, e.OldNames, 4)
	if e.NoDebug {
		out.add("no debug info found next to the input")
	}
}

// leftOut returns the parts that the copy does not have.
func (e Export) leftOut() remarks {
	var out remarks
	out.countList("%s (%s)", e.Dropped, 4, "collection")
	out.count("%s", e.Entries, "collection entry")
	if e.Saver == "dropped" {
		out.add("the saver")
	}
	out.count("%s", len(e.Signatures), "signature")
	out.count("%s", e.Assets, "asset")
	if e.Objects {
		out.add("the object graph")
	}
	return out
}
