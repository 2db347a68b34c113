package rewrite

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// DeviceOptions says which devices to clear. The zero value clears all of them, in function bodies too.
type DeviceOptions struct {
	Match      []scope.DevicePattern // only devices that one of these fits; empty: all
	Map        []DeviceMapping       // devices to re-place instead; the first that fits counts
	Colocation bool                  // take the `loc:@` groups off the `_class` attr as well
	GraphOnly  bool                  // leave function bodies alone, as TensorFlow does
}

// A DeviceMapping puts the nodes on a device that From fits on the device To instead, spelled as it is given.
type DeviceMapping struct {
	From scope.DevicePattern
	To   string
}

// A DevicesReport says what ClearDevices did. Nodes of the graph and of function bodies count alike.
type DevicesReport struct {
	Nodes         int            `json:"nodes"`          // nodes that there are
	Cleared       int            `json:"cleared"`        // nodes whose device is empty now
	Replaced      int            `json:"replaced"`       // nodes that are on another device now
	InFunctions   int            `json:"in_functions"`   // of the cleared and replaced nodes, those in function bodies
	Functions     int            `json:"functions"`      // functions in whose bodies they are
	Devices       []DeviceChange `json:"devices"`        // what became of which device, most nodes first
	GroupsRemoved int            `json:"groups_removed"` // entries of `_class` that were taken off
	Left          DevicesLeft    `json:"left"`           // what still ties nodes to a place
	Unmatched     []string       `json:"unmatched"`      // patterns of Map and Match that fit no device
	There         []string       `json:"there"`          // where there are such, the devices that there are, most nodes first
}

// A DeviceChange counts the nodes that were on one device.
type DeviceChange struct {
	Device string `json:"device"` // as it was spelled
	To     string `json:"to"`     // the new device, empty where it was cleared
	Nodes  int    `json:"nodes"`
}

// DevicesLeft is what ties nodes to a place after ClearDevices.
type DevicesLeft struct {
	Nodes     int `json:"nodes"`     // nodes with a device
	Groups    int `json:"groups"`    // colocation groups
	Colocated int `json:"colocated"` // nodes in them
	// Elsewhere counts the nodes that are colocated with a node on another device than their own: TensorFlow places
	// them where that node is.
	Elsewhere int `json:"elsewhere"`
}

// Changed reports whether anything was, or for a check would be, changed.
func (r *DevicesReport) Changed() bool { return r.changes() > 0 }

// changes counts what was changed so far.
func (r *DevicesReport) changes() int { return r.Cleared + r.Replaced + r.GroupsRemoved }

// ClearDevices empties the device of the nodes of a MetaGraphDef, in the graph and in function bodies, and changes nothing
// else (clear_devices of import_scoped_meta_graph in tensorflow/python/framework/meta_graph.py, which leaves function bodies
// alone). A message in which there is nothing to clear comes back byte for byte. The error is a *wire.SyntaxError.
func ClearDevices(m *wire.MetaGraph, o DeviceOptions) (*wire.Rope, *DevicesReport, error) {
	c := &deviceClearer{options: o, devices: make(map[string]*deviceFate), groups: make(map[uint64]bool), seed: maphash.MakeSeed()}
	if err := checkBeside(m); err != nil {
		return nil, nil, err
	}
	var b wire.Builder
	for _, f := range m.Fields {
		if f.Is(wire.GraphDef) {
			b.Message(wire.GraphDef, func() { c.graph(&b, f.Data) })
		} else {
			b.Field(f)
		}
	}
	if c.err != nil {
		return nil, nil, c.err
	}
	if len(c.groups) > 0 && c.report.Left.Nodes > 0 {
		c.report.Left.Elsewhere = o.colocatedElsewhere(m.Graph())
	}
	c.finish()
	if !c.report.Changed() {
		return m.Rope(), &c.report, nil // with the old headers, however they are written
	}
	return b.Build(), &c.report, nil
}

// A deviceClearer walks a graph and clears as it goes.
type deviceClearer struct {
	options  DeviceOptions
	report   DevicesReport
	devices  map[string]*deviceFate
	last     *deviceFate     // that of the node before
	groups   map[uint64]bool // hashes of the colocation groups that are left: a large graph has too many to keep their names
	seed     maphash.Seed
	function string // whose body is being walked, empty in the graph
	frozen   bool   // what is being walked must stay as it is
	err      error
}

// graph appends the fields of a GraphDef.
func (c *deviceClearer) graph(b *wire.Builder, graph []byte) {
	c.each(graph, func(f wire.Field) {
		if f.Is(wire.GraphNode) {
			c.node(b, f)
			return
		}
		if c.err = checkBesideNodes(f); c.err != nil {
			return
		}
		switch {
		case f.Is(wire.GraphLibrary):
			c.frozen = c.options.GraphOnly
			c.message(b, f, func(inner *wire.Builder) { c.library(inner, f.Data) })
			c.frozen = false
		default:
			b.Window(f.Raw)
		}
	})
}

// library appends the fields of a function library.
func (c *deviceClearer) library(b *wire.Builder, library []byte) {
	c.each(library, func(f wire.Field) {
		if !f.Is(wire.LibraryFunction) {
			b.Window(f.Raw)
			return
		}
		before := c.report.Cleared + c.report.Replaced
		c.function = wire.Function(f.Data).Name()
		c.message(b, f, func(inner *wire.Builder) {
			c.each(f.Data, func(f wire.Field) {
				if f.Is(wire.FunctionNode) {
					c.node(inner, f)
				} else {
					inner.Window(f.Raw)
				}
			})
		})
		c.function = ""
		if changed := c.report.Cleared + c.report.Replaced - before; changed > 0 {
			c.report.Functions++
			c.report.InFunctions += changed
		}
	})
}

// each calls use with each field of message until something fails.
func (c *deviceClearer) each(message []byte, use func(wire.Field)) {
	s := wire.Scan(message)
	for c.err == nil && s.Next() {
		use(s.Field)
	}
	if c.err == nil {
		c.err = s.Err()
	}
}

// message appends the message field f, whose new fields body appends: as it stands where body changes nothing.
func (c *deviceClearer) message(b *wire.Builder, f wire.Field, body func(*wire.Builder)) {
	before := c.report.changes()
	var inner wire.Builder
	body(&inner)
	if c.report.changes() == before {
		b.Window(f.Raw)
		return
	}
	b.Message(f.Num, func() { b.Append(inner.Build()) })
}

// finish puts the report in order.
func (c *deviceClearer) finish() {
	c.report.Left.Groups = len(c.groups)
	c.report.Devices = []DeviceChange{}
	for _, d := range c.devices {
		if d.changes() {
			c.report.Devices = append(c.report.Devices, DeviceChange{Device: d.device, To: d.to, Nodes: d.nodes})
		}
	}
	slices.SortFunc(c.report.Devices, func(a, b DeviceChange) int {
		return cmp.Or(cmp.Compare(b.Nodes, a.Nodes), cmp.Compare(a.Device, b.Device))
	})
	c.report.Unmatched, c.report.There = []string{}, []string{}
	for _, m := range c.options.Map {
		c.findUnmatched(m.From)
	}
	for _, p := range c.options.Match {
		c.findUnmatched(p)
	}
	if len(c.report.Unmatched) > 0 {
		c.report.There = slices.AppendSeq(c.report.There, maps.Keys(c.devices))
		slices.SortFunc(c.report.There, func(a, b string) int {
			return cmp.Or(cmp.Compare(c.devices[b].nodes, c.devices[a].nodes), cmp.Compare(a, b))
		})
	}
}

// findUnmatched notes a pattern that fits none of the devices.
func (c *deviceClearer) findUnmatched(p scope.DevicePattern) {
	for device := range c.devices {
		if p.Match(device) {
			return
		}
	}
	if !slices.Contains(c.report.Unmatched, p.String()) {
		c.report.Unmatched = append(c.report.Unmatched, p.String())
	}
}
