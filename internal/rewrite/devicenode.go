package rewrite

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/wire"
)

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
	fate := c.fate(n.device)
	changes := fate.changes()
	placed := n.device != nil
	if fate != nil {
		fate.nodes++
		placed = fate.to != ""
	}
	switch {
	case !changes:
	case fate.to == "":
		c.report.Cleared++
	default:
		c.report.Replaced++
	}
	if placed {
		c.report.Left.Nodes++
	}
	ungroup := false
	if n.class != nil {
		ungroup = !c.frozen && c.options.ungroups(fate != nil && fate.matched) && c.ungroup(n.class)
		if !ungroup {
			c.countGroups(n.class)
		}
	}
	switch {
	case !changes && !ungroup:
		b.Window(f.Raw)
	case changes && fate.to == "" && n.fields == 1 && !ungroup:
		// The common case: one field goes, and what is before and behind it stays.
		at, _ := wire.Offset(n.raw, n.field)
		b.Message(f.Num, func() {
			b.Window(n.raw[:at])
			b.Window(n.raw[at+len(n.field):])
		})
	default:
		b.Message(f.Num, func() { n.rebuild(b, fate, ungroup) })
	}
}

// A deviceFate is what becomes of the nodes on one device.
type deviceFate struct {
	device  string
	to      string // the device that they get, which may be the same
	matched bool   // it is one of the devices that the options mean
	nodes   int
}

// changes reports whether the nodes get another device, or none.
func (d *deviceFate) changes() bool { return d != nil && d.to != d.device }

// fate returns what becomes of the nodes on a device, nil where there is none or what is walked is frozen.
func (c *deviceClearer) fate(device []byte) *deviceFate {
	if device == nil || c.frozen {
		return nil
	}
	// Neighbors mostly share a device.
	if c.last != nil && c.last.device == string(device) {
		return c.last
	}
	if c.last = c.devices[string(device)]; c.last == nil {
		c.last = &deviceFate{device: string(device)}
		c.last.to, c.last.matched = c.options.target(c.last.device)
		c.devices[c.last.device] = c.last
	}
	return c.last
}

// target returns what becomes of a device, and whether it is one of those that the options mean.
func (o *DeviceOptions) target(device string) (string, bool) {
	for _, m := range o.Map {
		if m.From.Match(device) {
			return m.To, true
		}
	}
	if len(o.Match) == 0 || slices.ContainsFunc(o.Match, func(p match.DevicePattern) bool { return p.Match(device) }) {
		return "", true
	}
	return device, false
}

// rebuild appends the fields of a node that is changed.
func (n *deviceNode) rebuild(b *wire.Builder, fate *deviceFate, ungroup bool) {
	for s := wire.Scan(n.raw); s.Next(); {
		switch {
		case s.Is(wire.NodeDevice) && fate.changes():
			if fate.to != "" && &s.Raw[0] == &n.field[0] {
				b.String(wire.NodeDevice, fate.to)
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
