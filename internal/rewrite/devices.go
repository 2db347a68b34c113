package rewrite

import (
	"cmp"
	"errors"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// DeviceOptions selects the devices to clear. The zero value clears all of them, in function bodies too.
type DeviceOptions struct {
	Match        []match.DevicePattern // only devices that one of these matches; empty: all
	Accelerators bool                  // only devices for which match.IsAccelerator is true
	Map          []DeviceMapping       // devices to replace, whether or not they would be cleared; the first match counts
	Colocation   bool                  // also remove the `loc:@` groups from the `_class` attr
	GraphOnly    bool                  // skip function bodies, as TensorFlow does
}

// A DeviceMapping moves the nodes on devices that From matches to the device To, which is written as given.
type DeviceMapping struct {
	From match.DevicePattern
	To   string
}

// A DevicesReport describes what ClearDevices did. Nodes of the graph and of function bodies are counted alike.
type DevicesReport struct {
	Nodes         int            `json:"nodes"`          // nodes checked
	Cleared       int            `json:"cleared"`        // nodes that no longer have a device
	Replaced      int            `json:"replaced"`       // nodes that moved to another device
	InFunctions   int            `json:"in_functions"`   // cleared and replaced nodes in function bodies
	Functions     int            `json:"functions"`      // functions with cleared or replaced nodes
	Devices       []DeviceChange `json:"devices"`        // the change of each device, most nodes first
	GroupsRemoved int            `json:"groups_removed"` // entries removed from `_class`
	Left          DevicesLeft    `json:"left"`           // what still ties nodes to a device
	Unmatched     []string       `json:"unmatched"`      // patterns in the options that match no device
	Available     []string       `json:"available"`      // the devices of the file, most nodes first, if a pattern is unmatched
}

// A DeviceChange counts the nodes that were on one device.
type DeviceChange struct {
	Device string `json:"device"` // as spelled in the file
	To     string `json:"to"`     // the new device; empty if it was cleared
	Nodes  int    `json:"nodes"`
}

// A DevicesLeft counts what still ties nodes to a device after ClearDevices.
type DevicesLeft struct {
	Nodes     int `json:"nodes"`     // nodes with a device
	Groups    int `json:"groups"`    // colocation groups
	Colocated int `json:"colocated"` // nodes in these groups
	Elsewhere int `json:"elsewhere"` // nodes colocated with a node on a different device, where TensorFlow places them
}

// Changed reports whether ClearDevices changed anything.
func (r *DevicesReport) Changed() bool { return r.changes() > 0 }

// changes returns the number of changes so far.
func (r *DevicesReport) changes() int { return r.Cleared + r.Replaced + r.GroupsRemoved }

// ClearDevices clears the device of the nodes of a MetaGraphDef, in the graph and in function bodies. It changes nothing
// else (clear_devices of import_scoped_meta_graph in tensorflow/python/framework/meta_graph.py, which skips function
// bodies). If there is nothing to clear, it returns the original bytes. The error is a *wire.SyntaxError.
func ClearDevices(m *wire.MetaGraph, o DeviceOptions) (*wire.Rope, *DevicesReport, error) {
	var out ropeOutput
	report, err := clearDevices(m, o, &out)
	switch {
	case err != nil:
		return nil, nil, err
	case !report.Changed():
		return m.Original(m.Rope()), report, nil // the original bytes, including their encoding
	}
	return out.Build(), report, nil
}

// StreamDevices is ClearDevices for an m that can be streamed, see wire.MetaGraph.Streams. It writes to s what
// ClearDevices returns. The error is a *wire.SyntaxError or an error of s. After an error, s holds a part of the result.
func StreamDevices(s *wire.Stream, m *wire.MetaGraph, o DeviceOptions) (*DevicesReport, error) {
	return clearDevices(m, o, s)
}

// clearDevices clears the devices of m and appends the result to out. That is m in a usual encoding if there is nothing
// to clear.
func clearDevices(m *wire.MetaGraph, o DeviceOptions, out deviceOutput) (*DevicesReport, error) {
	if err := checkOutsideGraph(m); err != nil {
		return nil, err
	}
	c := newDeviceClearer(&o, maphash.MakeSeed())
	groups := make(map[uint64]struct{})
	var others wire.Builder // the fields since the last GraphDef
	for _, f := range m.Fields {
		if !f.Is(fieldnum.MetaGraphDef_GraphDef) {
			others.Field(f)
			continue
		}
		err := out.Append(others.Build())
		if err == nil {
			err = out.Message(f, func() error { return c.graph(out, f.Data, groups) })
		}
		if err != nil {
			return nil, err
		}
		others = wire.Builder{}
	}
	if err := out.Append(others.Build()); err != nil {
		return nil, err
	}
	c.report.Left.Groups = len(groups)
	if len(groups) > 0 && c.report.Left.Nodes > 0 {
		c.report.Left.Elsewhere = c.colocatedElsewhere(m.Graph(), groups)
	}
	c.finish()
	return &c.report, nil
}

// A deviceOutput takes a MetaGraphDef without its devices: a ropeOutput or a wire.Stream.
type deviceOutput interface {
	Append(r *wire.Rope) error                     // appends whole fields
	Message(f wire.Field, body func() error) error // appends f with what body appends as its payload
	Section(size int) wire.Section                 // returns a section of about size bytes
}

// A ropeOutput keeps the message.
type ropeOutput struct{ wire.Builder }

func (o *ropeOutput) Append(r *wire.Rope) error {
	o.Builder.Append(r)
	return nil
}

func (o *ropeOutput) Message(f wire.Field, body func() error) (err error) {
	o.Builder.Message(f.Num, func() { err = body() })
	return err
}

func (o *ropeOutput) Section(int) wire.Section { return &ropeSection{whole: o} }

type ropeSection struct {
	wire.Builder
	whole *ropeOutput
}

func (s *ropeSection) Join() error { return s.whole.Append(s.Build()) }

// A deviceClearer clears the devices of nodes one by one, those of one part of a graph or of its functions.
type deviceClearer struct {
	options  *DeviceOptions
	part     wire.Part
	out      wire.Section // the nodes of the part
	report   DevicesReport
	devices  map[string]*deviceAction
	last     *deviceAction // the action for the previous node
	groups   []uint64      // hashes of the remaining colocation groups; a large graph has too many to store their names
	recent   [64]uint64    // some that are in groups
	seed     maphash.Seed
	function uint64      // hash of the name of the function whose body is being walked; 0 in the graph
	frozen   bool        // leave the current part unchanged
	edits    []wire.Edit // the edits of the current node
	news     []byte      // their new bytes
}

func newDeviceClearer(o *DeviceOptions, seed maphash.Seed) *deviceClearer {
	return &deviceClearer{options: o, seed: seed, devices: make(map[string]*deviceAction)}
}

// graph appends the fields of a GraphDef and adds its remaining colocation groups to a set.
func (c *deviceClearer) graph(out deviceOutput, graph wire.Graph, groups map[uint64]struct{}) error {
	return parallel.Ordered(graph.Parts, func(p wire.Part) (*deviceClearer, error) {
		part := newDeviceClearer(c.options, c.seed)
		part.part = p
		if p.Mixed {
			return part, nil // the functions are counted in order
		}
		part.out = out.Section(len(p.Fields))
		return part, wire.Each(p.Fields, func(f wire.Field) error { return part.node(part.out, &f) })
	}, func(part *deviceClearer) (err error) {
		if part.part.Mixed {
			var b wire.Builder
			if err = wire.Each(part.part.Fields, func(f wire.Field) error { return c.field(&b, f) }); err == nil {
				err = out.Append(b.Build())
			}
		} else {
			c.add(part)
			err = part.out.Join()
		}
		for _, hash := range append(part.groups, c.groups...) {
			groups[hash] = struct{}{}
		}
		c.groups = c.groups[:0]
		return err
	})
}

// add adds what the clearer of a part did, except its groups.
func (c *deviceClearer) add(part *deviceClearer) {
	c.report.Add(&part.report)
	for device, action := range part.devices {
		if known := c.devices[device]; known != nil {
			known.nodes += action.nodes
		} else {
			c.devices[device] = action
		}
	}
}

// field appends a field of a GraphDef.
func (c *deviceClearer) field(b *wire.Builder, f wire.Field) error {
	if f.Is(fieldnum.GraphDef_Node) {
		return c.node(b, &f)
	}
	if err := checkOtherField(f); err != nil {
		return err
	}
	if !f.Is(fieldnum.GraphDef_Library) {
		b.Window(f.Raw)
		return nil
	}
	c.frozen = c.options.GraphOnly
	defer func() { c.frozen = false }()
	return c.message(b, f, c.library)
}

// library appends a field of a function library.
func (c *deviceClearer) library(b *wire.Builder, f wire.Field) error {
	if !f.Is(fieldnum.FunctionDefLibrary_Function) {
		b.Window(f.Raw)
		return nil
	}
	before := c.report.Cleared + c.report.Replaced
	c.function = c.hashFunction(f.Data)
	defer func() { c.function = 0 }()
	err := c.message(b, f, func(b *wire.Builder, f wire.Field) error {
		if f.Is(fieldnum.FunctionDef_NodeDef) {
			return c.node(b, &f)
		}
		b.Window(f.Raw)
		return nil
	})
	if changed := c.report.Cleared + c.report.Replaced - before; changed > 0 {
		c.report.Functions++
		c.report.InFunctions += changed
	}
	return err
}

// message appends the message field f with what use appends for each of its fields. It copies f unchanged if nothing in it
// changes.
func (c *deviceClearer) message(b *wire.Builder, f wire.Field, use func(*wire.Builder, wire.Field) error) error {
	before := c.report.changes()
	var inner wire.Builder
	err := wire.Each(f.Data, func(f wire.Field) error { return use(&inner, f) })
	if c.report.changes() == before {
		b.Window(f.Raw)
	} else {
		b.Message(f.Num, func() { b.Append(inner.Build()) })
	}
	return err
}

// finish completes the report and sorts its lists.
func (c *deviceClearer) finish() {
	c.report.Devices = []DeviceChange{}
	for _, d := range c.devices {
		if d.changes() {
			c.report.Devices = append(c.report.Devices, DeviceChange{Device: d.device, To: d.to, Nodes: d.nodes})
		}
	}
	c.report.sortDevices()
	c.report.Unmatched, c.report.Available = []string{}, []string{}
	for _, m := range c.options.Map {
		c.findUnmatched(m.From)
	}
	for _, p := range c.options.Match {
		c.findUnmatched(p)
	}
	if len(c.report.Unmatched) > 0 {
		c.report.Available = slices.AppendSeq(c.report.Available, maps.Keys(c.devices))
		slices.SortFunc(c.report.Available, func(a, b string) int {
			return cmp.Or(cmp.Compare(c.devices[b].nodes, c.devices[a].nodes), cmp.Compare(a, b))
		})
	}
}

// findUnmatched reports a pattern that matches none of the devices.
func (c *deviceClearer) findUnmatched(p match.DevicePattern) {
	for device := range c.devices {
		if p.Match(device) {
			return
		}
	}
	if !slices.Contains(c.report.Unmatched, p.String()) {
		c.report.Unmatched = append(c.report.Unmatched, p.String())
	}
}

// Mapped returns an error if a mapping of o matches no device of the reported file. Such a mapping would move
// nothing, and clear all devices instead.
func (r *DevicesReport) Mapped(o DeviceOptions) error {
	var missing []string
	for _, m := range o.Map {
		if slices.Contains(r.Unmatched, m.From.String()) && !slices.Contains(missing, m.From.String()) {
			missing = append(missing, m.From.String())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("no device matches " + draft.Quoted(missing))
}

// Add adds the report on another graph of the same file. A pattern is unmatched if it matches no device in either of them.
func (r *DevicesReport) Add(other *DevicesReport) {
	r.Nodes += other.Nodes
	r.Cleared += other.Cleared
	r.Replaced += other.Replaced
	r.InFunctions += other.InFunctions
	r.Functions += other.Functions
	r.GroupsRemoved += other.GroupsRemoved
	r.Left.Nodes += other.Left.Nodes
	r.Left.Groups += other.Left.Groups
	r.Left.Colocated += other.Left.Colocated
	r.Left.Elsewhere += other.Left.Elsewhere
	for _, change := range other.Devices {
		same := func(c DeviceChange) bool { return c.Device == change.Device && c.To == change.To }
		if i := slices.IndexFunc(r.Devices, same); i >= 0 {
			r.Devices[i].Nodes += change.Nodes
		} else {
			r.Devices = append(r.Devices, change)
		}
	}
	r.sortDevices()
	r.Unmatched = slices.DeleteFunc(r.Unmatched, func(p string) bool { return !slices.Contains(other.Unmatched, p) })
	for _, device := range other.Available {
		if !slices.Contains(r.Available, device) {
			r.Available = append(r.Available, device)
		}
	}
	if len(r.Unmatched) == 0 {
		r.Available = []string{}
	}
}

// sortDevices sorts the devices by nodes, most first, and then by name.
func (r *DevicesReport) sortDevices() {
	slices.SortFunc(r.Devices, func(a, b DeviceChange) int {
		return cmp.Or(cmp.Compare(b.Nodes, a.Nodes), cmp.Compare(a.Device, b.Device), cmp.Compare(a.To, b.To))
	})
}
