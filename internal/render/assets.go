package render

import (
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Assets is the section assets.
func Assets(assets []inspect.Asset) View {
	g := Grid{Title: "assets", Columns: Columns("file", "tensor", "listed in")}
	var files []string
	for _, a := range assets {
		files = append(files, a.Filename)
		g.Rows = append(g.Rows, []string{a.Filename, a.Tensor, strings.Join(a.Sources, ", ")})
	}
	if len(assets) == 0 {
		g.Note = "no assets"
	}
	return View{Section: "assets", Tables: []Grid{g}, Values: Lines(files), Fields: []Member{{"assets", assets}}}
}
