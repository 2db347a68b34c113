package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// DeviceList returns the section devices.
func DeviceList(l *inspect.DeviceList) View {
	g := grid{
		title:   "devices",
		columns: []column{{name: "device"}, numberColumn("nodes"), numberColumn("in functions"), {name: "spellings", spare: true}},
	}
	var names []string
	for _, d := range l.Devices {
		names = append(names, d.Device)
		g.rows = append(g.rows, []string{d.Device, strconv.Itoa(d.Nodes), strconv.Itoa(d.FunctionNodes), spellings(d)})
	}
	if l.Unplaced.Nodes+l.Unplaced.FunctionNodes > 0 {
		g.rows = append(g.rows, []string{noDevice, strconv.Itoa(l.Unplaced.Nodes), strconv.Itoa(l.Unplaced.FunctionNodes)})
	}
	if len(l.Devices) == 0 {
		g.note = "no devices set"
	}
	return View{section: "devices", Tables: []grid{g}, Values: rawLines(names), fields: []member{{"devices", l.Devices}, {"unplaced", l.Unplaced}}}
}

// noDevice is printed as the device of nodes without a device.
const noDevice = "(none)"

// spellings returns the spellings of a device, with counts if there are several.
func spellings(d inspect.Device) string {
	if len(d.Spellings) == 1 {
		return d.Spellings[0].Text
	}
	parts := make([]string, len(d.Spellings))
	for i, s := range d.Spellings {
		parts[i] = fmt.Sprintf("%s (%s)", s.Text, numberText(int64(s.Nodes+s.FunctionNodes)))
	}
	return strings.Join(parts, ", ")
}
