package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/dataflow"
)

// IO returns the section io, with a table for each role. The tables for inputs and outputs are present even if they are empty. The raw
// values are the data inputs and the predictions.
func IO(io *dataflow.IO) View {
	v := View{fields: []member{{"inputs", io.Inputs}, {"outputs", io.Outputs}}}
	if len(io.Methods) > 0 {
		v.fields = append(v.fields, member{"methods", io.Methods})
		v.Tables = append(v.Tables, methodGrid(io.Methods))
	}
	var raw [][]string
	for _, table := range []struct {
		title   string
		tensors []dataflow.Tensor
		role    dataflow.Role
		empty   string // what to say if there are none; "" omits the table, and the raw values
	}{
		{"inputs", io.Inputs, dataflow.RoleData, "no inputs: this graph has nothing to feed"},
		{"auxiliary", io.Inputs, dataflow.RoleAuxiliary, ""},
		{"labels", io.Inputs, dataflow.RoleLabel, ""},
		{"unused", io.Inputs, dataflow.RoleUnused, ""},
		{"outputs", io.Outputs, dataflow.RolePrediction, "no inference outputs found"},
		{"losses", io.Outputs, dataflow.RoleLoss, ""},
		{"metrics", io.Outputs, dataflow.RoleMetric, ""},
	} {
		g := ioGrid(table.title, table.tensors, table.role)
		if g.empty = table.empty; g.empty != "" {
			raw = append(raw, g.rows...)
		}
		if len(g.rows) > 0 || g.empty != "" && len(io.Methods) == 0 {
			v.Tables = append(v.Tables, g)
		}
	}
	v.Values = each(raw, func(row *[]string) string { return (*row)[0] })
	return v
}

// ioGrid returns the table of the tensors with one role.
func ioGrid(title string, tensors []dataflow.Tensor, role dataflow.Role) grid {
	g := grid{title: title, columns: []column{{name: "tensor", key: true}, {name: "dtype", fixed: true}, {name: "shape", fixed: true}, {name: "why", prose: true, below: true}}}
	for _, t := range tensors {
		if t.Role == role {
			g.rows = append(g.rows, []string{t.Tensor, t.DType, t.Shape.String(), ioWhy(t)})
		}
	}
	return g
}

// methodGrid returns the table of the methods of the objects in a SavedModel.
func methodGrid(methods []dataflow.Method) grid {
	g := grid{title: "methods", columns: []column{{name: "method", group: true, key: true}, {name: "part", group: true, fixed: true}, {name: "key"}, {name: "dtype"}, {name: "shape"}}}
	for _, m := range methods {
		before := len(g.rows)
		for _, part := range []struct {
			name      string
			arguments []dataflow.Argument
		}{{"input", m.Inputs}, {"output", m.Outputs}} {
			for _, a := range part.arguments {
				g.rows = append(g.rows, []string{m.Method, part.name, a.Key, a.DType, a.Shape.String()})
			}
		}
		if len(g.rows) == before {
			g.rows = append(g.rows, []string{m.Method, "", "", "", ""})
		}
	}
	return g
}

// listedCopies is the largest number of copies of a tensor that are named.
const listedCopies = 3

// ioWhy returns how a tensor was identified, and the copies that it stands for.
func ioWhy(t dataflow.Tensor) string {
	if len(t.Copies) == 0 {
		return t.Why
	}
	like := fmt.Sprintf("%s: %s", Count(len(t.Copies), "similar tensor"), strings.Join(atMost(t.Copies, listedCopies), ", "))
	if t.Why == "" {
		return like
	}
	return t.Why + "; " + like
}
