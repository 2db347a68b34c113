package rewrite

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A deviceNode holds the parts of a NodeDef that matter for devices.
type deviceNode struct {
	device []byte // the device, nil if it is missing or empty
	at     int    // where the field that holds it begins
	end    int    // where that field ends
	fields int    // number of device fields; protobuf reads the last
	class  []byte // the map entry of `_class`, nil if there is none; protobuf reads the last
}

// parse sets n, which must be empty, to the node encoded in raw.
func (n *deviceNode) parse(raw []byte) error {
	for at := 0; at < len(raw); {
		// Fast path without a Scanner: this loop dominates the time for a large graph.
		num, typ := protowire.Number(raw[at]>>3), protowire.BytesType
		start, end := wire.Payload(raw[at:])
		if end > len(raw)-at {
			f, err := wire.First(raw[at:])
			if err != nil {
				return err
			}
			num, typ, start, end = f.Num, f.Type, len(f.Raw)-len(f.Data), len(f.Raw)
		}
		start, end = at+start, at+end
		switch {
		case num == fieldnum.NodeDef_Attr && end-start >= classKey && typ == protowire.BytesType:
			if entry := raw[start:end]; isClass(entry) {
				n.class = entry
			}
		case num == fieldnum.NodeDef_Device && typ == protowire.BytesType:
			n.device, n.at, n.end = raw[start:end], at, end
			n.fields++
		}
		at = end
	}
	if len(n.device) == 0 {
		n.device = nil
	}
	return nil
}

// classKey is the size of the key of `_class` in a map entry.
const classKey = len("_class") + 2

// isClass reports whether a map entry belongs to the attr `_class`.
func isClass(entry []byte) bool {
	key, _ := wire.MapEntry(entry)
	return string(key) == "_class"
}

// node appends a node with its device and groups cleared.
func (c *deviceClearer) node(b wire.FieldWriter, f *wire.Field) error {
	var n deviceNode
	if err := n.parse(f.Data); err != nil {
		return err
	}
	c.report.Nodes++
	if n.device == nil && n.class == nil {
		b.Window(f.Raw)
		return nil
	}
	action := c.action(n.device)
	changes := action.changes()
	placed := n.device != nil
	if action != nil {
		action.nodes++
		placed = action.to != ""
	}
	switch {
	case !changes:
	case action.to == "":
		c.report.Cleared++
	default:
		c.report.Replaced++
	}
	if placed {
		c.report.Left.Nodes++
	}
	ungroup := false
	if n.class != nil {
		ungroup = !c.frozen && c.options.ungroups(action != nil && action.matched) && c.ungroup(n.class)
		if !ungroup {
			c.countGroups(n.class)
		}
	}
	if !changes && !ungroup {
		b.Window(f.Raw)
		return nil
	}
	c.edits, c.news = c.edits[:0], c.news[:0]
	if changes && action.to == "" && n.fields == 1 && !ungroup {
		c.edits = append(c.edits, wire.Edit{At: n.at, Size: n.end - n.at}) // the common case
	} else {
		c.edit(&n, f.Data, action, ungroup)
	}
	b.Edited(f.Num, f.Data, c.edits, c.news)
	return nil
}

// A deviceAction is what happens to the nodes on one device.
type deviceAction struct {
	device  string
	to      string // the new device, which may be the same; empty to clear it
	matched bool   // the options select the device
	nodes   int
}

// changes reports whether the device of the nodes changes.
func (d *deviceAction) changes() bool { return d != nil && d.to != d.device }

// action returns the action for a device. It returns nil for no device and in a frozen part.
func (c *deviceClearer) action(device []byte) *deviceAction {
	if device == nil || c.frozen {
		return nil
	}
	// Adjacent nodes often share a device.
	if c.last != nil && c.last.device == string(device) {
		return c.last
	}
	if c.last = c.devices[string(device)]; c.last == nil {
		c.last = &deviceAction{device: string(device)}
		c.last.to, c.last.matched = c.options.target(c.last.device)
		c.devices[c.last.device] = c.last
	}
	return c.last
}

// target returns the new device for a device, and whether the options select it.
func (o *DeviceOptions) target(device string) (string, bool) {
	for _, m := range o.Map {
		if m.From.Match(device) {
			return m.To, true
		}
	}
	matches := func(p match.DevicePattern) bool { return p.Match(device) }
	if (len(o.Match) == 0 || slices.ContainsFunc(o.Match, matches)) && (!o.Accelerators || match.IsAccelerator(device)) {
		return "", true
	}
	return device, false
}

// edit sets the edits that change the node encoded in raw, and their new bytes.
func (c *deviceClearer) edit(n *deviceNode, raw []byte, action *deviceAction, ungroup bool) {
	at := 0
	for s := wire.Scan(raw); s.Next(); at += len(s.Raw) {
		before := len(c.news)
		switch {
		case s.Is(fieldnum.NodeDef_Device) && action.changes():
			if action.to != "" && at == n.at {
				c.news = append(wire.AppendHeader(c.news, s.Num, len(action.to)), action.to...)
			}
		case s.Is(fieldnum.NodeDef_Attr) && ungroup && isClass(s.Data):
			// Removing the last entry must not expose an earlier entry, which protobuf ignores.
			if kept := withoutGroups(s.Data); kept != nil && &s.Data[0] == &n.class[0] {
				c.news = append(wire.AppendHeader(c.news, s.Num, len(kept)), kept...)
			}
		default:
			continue
		}
		c.edits = append(c.edits, wire.Edit{At: at, Size: len(s.Raw), New: len(c.news) - before})
	}
}
