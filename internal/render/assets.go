package render

import (
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Assets returns the section assets.
func Assets(assets []inspect.Asset) View {
	g := grid{columns: namedColumns("file", "tensor", "listed in"), empty: "no assets"}
	outside := 0
	for _, a := range assets {
		file := a.Filename
		if a.Path != "" {
			file = a.Path + " (not included)"
			outside++
		}
		g.rows = append(g.rows, []string{file, a.Tensor, strings.Join(a.Sources, ", ")})
	}
	if outside > 0 {
		g.note = Count(outside, "path") + " outside of the SavedModel"
	}
	files := each(assets, func(a *inspect.Asset) string { return a.Filename })
	return View{Tables: []grid{g}, Values: files, fields: []member{{"assets", assets}}}
}
