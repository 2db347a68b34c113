package render

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Ops returns the section ops.
func Ops(ops []inspect.Op) View {
	return View{
		Tables: []grid{{
			columns: []column{{name: "op"}, numberColumn("nodes"), numberColumn("in functions"), {name: "in op list"}},
			rows: formsOf(ops, func(op *inspect.Op) []string {
				return []string{op.Op, strconv.Itoa(op.Nodes), strconv.Itoa(op.FunctionNodes), opOrigin(op)}
			}),
			empty: "no ops",
		}},
		Values: each(ops, func(op *inspect.Op) string { return op.Op }),
		fields: []member{{"ops", ops}},
	}
}

// opOrigin returns whether the op list of the file defines an op. Functions need no definition there.
func opOrigin(op *inspect.Op) string {
	if op.Function {
		return "function"
	}
	return yesNo(op.InOpList)
}
