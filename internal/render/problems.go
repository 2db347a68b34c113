package render

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/opdef"
)

// Problems returns the section problems. Each problem has a row for each of its first places; the first row holds its count. A row with the
// remedy follows the last problem that it applies to. In TSV, each row ends with the remedy instead.
func Problems(found []problems.Problem) View {
	g := grid{columns: []column{{name: "severity", fixed: true, group: true}, {name: "id", fixed: true, group: true},
		{name: "count", fixed: true, right: true, group: true}, {name: "place", below: true}, {name: "what", fixed: true, below: true}}}
	lines := grid{columns: append(slices.Clone(g.columns), column{name: "hint"})}
	counts := make(map[problems.Severity]int)
	for i, p := range found {
		g.starts = append(g.starts, len(g.rows))
		counts[p.Severity]++
		row := func(place, what string) []string {
			cells := []string{string(p.Severity), p.ID, strconv.Itoa(p.Count), place, what}
			g.rows = append(g.rows, cells)
			return cells
		}
		places := p.Places()
		for _, at := range places {
			lines.rows = append(lines.rows, append(row(at.Place, at.Message), p.Hint))
		}
		if more := p.Count - len(places); more > 0 && places[0].Place != "" {
			row(fmt.Sprintf("(%d more)", more), "")
		}
		if i == len(found)-1 || found[i+1].ID != p.ID || found[i+1].Hint != p.Hint {
			row(hintRow, p.Hint)
		}
	}
	switch {
	case len(found) == 0:
		g.note = "no problems found: TensorFlow " + opdef.ReferenceVersion + " can import this file"
	case counts[problems.SeverityError] == 0:
		g.note = "TensorFlow " + opdef.ReferenceVersion + " can import this file"
	default:
		g.note = fmt.Sprintf("TensorFlow %s cannot import this file: %s", opdef.ReferenceVersion, Count(counts[problems.SeverityError], "error"))
	}
	ids := each(found, func(p *problems.Problem) string { return p.ID })
	return View{Tables: []grid{g}, lines: &lines, Values: ids, fields: []member{{"problems", found}}}
}

// hintRow is the place column of a row with a remedy.
const hintRow = "hint:"
