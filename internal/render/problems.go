package render

import (
	"fmt"
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/opdef"
)

// Problems returns the section problems. Each problem has a row for each of its first places; the first row holds its count. A row with the
// remedy follows the last problem that it applies to.
func Problems(found []problems.Problem) View {
	g := Grid{Title: "problems", Columns: []Column{{Name: "severity", Fixed: true, Group: true}, {Name: "id", Fixed: true, Group: true},
		{Name: "count", Fixed: true, Right: true, Group: true}, {Name: "place", Below: true}, {Name: "what", Fixed: true, Below: true}}}
	var ids []string
	counts := make(map[problems.Severity]int)
	for i, p := range found {
		g.Starts = append(g.Starts, len(g.Rows))
		ids = append(ids, p.ID)
		counts[p.Severity]++
		row := func(place, what string) {
			g.Rows = append(g.Rows, []string{string(p.Severity), p.ID, strconv.Itoa(p.Count), place, what})
		}
		places := p.Examples
		if len(places) == 0 {
			places = []problems.Place{{Place: p.Place, Message: p.Message}}
		}
		for _, at := range places {
			row(at.Place, at.Message)
		}
		if more := p.Count - len(places); more > 0 && len(places) > 1 {
			row(fmt.Sprintf("(%d more)", more), "")
		}
		if i == len(found)-1 || found[i+1].ID != p.ID || found[i+1].Hint != p.Hint {
			row(hintRow, p.Hint)
		}
	}
	switch {
	case len(found) == 0:
		g.Note = "no problems found: TensorFlow " + opdef.ReferenceVersion + " can import this file"
	case counts[problems.SeverityError] == 0:
		g.Note = "TensorFlow " + opdef.ReferenceVersion + " can import this file"
	default:
		g.Note = fmt.Sprintf("TensorFlow %s cannot import this file: %s", opdef.ReferenceVersion, count(counts[problems.SeverityError], "error"))
	}
	return View{Section: "problems", Tables: []Grid{g}, Values: Lines(ids), Fields: []Member{{"problems", found}}}
}

// hintRow is the place column of a row with a remedy.
const hintRow = "(what to do)"
