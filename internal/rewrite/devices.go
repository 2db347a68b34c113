package rewrite

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"iter"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

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
	c := &deviceClearer{options: o, changes: make(map[deviceKey]*DeviceChange), groups: make(map[uint64]bool), seed: maphash.MakeSeed()}
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
	changes  map[deviceKey]*DeviceChange
	groups   map[uint64]bool // hashes of the colocation groups that are left: a large graph has too many to keep their names
	seed     maphash.Seed
	function string // whose body is being walked, empty in the graph
	frozen   bool   // what is being walked must stay as it is
	err      error

	// What became of the device of the node before: neighbors mostly share one.
	lastDevice  []byte
	lastChange  *DeviceChange
	lastMatched bool
}

type deviceKey struct{ device, to string }

// graph appends the fields of a GraphDef.
func (c *deviceClearer) graph(b *wire.Builder, graph []byte) {
	c.each(graph, func(f wire.Field) {
		switch {
		case f.Is(wire.GraphNode):
			c.node(b, f)
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

// deviceNode is what matters here of a NodeDef.
type deviceNode struct {
	raw    []byte
	device []byte // the device, nil where there is none or it is empty
	field  []byte // the field that holds it
	fields int    // how many device fields there are; protobuf reads the last
	class  []byte // the map entry of `_class`, nil where there is none; protobuf reads the last
}

// look reads a NodeDef.
func look(raw []byte) (deviceNode, error) {
	n := deviceNode{raw: raw}
	s := wire.Scan(raw)
	for s.Next() {
		switch {
		case s.Is(wire.NodeDevice):
			n.device, n.field = s.Data, s.Raw
			n.fields++
		case s.Is(wire.NodeAttr) && isClass(s.Data):
			n.class = s.Data
		}
	}
	if len(n.device) == 0 {
		n.device = nil
	}
	return n, s.Err()
}

// isClass reports whether a map entry is that of the attr `_class`.
func isClass(entry []byte) bool {
	// Nearly every entry is a short key and a value, so most of them need one look.
	if len(entry) > 2 && entry[0] == 0x0a && entry[1] != byte(len("_class")) && int(entry[1]) < min(0x80, len(entry)-2) {
		if value := entry[2+int(entry[1]):]; value[0] == 0x12 {
			if size, n := protowire.ConsumeVarint(value[1:]); n > 0 && size == uint64(len(value)-1-n) {
				return false
			}
		}
	}
	key, _ := wire.MapEntry(entry)
	return string(key) == "_class"
}

// node appends a node.
func (c *deviceClearer) node(b *wire.Builder, f wire.Field) {
	n, err := look(f.Data)
	if err != nil {
		c.err = err
		return
	}
	c.report.Nodes++
	if n.device == nil && n.class == nil {
		b.Window(f.Raw)
		return
	}
	change, matched := c.change(n.device)
	device := n.device
	if change != nil {
		change.Nodes++
		device = []byte(change.To)
		if change.To == "" {
			c.report.Cleared++
		} else {
			c.report.Replaced++
		}
	}
	if len(device) > 0 {
		c.report.Left.Nodes++
	}
	ungroup := false
	if n.class != nil {
		ungroup = !c.frozen && c.options.ungroups(matched) && c.ungroup(n.class)
		if !ungroup {
			c.countGroups(n.class)
		}
	}
	switch {
	case change == nil && !ungroup:
		b.Window(f.Raw)
	case change != nil && change.To == "" && n.fields == 1 && !ungroup:
		// The common case: one field goes, and what is before and behind it stays.
		at, _ := wire.Offset(n.raw, n.field)
		b.Message(f.Num, func() {
			b.Window(n.raw[:at])
			b.Window(n.raw[at+len(n.field):])
		})
	default:
		b.Message(f.Num, func() { n.rebuild(b, change, ungroup) })
	}
}

// change returns what is to be done with a device, nil for nothing, and whether it is one of those to look at.
func (c *deviceClearer) change(device []byte) (change *DeviceChange, matched bool) {
	if device == nil || c.frozen {
		return nil, false
	}
	if c.lastDevice != nil && bytes.Equal(c.lastDevice, device) {
		return c.lastChange, c.lastMatched
	}
	to, matched := c.options.target(string(device))
	c.lastDevice, c.lastChange, c.lastMatched = device, nil, matched
	if matched && to != string(device) {
		key := deviceKey{string(device), to}
		if c.changes[key] == nil {
			c.changes[key] = &DeviceChange{Device: key.device, To: to}
		}
		c.lastChange = c.changes[key]
	}
	return c.lastChange, matched
}

// target returns what becomes of a device, and whether it is one of those that the options mean.
func (o *DeviceOptions) target(device string) (string, bool) {
	for _, m := range o.Map {
		if m.From.Match(device) {
			return m.To, true
		}
	}
	if len(o.Match) == 0 || slices.ContainsFunc(o.Match, func(p scope.DevicePattern) bool { return p.Match(device) }) {
		return "", true
	}
	return device, false
}

// ungroups reports whether a node loses its colocation groups, given whether its device is one of those that the options mean.
func (o *DeviceOptions) ungroups(matched bool) bool {
	return o.Colocation && (matched || len(o.Match) == 0)
}

// rebuild appends the fields of a node that is changed.
func (n *deviceNode) rebuild(b *wire.Builder, change *DeviceChange, ungroup bool) {
	for s := wire.Scan(n.raw); s.Next(); {
		switch {
		case s.Is(wire.NodeDevice) && change != nil:
			if change.To != "" && &s.Raw[0] == &n.field[0] {
				b.String(wire.NodeDevice, change.To)
			}
		case s.Is(wire.NodeAttr) && ungroup && isClass(s.Data):
			// An earlier entry, which nobody reads, must not come to light when the last one goes.
			if &s.Data[0] != &n.class[0] {
				continue
			}
			if kept := withoutGroups(s.Data); kept != nil {
				b.Bytes(wire.NodeAttr, kept)
			}
		default:
			b.Window(s.Raw)
		}
	}
}

// locPrefix stands before the node name of a colocation group in the attr `_class`.
var locPrefix = []byte("loc:@")

// groups returns the node names of the colocation groups in the map entry of `_class`.
func groups(entry []byte) iter.Seq[[]byte] {
	_, value := wire.MapEntry(entry)
	return groupsIn(value)
}

// groupsIn returns the node names of the colocation groups in the AttrValue of `_class`.
func groupsIn(value []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		list, _ := wire.AttrBytes(value, wire.AttrList)
		for s := wire.Scan(list); s.Next(); {
			if s.Is(wire.ListS) && bytes.HasPrefix(s.Data, locPrefix) && !yield(s.Data[len(locPrefix):]) {
				return
			}
		}
	}
}

// ungroup counts the groups in an entry as taken off. It reports whether there are any.
func (c *deviceClearer) ungroup(entry []byte) bool {
	n := 0
	for range groups(entry) {
		n++
	}
	c.report.GroupsRemoved += n
	return n > 0
}

// withoutGroups returns the map entry of `_class` without its colocation groups, nil where nothing else is in it.
func withoutGroups(entry []byte) []byte {
	key, value := wire.MapEntry(entry)
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var kept wire.Builder
	for s := wire.Scan(list); s.Next(); {
		if !s.Is(wire.ListS) || !bytes.HasPrefix(s.Data, locPrefix) {
			kept.Window(s.Raw)
		}
	}
	if kept.Size() == 0 {
		return nil
	}
	var b wire.Builder
	b.Bytes(1, key)
	b.Message(2, func() {
		b.Message(wire.AttrList, func() { b.Append(kept.Build()) })
		for s := wire.Scan(value); s.Next(); {
			if !wire.SetsAttr(s.Field) {
				b.Window(s.Raw) // an unknown field
			}
		}
	})
	return b.Build().Bytes()
}

// countGroups notes in which groups a node is. Node names are local to their function, so groups are too.
func (c *deviceClearer) countGroups(entry []byte) {
	colocated := false
	for name := range groups(entry) {
		colocated = true
		var h maphash.Hash
		h.SetSeed(c.seed)
		_, _ = h.WriteString(c.function) // it never fails
		_ = h.WriteByte(0)
		_, _ = h.Write(name)
		c.groups[h.Sum64()] = true
	}
	if colocated {
		c.report.Left.Colocated++
	}
}

// colocatedElsewhere counts the nodes that are, with the devices that they will have, on another device than the node which
// their colocation group is named after.
func (o *DeviceOptions) colocatedElsewhere(g wire.Graph) int {
	type key struct{ function, node string }
	heads := make(map[key]string) // devices of the nodes that a group is named after
	o.eachNode(g, func(function string, n *wire.Node, _ string, grouped bool) {
		for name := range groupsOf(n, grouped) {
			heads[key{function, string(name)}] = ""
		}
	})
	o.eachNode(g, func(function string, n *wire.Node, device string, _ bool) {
		if _, ok := heads[key{function, string(n.Name)}]; ok {
			heads[key{function, string(n.Name)}] = device
		}
	})
	elsewhere := 0
	o.eachNode(g, func(function string, n *wire.Node, device string, grouped bool) {
		for name := range groupsOf(n, grouped) {
			if head := heads[key{function, string(name)}]; head != "" && head != device {
				elsewhere++
				return
			}
		}
	})
	return elsewhere
}

// eachNode calls use with each node of a graph and of its functions, whose name is empty for the graph, with the device
// that the node will have, and whether it keeps its colocation groups. The graph has been walked before, so there are no
// errors in it.
func (o *DeviceOptions) eachNode(g wire.Graph, use func(function string, n *wire.Node, device string, grouped bool)) {
	walk := func(function string, nodes iter.Seq2[*wire.Node, error], frozen bool) {
		for n, err := range nodes {
			if err != nil {
				return
			}
			device := string(n.Device)
			matched := false
			if device != "" && !frozen {
				device, matched = o.target(device)
			}
			use(function, n, device, frozen || !o.ungroups(matched))
		}
	}
	walk("", g.Nodes(), false)
	for f, err := range g.Functions() {
		if err == nil {
			walk(f.Name(), f.Nodes(), o.GraphOnly)
		}
	}
}

// groupsOf returns the node names of the colocation groups of a node that keeps them.
func groupsOf(n *wire.Node, grouped bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if value, ok := n.Attr("_class"); ok && grouped {
			groupsIn(value)(yield)
		}
	}
}

// finish puts the report in order.
func (c *deviceClearer) finish() {
	c.report.Left.Groups = len(c.groups)
	c.report.Devices = make([]DeviceChange, 0, len(c.changes))
	for _, change := range c.changes {
		c.report.Devices = append(c.report.Devices, *change)
	}
	slices.SortFunc(c.report.Devices, func(a, b DeviceChange) int {
		return cmp.Or(cmp.Compare(b.Nodes, a.Nodes), cmp.Compare(a.Device, b.Device), cmp.Compare(a.To, b.To))
	})
}
