package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Functions returns the section functions.
func Functions(functions []inspect.Function) View {
	spare := func(name string) Column { return Column{Name: name, Prose: true, Spare: true} }
	columns := []Column{{Name: "function"}, spare("inputs"), spare("outputs"), Number("nodes"), spare("devices"),
		{Name: "gradient", Spare: true}, Number("callers"), spare("called by")}
	g := Grid{Title: "functions", Columns: columns}
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
		g.Rows = append(g.Rows, []string{f.Name, argumentsText(f.Inputs), argumentsText(f.Outputs), strconv.Itoa(f.Nodes),
			functionDevices(f.Devices), f.Gradient, strconv.Itoa(f.Callers), strings.Join(f.CalledBy, ", ")})
	}
	if len(functions) == 0 {
		g.Note = "no functions"
	}
	return View{Section: "functions", Tables: []Grid{g}, Values: Lines(names), Fields: []Member{{"functions", functions}}}
}

func argumentsText(arguments []inspect.Argument) string {
	parts := make([]string, len(arguments))
	for i, a := range arguments {
		parts[i] = a.Name + ":" + a.DType
	}
	return strings.Join(parts, ", ")
}

func functionDevices(devices []inspect.FunctionNode) string {
	parts := make([]string, len(devices))
	for i, d := range devices {
		parts[i] = fmt.Sprintf("%s (%s)", d.Device, numberText(int64(d.Nodes)))
	}
	return strings.Join(parts, ", ")
}
