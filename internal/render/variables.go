package render

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/variables"
)

// VariableList returns the section variables, with a row for each variable. A partitioned variable is followed by its parts. The raw
// values are the names of the variables.
func VariableList(l *variables.List) View {
	g := grid{note: totalsLine(l.Total), empty: "no variables", columns: []column{{name: "variable"}, {name: "kind", fixed: true, spare: true, last: true},
		{name: "dtype", fixed: true}, {name: "shape", fixed: true}, spareColumn("parameters"), {name: "bytes", right: true, fixed: true, comma: true, spare: true, last: true},
		{name: "trainable", spare: true}, {name: "slice", spare: true, ifAny: true}, {name: "checkpoint key", spare: true, ifAny: true}, {name: "initializer", spare: true},
		{name: "from", prose: true, spare: true}}}
	if l.Trainable.Variables > 0 {
		g.note += "; trainable: " + totalsLine(l.Trainable)
	}
	g.fill(maxRows, variableRows(l.Variables))
	return View{
		Tables: []grid{g},
		Values: eachOf(l.Variables, func(v *variables.Variable) string { return v.Name }),
		fields: []member{{"variables", eachOf(l.Variables, func(v *variables.Variable) any { return v })}, {"variable_totals", jsonTotals{l.Total, l.Trainable}}},
	}
}

// variableRows returns a row for each variable, followed by those of its parts.
func variableRows(list iter.Seq[*variables.Variable]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for v := range list {
			if !yield([]string{v.Name, string(v.Kind), v.DType, v.Shape.String(), quantityText(v.Parameters), quantityText(v.Bytes),
				yesNo(v.Trainable), sliceText(v), v.Key, v.Initializer, strings.Join(v.Sources, ", ")}, nil) {
				return
			}
			for _, p := range v.Parts {
				if !yield([]string{p.Name, "part", v.DType, p.Shape.String(), quantityText(p.Parameters), "", "", p.Slice, p.Key}, nil) {
					return
				}
			}
		}
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
		return fmt.Sprintf("%s, incomplete", Count(len(v.Parts), "part"))
	case len(v.Parts) > 0:
		return Count(len(v.Parts), "part")
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
	return Count(t.Variables, "variable") + ", " + totalsText(t)
}
