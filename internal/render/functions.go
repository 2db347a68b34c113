package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Functions returns the section functions.
func Functions(functions []inspect.Function) View {
	spare := func(name string) column { return column{name: name, prose: true, spare: true} }
	g := grid{
		columns: []column{{name: "function"}, spare("inputs"), spare("outputs"), numberColumn("nodes"), spare("devices"),
			{name: "gradient", spare: true}, numberColumn("callers"), spare("called by")},
		empty: "no functions",
	}
	g.fill(tableRows, listed(functions, func(f *inspect.Function) []string {
		return []string{f.Name, argumentsText(f.Inputs), argumentsText(f.Outputs), strconv.Itoa(f.Nodes),
			functionDevices(f.Devices), f.Gradient, strconv.Itoa(f.Callers), strings.Join(f.CalledBy, ", ")}
	}))
	return View{
		Tables: []grid{g},
		Values: each(functions, func(f *inspect.Function) string { return f.Name }),
		fields: []member{{"functions", functions}},
	}
}

func argumentsText(arguments []inspect.Argument) string {
	return strings.Join(formsOf(arguments, func(a *inspect.Argument) string { return a.Name + ":" + a.DType }), ", ")
}

func functionDevices(devices []inspect.FunctionNode) string {
	return strings.Join(formsOf(devices, func(d *inspect.FunctionNode) string {
		return fmt.Sprintf("%s (%s)", d.Device, numberText(d.Nodes))
	}), ", ")
}
