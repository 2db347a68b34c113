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
		columns: []column{{name: "device"}, numberColumn("nodes"), numberColumn("in functions"), {name: "spellings", spare: true}},
		rows: formsOf(l.Devices, func(d *inspect.Device) []string {
			return []string{d.Device, strconv.Itoa(d.Nodes), strconv.Itoa(d.FunctionNodes), spellings(d)}
		}),
	}
	if l.Unplaced.Nodes+l.Unplaced.FunctionNodes > 0 {
		g.rows = append(g.rows, []string{noDevice, strconv.Itoa(l.Unplaced.Nodes), strconv.Itoa(l.Unplaced.FunctionNodes)})
	}
	if len(l.Devices) == 0 {
		g.note = "no devices set"
	}
	return View{
		Tables: []grid{g},
		Values: each(l.Devices, func(d *inspect.Device) string { return d.Device }),
		fields: []member{{"devices", l.Devices}, {"unplaced", l.Unplaced}},
	}
}

// noDevice is printed as the device of nodes without a device.
const noDevice = "(none)"

// spellings returns the spellings of a device, with counts if there are several.
func spellings(d *inspect.Device) string {
	if len(d.Spellings) == 1 {
		return d.Spellings[0].Text
	}
	return strings.Join(formsOf(d.Spellings, func(s *inspect.Spelling) string {
		return fmt.Sprintf("%s (%s)", s.Text, numberText(s.Nodes+s.FunctionNodes))
	}), ", ")
}
