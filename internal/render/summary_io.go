package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/dataflow"
)

// inputTexts returns lines of at most width columns with the data inputs, and a line for each other role.
func inputTexts(inputs []dataflow.Tensor, width int) []string {
	return ioTexts(inputs, width, dataflow.RoleData, summaryInputs, []ioGroup{
		{dataflow.RoleAuxiliary, "auxiliary"}, {dataflow.RoleLabel, "labels"}, {dataflow.RoleUnused, "unused"},
	})
}

// outputTexts returns lines of at most width columns with the predictions, and a line each for losses and metrics.
func outputTexts(outputs []dataflow.Tensor, width int) []string {
	return ioTexts(outputs, width, dataflow.RolePrediction, summaryOutputs, []ioGroup{{dataflow.RoleLoss, "losses"}, {dataflow.RoleMetric, "metrics"}})
}

// methodTexts returns a line for each method of the objects in a SavedModel.
func methodTexts(methods []dataflow.Method) []string {
	var lines []string
	for i, m := range methods {
		if i == summaryInputs {
			return append(lines, fmt.Sprintf("and %d more, see io", len(methods)-i))
		}
		lines = append(lines, Text(m.Method)+": "+argumentTexts(m.Inputs)+" -> "+argumentTexts(m.Outputs))
	}
	return lines
}

// argumentTexts returns the arguments or results of a method in one line.
func argumentTexts(arguments []dataflow.Argument) string {
	if len(arguments) == 0 {
		return "nothing"
	}
	return strings.Join(formsOf(arguments, func(a *dataflow.Argument) string { return tensorText(a.Key, a.DType, a.Shape) }), ", ")
}

// An ioGroup names a role whose tensors are listed on their own line.
type ioGroup struct {
	role dataflow.Role
	name string
}

func ioTexts(tensors []dataflow.Tensor, width int, first dataflow.Role, most int, groups []ioGroup) []string {
	var lines []string
	more := 0
	for _, t := range tensors {
		switch {
		case t.Role != first:
		case len(lines) < most:
			lines = append(lines, ioText(t))
		default:
			more++
		}
	}
	if more > 0 {
		lines[len(lines)-1] += fmt.Sprintf("  (and %d more, see io)", more)
	}
	if len(lines) == 0 {
		lines = []string{"none found"}
	}
	for _, g := range groups {
		var names []string
		for _, t := range tensors {
			if t.Role == g.role {
				names = append(names, Text(t.Tensor))
			}
		}
		if len(names) > 0 {
			lines = append(lines, g.name+": "+oneLine(names, width-len(g.name+": ")))
		}
	}
	return lines
}

// oneLine joins the first parts, as many as fit a line, and adds the number of the other parts. It always includes the first part.
func oneLine(parts []string, width int) string {
	line := parts[0]
	for i, part := range parts[1:] {
		more := fmt.Sprintf(", and %d more", len(parts)-1-i)
		if len(line)+len(", ")+len(part) > width-len(more) {
			return line + more
		}
		line += ", " + part
	}
	return line
}

// ioText describes a tensor and how it was identified.
func ioText(t dataflow.Tensor) string {
	text := tensorText(t.Tensor, t.DType, t.Shape)
	if len(t.Copies) > 0 {
		text += fmt.Sprintf(" and %d more like it", len(t.Copies))
	}
	if t.Why != "" {
		text += "  [" + Text(t.Why) + "]"
	}
	return text
}
