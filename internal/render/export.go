package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// Export is the report of export.
type Export struct {
	*rewrite.ExportReport
	DryRun    bool   `json:"dry_run"`    // nothing was written
	DebugInfo string `json:"debug_info"` // the file that the debug info went to, empty where none did
	NoDebug   bool   `json:"-"`          // it was asked for and is not there
}

// Line says what was exported and what was left behind.
func (e Export) Line() string {
	verb := "exported"
	if e.DryRun {
		verb = "would export"
	}
	parts := []string{fmt.Sprintf("%s %d of %s", verb, e.Nodes, count(e.OfNodes, "node"))}
	if e.Scope != "" {
		parts[0] += " under " + Text(e.Scope) + "/"
	}
	if n := len(e.UnboundInputs); n > 0 {
		unbound := count(n, "unbound input")
		if !e.UnboundListed {
			unbound += " that no collection lists"
		}
		parts = append(parts, unbound)
	}
	if e.Cleared > 0 {
		parts = append(parts, "cleared the device of "+count(e.Cleared, "node"))
	}
	if e.Attrs > 0 {
		parts = append(parts, "dropped "+count(e.Attrs, "attr")+" with default values")
	}
	if len(e.Undefined) > 0 {
		parts = append(parts, "no definition for "+count(len(e.Undefined), "op")+" ("+strings.Join(atMost(texts(e.Undefined), 4), ", ")+")")
	}
	if len(e.Savers) > 0 {
		parts = append(parts, "dropped "+count(len(e.Savers), "saver")+" ("+strings.Join(atMost(texts(e.Savers), 4), ", ")+")")
	}
	sections := []string{strings.Join(parts, ", ")}
	if len(e.Collections) > 0 {
		sections = append(sections, "collections: "+strings.Join(atMost(texts(e.Collections), 12), ", "))
	}
	if gone := e.gone(); len(gone) > 0 {
		sections = append(sections, "left out: "+strings.Join(gone, ", "))
	}
	if e.Torn > 0 {
		sections = append(sections, count(e.Torn, "entry")+" of collections still naming nodes outside")
	}
	if len(e.Stale) > 0 {
		sections = append(sections, stale(e.Stale))
	}
	if e.Substitutes > 0 {
		sections = append(sections, count(e.Substitutes, "variable")+" with an initializer in the scope, theirs lying outside")
	}
	if len(e.Missing) > 0 {
		missing := "not there: " + strings.Join(atMost(texts(e.Missing), 4), ", ")
		if len(e.MissingNearest) > 0 {
			missing += " (did you mean " + strings.Join(texts(e.MissingNearest), ", ") + "?)"
		}
		sections = append(sections, missing)
	}
	switch {
	case e.NoDebug:
		sections = append(sections, "no debug info lies beside the input")
	case e.DebugInfo != "":
		sections = append(sections, "debug info: "+Text(e.DebugInfo))
	}
	return strings.Join(sections, "; ")
}

// gone lists what is not in the copy.
func (e Export) gone() []string {
	var gone []string
	if n := len(e.Dropped); n > 0 {
		gone = append(gone, count(n, "collection")+" ("+strings.Join(atMost(texts(e.Dropped), 4), ", ")+")")
	}
	if e.Entries > 0 {
		gone = append(gone, count(e.Entries, "entry")+" of collections")
	}
	if e.Saver == "dropped" {
		gone = append(gone, "the saver")
	}
	if n := len(e.Signatures); n > 0 {
		gone = append(gone, count(n, "signature"))
	}
	if e.Assets > 0 {
		gone = append(gone, count(e.Assets, "asset"))
	}
	if e.Objects {
		gone = append(gone, "the object graph")
	}
	return gone
}
