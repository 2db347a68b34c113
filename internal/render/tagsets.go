package render

import (
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// TagSets returns the section tag-sets, with a row for each MetaGraphDef of a SavedModel. The raw values are the comma-separated tags.
func TagSets(sets []inspect.TagSet) View {
	g := grid{title: "tag-sets", columns: []column{{name: "tags", key: true}, numberColumn("nodes"), {name: "signatures", prose: true}}}
	var values []string
	for _, s := range sets {
		tags := strings.Join(s.Tags, ",")
		values = append(values, tags)
		if tags == "" {
			tags = "(no tags)"
		}
		g.rows = append(g.rows, []string{tags, strconv.Itoa(s.Nodes), strings.Join(s.Signatures, ", ")})
	}
	if len(sets) == 0 {
		g.note = "not a SavedModel"
	}
	return View{section: "tag-sets", Tables: []grid{g}, Values: rawLines(values), fields: []member{{"tag_sets", sets}}}
}
