package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// An Export is the report of export.
type Export struct {
	*rewrite.ExportReport
	DryRun    bool   `json:"dry_run"`    // nothing was written
	DebugInfo string `json:"debug_info"` // file of the debug info; empty if none was written
	NoDebug   bool   `json:"-"`          // debug info was requested but does not exist
}

// Notice returns the report for people: what was exported, and what was left out.
func (e Export) Notice() Notice {
	verb := "exported"
	if e.DryRun {
		verb = "would export"
	}
	part := numberText(int64(e.Nodes)) + " of " + count(e.OfNodes, "node")
	if e.Scope != "" {
		part = fmt.Sprintf("scope %s/ (%s)", Text(e.Scope), part)
	}
	n := Notice{fact: verb + " " + part}
	if k := len(e.UnboundInputs); k > 0 {
		unbound := count(k, "unbound input")
		if !e.UnboundListed {
			unbound += ", not listed in a collection"
		}
		n.details = append(n.details, unbound)
	}
	n.details = append(n.details, e.converted()...)
	if e.Cleared > 0 {
		n.details = append(n.details, "cleared the device of "+count(e.Cleared, "node"))
	}
	if e.Attrs > 0 {
		n.details = append(n.details, "dropped "+count(e.Attrs, "attr")+" with default values")
	}
	if len(e.Savers) > 0 {
		n.details = append(n.details, "dropped "+count(len(e.Savers), "saver")+" ("+strings.Join(atMost(texts(e.Savers), 4), ", ")+")")
	}
	if len(e.Collections) > 0 {
		n.details = append(n.details, "collections: "+strings.Join(atMost(texts(e.Collections), 12), ", "))
	}
	if out := e.leftOut(); len(out) > 0 {
		n.details = append(n.details, "left out: "+strings.Join(out, ", "))
	}
	if e.Substitutes > 0 {
		n.details = append(n.details, fmt.Sprintf("%s got a substitute initializer (the original is outside the scope)", count(e.Substitutes, "variable")))
	}
	if e.DebugInfo != "" {
		n.details = append(n.details, "debug info: "+Text(e.DebugInfo))
	}
	n.warnings = append(e.convertWarnings(), e.warnings()...)
	return n
}

// warnings returns the warnings about the copy.
func (e Export) warnings() []string {
	var out []string
	if len(e.Undefined) > 0 {
		out = append(out, "no definition for "+count(len(e.Undefined), "op")+" ("+strings.Join(atMost(texts(e.Undefined), 4), ", ")+"): their default attrs were kept")
	}
	if e.ScopeNode {
		out = append(out, fmt.Sprintf("the node %s is not part of the scope %s/ and stays outside", Text(e.Scope), Text(e.Scope)))
	}
	if e.DanglingEntries > 0 {
		out = append(out, fmt.Sprintf("%s %s to nodes outside the scope", count(e.DanglingEntries, "collection entry"), agree(e.DanglingEntries, "refers", "refer")))
	}
	if len(e.Missing) > 0 {
		out = append(out, "no collection named "+strings.Join(atMost(texts(e.Missing), 4), ", "))
	}
	if len(e.OldNames) > 0 {
		out = append(out, oldNames(e.OldNames))
	}
	if e.NoDebug {
		out = append(out, "no debug info found next to the input")
	}
	return out
}

// leftOut returns the parts that the copy does not have.
func (e Export) leftOut() []string {
	var out []string
	if n := len(e.Dropped); n > 0 {
		out = append(out, count(n, "collection")+" ("+strings.Join(atMost(texts(e.Dropped), 4), ", ")+")")
	}
	if e.Entries > 0 {
		out = append(out, count(e.Entries, "collection entry"))
	}
	if e.Saver == "dropped" {
		out = append(out, "the saver")
	}
	if n := len(e.Signatures); n > 0 {
		out = append(out, count(n, "signature"))
	}
	if e.Assets > 0 {
		out = append(out, count(e.Assets, "asset"))
	}
	if e.Objects {
		out = append(out, "the object graph")
	}
	return out
}
