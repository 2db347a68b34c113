package inspect

import (
	"fmt"
	"sort"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/wire"
)

// A DeviceList holds the device placements of a file.
type DeviceList struct {
	Devices  []Device `json:"devices"`  // sorted by name
	Unplaced Placed   `json:"unplaced"` // nodes without a device
}

// A Device is one device with all its spellings.
type Device struct {
	Device    string     `json:"device"` // in TensorFlow's canonical spelling
	Placed               // nodes on the device
	Spellings []Spelling `json:"spellings"` // as written in the file, sorted
}

// Placed counts nodes.
type Placed struct {
	Nodes         int `json:"nodes"`          // in the graph
	FunctionNodes int `json:"function_nodes"` // in function bodies
}

// A Spelling is one device string.
type Spelling struct {
	Text string `json:"text"`
	Placed
}

// Devices returns the devices of the nodes that the filter selects, including nodes in function bodies. The error
// wraps a *wire.SyntaxError.
func Devices(m *wire.MetaGraph, f model.Filter) (*DeviceList, error) {
	counts := make(deviceCounts)
	for n, err := range m.Graph().Nodes() {
		if err != nil {
			return nil, fmt.Errorf("count the devices: %w", err)
		}
		if f.Match(n) {
			counts.of(n.Device).Nodes++
		}
	}
	if err := counts.functions(m, f); err != nil {
		return nil, err
	}
	return counts.list(), nil
}

// deviceCounts counts nodes by device string.
type deviceCounts map[string]*Placed

func (c deviceCounts) of(device []byte) *Placed {
	p := c[string(device)]
	if p == nil {
		p = new(Placed)
		c[string(device)] = p
	}
	return p
}

// functions counts the nodes of function bodies.
func (c deviceCounts) functions(m *wire.MetaGraph, f model.Filter) error {
	err := eachFunctionNode(m.Graph(), nil, func(n *wire.Node) {
		if f.Match(n) {
			c.of(n.Device).FunctionNodes++
		}
	})
	if err != nil {
		return fmt.Errorf("count the devices: %w", err)
	}
	return nil
}

// list groups the spellings of each device.
func (c deviceCounts) list() *DeviceList {
	l := new(DeviceList)
	byName := make(map[string]*Device)
	for text, placed := range c {
		if text == "" {
			l.Unplaced = *placed
			continue
		}
		name := match.NormalDevice(text)
		d := byName[name]
		if d == nil {
			d = &Device{Device: name}
			byName[name] = d
		}
		d.Nodes += placed.Nodes
		d.FunctionNodes += placed.FunctionNodes
		d.Spellings = append(d.Spellings, Spelling{text, *placed})
	}
	l.Devices = make([]Device, 0, len(byName))
	for _, d := range byName {
		sort.Slice(d.Spellings, func(i, j int) bool { return d.Spellings[i].Text < d.Spellings[j].Text })
		l.Devices = append(l.Devices, *d)
	}
	sort.Slice(l.Devices, func(i, j int) bool { return l.Devices[i].Device < l.Devices[j].Device })
	return l
}
