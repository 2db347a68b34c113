package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// Import is the report of import.
type Import struct {
	*rewrite.ImportReport
	DryRun bool `json:"dry_run"` // nothing was written
}

// Line says what was imported, and what got another name than it was meant to have.
func (i Import) Line() string {
	verb := "imported"
	if i.DryRun {
		verb = "would import"
	}
	head := fmt.Sprintf("%s %s", verb, count(i.Nodes, "node"))
	if i.Scope != "" {
		head += " under " + Text(i.Scope) + "/"
	}
	if i.Scope != i.AskedScope {
		head += " (names under " + Text(i.AskedScope) + "/ are taken)"
	}
	if i.BaseNodes > 0 {
		head += " beside " + fmt.Sprint(i.BaseNodes)
	}
	parts := []string{head}
	if i.Cleared > 0 {
		parts = append(parts, "cleared the device of "+count(i.Cleared, "node"))
	}
	if i.Renamed > 0 {
		parts = append(parts, count(i.Renamed, "node")+" renamed ("+strings.Join(renames(i.Renames, 3, i.Renamed), ", ")+")")
	}
	if n := len(i.Frames); n > 0 {
		parts = append(parts, count(n, "loop")+" with a new frame ("+strings.Join(renames(i.Frames, 3, n), ", ")+")")
	}
	if i.InputsMapped > 0 {
		parts = append(parts, count(i.InputsMapped, "input")+" mapped")
	}
	if i.Functions > 0 {
		parts = append(parts, count(i.Functions, "function")+" added")
	}
	sections := []string{strings.Join(parts, ", ")}
	if len(i.Collections) > 0 {
		sections = append(sections, "collections: "+strings.Join(atMost(texts(i.Collections), 12), ", "))
	}
	if n := len(i.Skipped); n > 0 {
		sections = append(sections, "left out: "+count(n, "collection"))
	}
	if n := len(i.Signatures); n > 0 {
		sections = append(sections, count(n, "signature")+" renamed ("+strings.Join(renames(i.Signatures, 3, n), ", ")+")")
	}
	if i.Initializers > 0 {
		sections = append(sections, count(i.Initializers, "variable")+" with another initializer, theirs not having come along")
	}
	if i.Unsaved > 0 {
		unsaved := "the saver stays the base's and does not restore " + count(i.Unsaved, "imported variable")
		if i.Saver == "imported" {
			unsaved = "the saver is the imported one and does not restore " + count(i.Unsaved, "variable") + " of the base"
		}
		sections = append(sections, unsaved)
	}
	if i.SharedState > 0 {
		sections = append(sections, count(i.SharedState, "imported variable")+" sharing a shared_name, and so the value, with one of the base")
	}
	if len(i.Stale) > 0 {
		sections = append(sections, stale(i.Stale))
	}
	if i.ObjectsLost {
		sections = append(sections, "the imported object graph is left out, there being one")
	}
	if n := len(i.Returned); n > 0 {
		sections = append(sections, "elements: "+strings.Join(renames(i.Returned, n, n), ", "))
	}
	return strings.Join(sections, "; ")
}

// stale says in which collections nodes have the names that they had before.
func stale(collections []string) string {
	return "old names of nodes stay in " + strings.Join(atMost(texts(collections), 4), ", ")
}

// renames lists at most n of all renames.
func renames(list []rewrite.Rename, n, all int) []string {
	out := make([]string, 0, n+1)
	for _, r := range list[:min(n, len(list))] {
		out = append(out, Text(r.From)+" -> "+Text(r.To))
	}
	if all > len(out) {
		out = append(out, fmt.Sprintf("and %d more", all-len(out)))
	}
	return out
}
