package render

import (
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// TagSets returns the section tag-sets, with a row for each MetaGraphDef of a SavedModel. The raw values are the comma-separated tags.
func TagSets(sets []inspect.TagSet) View {
	g := Grid{Title: "tag-sets", Columns: []Column{{Name: "tags", Key: true}, Number("nodes"), {Name: "signatures", Prose: true}}}
	var values []string
	for _, s := range sets {
		tags := strings.Join(s.Tags, ",")
		values = append(values, tags)
		if tags == "" {
			tags = "(no tags)"
		}
		g.Rows = append(g.Rows, []string{tags, strconv.Itoa(s.Nodes), strings.Join(s.Signatures, ", ")})
	}
	if len(sets) == 0 {
		g.Note = "not a SavedModel"
	}
	return View{Section: "tag-sets", Tables: []Grid{g}, Values: Lines(values), Fields: []Member{{"tag_sets", sets}}}
}
