package render

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Ops is the section ops.
func Ops(ops []inspect.Op) View {
	g := Grid{
		Title:   "ops",
		Columns: []Column{{Name: "op"}, Number("nodes"), Number("in functions"), {Name: "defined", Prose: true}},
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

// opOrigin says where an op is defined.
func opOrigin(op inspect.Op) string {
	switch {
	case op.Function:
		return "function of this file"
	case op.InOpList:
		return "in the file's op list"
	}
	return "not in the file's op list"
}
