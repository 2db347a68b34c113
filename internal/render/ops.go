package render

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Ops returns the section ops.
func Ops(ops []inspect.Op) View {
	g := grid{
		title:   "ops",
		columns: []column{{name: "op"}, numberColumn("nodes"), numberColumn("in functions"), {name: "in op list"}},
	}
	var names []string
	for _, op := range ops {
		names = append(names, op.Op)
		g.rows = append(g.rows, []string{op.Op, strconv.Itoa(op.Nodes), strconv.Itoa(op.FunctionNodes), opOrigin(op)})
	}
	if len(ops) == 0 {
		g.note = "no ops"
	}
	return View{section: "ops", Tables: []grid{g}, Values: rawLines(names), fields: []member{{"ops", ops}}}
}

// opOrigin returns whether the op list of the file defines an op. Functions need no definition there.
func opOrigin(op inspect.Op) string {
	if op.Function {
		return "function"
	}
	return yesNo(op.InOpList)
}
