package render

import (
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Assets returns the section assets.
func Assets(assets []inspect.Asset) View {
	g := Grid{Title: "assets", Columns: Columns("file", "tensor", "listed in")}
	var files []string
	outside := 0
	for _, a := range assets {
		files = append(files, a.Filename)
		file := a.Filename
		if a.Path != "" {
			file = a.Path + " (not included)"
			outside++
		}
		g.Rows = append(g.Rows, []string{file, a.Tensor, strings.Join(a.Sources, ", ")})
	}
	if outside > 0 {
		g.Note = count(outside, "path") + " outside of the SavedModel"
	}
	if len(assets) == 0 {
		g.Note = "no assets"
	}
	return View{Section: "assets", Tables: []Grid{g}, Values: Lines(files), Fields: []Member{{"assets", assets}}}
}
