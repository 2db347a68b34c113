package render

import (
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Assets returns the section assets.
func Assets(assets []inspect.Asset) View {
	g := grid{title: "assets", columns: namedColumns("file", "tensor", "listed in")}
	var files []string
	outside := 0
	for _, a := range assets {
		files = append(files, a.Filename)
		file := a.Filename
		if a.Path != "" {
			file = a.Path + " (not included)"
			outside++
		}
		g.rows = append(g.rows, []string{file, a.Tensor, strings.Join(a.Sources, ", ")})
	}
	if outside > 0 {
		g.note = count(outside, "path") + " outside of the SavedModel"
	}
	if len(assets) == 0 {
		g.note = "no assets"
	}
	return View{section: "assets", Tables: []grid{g}, Values: rawLines(files), fields: []member{{"assets", assets}}}
}
