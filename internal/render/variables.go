package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/variables"
)

// VariableList returns the section variables, with a row for each variable. A partitioned variable is followed by its parts. The raw
// values are the names of the variables.
func VariableList(l *variables.List) View {
	columns := Columns("variable", "kind", "dtype", "shape", "parameters", "bytes", "trainable", "slice", "checkpoint key", "initializer", "from")
	columns[4], columns[5] = Number("parameters"), Number("bytes")
	columns[2].Fixed, columns[3].Fixed, columns[10].Prose = true, true, true
	columns[7].IfAny, columns[8].IfAny = true, true
	for _, i := range []int{1, 4, 5, 6, 7, 8, 9, 10} {
		columns[i].Spare = true
	}
	columns[1].Last, columns[5].Last, columns[1].Fixed = true, true, true
	g := Grid{Title: "variables", Columns: columns}
	var values []string
	for i := range l.Variables {
		v := &l.Variables[i]
		values = append(values, v.Name)
		g.Rows = append(g.Rows, []string{v.Name, string(v.Kind), v.DType, v.Shape.String(), quantityText(v.Parameters), quantityText(v.Bytes),
			yesNo(v.Trainable), sliceText(v), v.Key, v.Initializer, strings.Join(v.Sources, ", ")})
		for _, p := range v.Parts {
			g.Rows = append(g.Rows, []string{p.Name, "part", v.DType, p.Shape.String(), quantityText(p.Parameters), "", "", p.Slice, p.Key})
		}
	}
	switch {
	case len(l.Variables) == 0:
		g.Note = "no variables"
	case l.Trainable.Variables == 0:
		g.Note = totalsLine(l.Total)
	default:
		g.Note = totalsLine(l.Total) + "; trainable: " + totalsLine(l.Trainable)
	}
	return View{
		Section: "variables", Tables: []Grid{g}, Values: Lines(values),
		Fields: []Member{{"variables", l.Variables}, {"variable_totals", jsonTotals{l.Total, l.Trainable}}},
	}
}

// jsonTotals is the JSON form of the totals of all variables.
type jsonTotals struct {
	All       variables.Totals `json:"all"`
	Trainable variables.Totals `json:"trainable"`
}

// sliceText returns which part of another variable v is, or the number of its own parts.
func sliceText(v *variables.Variable) string {
	switch {
	case v.Incomplete:
		return fmt.Sprintf("%s, not all of it", count(len(v.Parts), "part"))
	case len(v.Parts) > 0:
		return count(len(v.Parts), "part")
	}
	return v.Slice
}

// quantityText returns a number as text, or "?" if it is unknown.
func quantityText(q variables.Quantity) string {
	if q < 0 {
		return "?"
	}
	return strconv.FormatInt(int64(q), 10)
}

// totalsLine returns the totals of variables in one line.
func totalsLine(t variables.Totals) string {
	return count(t.Variables, "variable") + ", " + totalsText(t)
}
