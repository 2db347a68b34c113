package rewrite

import (
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/wire"
)

// A DeviceNodes is the number of nodes that are placed on a device.
type DeviceNodes struct {
	Device string `json:"device"`
	Nodes  int    `json:"nodes"`
}

// localCPU is a device that every machine has outside a cluster. TensorFlow 2 places mutable tables on it.
const localCPU = "/job:localhost/replica:0/task:0/device:CPU:0"

// countDevices counts the nodes of a cut or served copy, and those of its functions, on each device that not every machine has.
func (e *exporter) countDevices() error {
	if e.o.ClearDevices || e.graphPlan.cut == nil && !e.o.SavedModel {
		return nil
	}
	g, kept := e.graphPlan.draft, e.graphPlan.kept()
	nodes := make(map[string]int)
	var n wire.Node
	for i := range g.Len() {
		if len(kept) > 0 && !kept[i] {
			continue
		}
		if i < g.Files() {
			nodes[g.Devices()[g.Device(i)]]++
		} else {
			g.Node(i, &n)
			nodes[string(n.Device)]++
		}
	}
	functions := slices.Clone(e.rewriter.NewFunctions)
	for f, err := range e.m.Graph().Functions() {
		if err != nil {
			return err
		}
		if keep := e.rewriter.KeepFunction; keep == nil || keep(f.Name()) {
			functions = append(functions, f)
		}
	}
	for _, f := range functions {
		for n, err := range f.Nodes() {
			if err != nil {
				return err
			}
			if len(n.Device) > 0 {
				nodes[string(n.Device)]++
			}
		}
	}
	for _, device := range slices.Sorted(maps.Keys(nodes)) {
		if match.IsAccelerator(device) && device != localCPU {
			e.report.Devices = append(e.report.Devices, DeviceNodes{device, nodes[device]})
		}
	}
	return nil
}
