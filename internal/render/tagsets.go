package render

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// TagSets returns the section tag-sets, with a row for each MetaGraphDef of a SavedModel. The raw values are the comma-separated tags.
func TagSets(sets []inspect.TagSet) View {
	return View{
		Tables: []grid{{
			columns: []column{{name: "tags", key: true}, numberColumn("nodes"), {name: "signatures", prose: true}},
			rows: formsOf(sets, func(s *inspect.TagSet) []string {
				return []string{cmp.Or(strings.Join(s.Tags, ","), "(no tags)"), strconv.Itoa(s.Nodes), strings.Join(s.Signatures, ", ")}
			}),
			empty: "not a SavedModel",
		}},
		Values: each(sets, func(s *inspect.TagSet) string { return strings.Join(s.Tags, ",") }),
		fields: []member{{"tag_sets", sets}},
	}
}
