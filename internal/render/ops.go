package render

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Ops returns the section ops.
func Ops(ops []inspect.Op) View {
	g := Grid{
		Title:   "ops",
		Columns: []Column{{Name: "op"}, Number("nodes"), Number("in functions"), {Name: "in op list"}},
	}
	var names []string
	for _, op := range ops {
		names = append(names, op.Op)
		g.Rows = append(g.Rows, []string{op.Op, strconv.Itoa(op.Nodes), strconv.Itoa(op.FunctionNodes), opOrigin(op)})
	}
	if len(ops) == 0 {
		g.Note = "no ops"
	}
	return View{Section: "ops", Tables: []Grid{g}, Values: Lines(names), Fields: []Member{{"ops", ops}}}
}

// opOrigin returns whether the op list of the file defines an op. Functions need no definition there.
func opOrigin(op inspect.Op) string {
	if op.Function {
		return "function"
	}
	return yesNo(op.InOpList)
}
