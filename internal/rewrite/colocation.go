package rewrite

import (
	"bytes"
	"hash/maphash"
	"iter"

	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// ungroups reports whether a node loses its colocation groups. The argument matched tells whether the options select its
// device.
func (o *DeviceOptions) ungroups(matched bool) bool {
	return o.Colocation && (matched || len(o.Match) == 0)
}

// group returns the node name of a colocation group, which a field of the list of `_class` holds.
func group(f *wire.Field) (name []byte, ok bool) {
	if !f.Is(fieldnum.AttrValue_ListValue_S) {
		return nil, false
	}
	return bytes.CutPrefix(f.Data, []byte(wire.GroupPrefix))
}

// classList returns the fields of the list in the AttrValue of `_class`.
func classList(value []byte) wire.Scanner {
	list, _ := wire.AttrBytes(value, fieldnum.AttrValue_List)
	return wire.Scan(list)
}

// ungroup counts the groups of an entry as removed. It reports whether there are any.
func (c *deviceClearer) ungroup(entry []byte) bool {
	n := 0
	_, value := wire.MapEntry(entry)
	for s := classList(value); s.Next(); {
		if _, ok := group(&s.Field); ok {
			n++
		}
	}
	c.report.GroupsRemoved += n
	return n > 0
}

// withoutGroups returns the map entry of `_class` without its colocation groups, or nil if the entry contains nothing
// else.
func withoutGroups(entry []byte) []byte {
	key, value := wire.MapEntry(entry)
	var kept wire.Builder
	for s := classList(value); s.Next(); {
		if _, ok := group(&s.Field); !ok {
			kept.Window(s.Raw)
		}
	}
	if kept.Size() == 0 {
		return nil
	}
	var b wire.Builder
	b.Bytes(fieldnum.MapEntry_Key, key)
	b.Message(fieldnum.MapEntry_Value, func() {
		b.Message(fieldnum.AttrValue_List, func() { b.Append(kept.Build()) })
		for s := wire.Scan(value); s.Next(); {
			if !wire.SetsAttr(s.Field) {
				b.Window(s.Raw) // an unknown field
			}
		}
	})
	return b.Build().Bytes()
}

// countGroups counts a node and its groups as remaining. Node names, and so groups, are local to their function.
func (c *deviceClearer) countGroups(entry []byte) {
	colocated := false
	_, value := wire.MapEntry(entry)
	for s := classList(value); s.Next(); {
		name, ok := group(&s.Field)
		if !ok {
			continue
		}
		colocated = true
		hash := c.hash(name)
		// The nodes of a group are often close together.
		if recent := &c.recent[hash%uint64(len(c.recent))]; *recent != hash {
			*recent = hash
			c.groups = append(c.groups, hash)
		}
	}
	if colocated {
		c.report.Left.Colocated++
	}
}

// hash returns the hash of the name of a node in the current function.
func (c *deviceClearer) hash(node []byte) uint64 { return maphash.Bytes(c.seed, node) + 3*c.function }

// hashFunction returns the hash of the name of a function, 0 for a function without a name.
func (c *deviceClearer) hashFunction(f wire.Function) uint64 {
	if name := f.Name(); name != "" {
		return maphash.String(c.seed, name)
	}
	return 0
}

// A placement is a node on the device that it will have.
type placement struct {
	node   uint64 // hash of the node, or of the one that names its group
	device string
	again  bool // for a group: the placement before is of the same node
}

// placements are the nodes of one part of a graph that name a group or are in one.
type placements struct{ heads, members []placement }

// colocatedElsewhere counts the nodes that will be on a different device than the node that names their colocation
// group. The set groups holds the hashes of all groups. The graph was walked before, so there are no errors in it.
func (c *deviceClearer) colocatedElsewhere(g wire.Graph, groups map[uint64]struct{}) int {
	heads := make(map[uint64]string, len(groups))
	var members []placement
	add := func(p placements) {
		for _, head := range p.heads {
			heads[head.node] = head.device
		}
		members = append(members, p.members...)
	}
	_ = parallel.Ordered(g.Parts, func(p wire.Part) (placements, error) {
		return newDeviceClearer(c.options, c.seed).placements(wire.Graph(p.Fields).Nodes(), groups), nil
	}, func(p placements) error { add(p); return nil })
	for f, err := range g.Functions() {
		if err == nil {
			inside := newDeviceClearer(c.options, c.seed)
			inside.function, inside.frozen = c.hashFunction(f), c.options.GraphOnly
			add(inside.placements(f.Nodes(), groups))
		}
	}
	elsewhere, counted := 0, false
	for _, m := range members {
		counted = counted && m.again
		if head := heads[m.node]; !counted && head != "" && head != m.device {
			elsewhere++
			counted = true
		}
	}
	return elsewhere
}

// placements returns the placements of nodes, until there is an error.
func (c *deviceClearer) placements(nodes iter.Seq2[*wire.Node, error], groups map[uint64]struct{}) (p placements) {
	for n, err := range nodes {
		if err != nil {
			break
		}
		device, matched := "", false
		if c.frozen {
			device = string(n.Device)
		} else if len(n.Device) > 0 {
			action := c.action(n.Device)
			device, matched = action.to, action.matched
		}
		hash := c.hash(n.Name)
		if _, head := groups[hash]; head {
			p.heads = append(p.heads, placement{node: hash, device: device})
		}
		first := len(p.members)
		for name := range groupsOf(n, c.frozen || !c.options.ungroups(matched)) {
			p.members = append(p.members, placement{c.hash(name), device, len(p.members) > first})
		}
	}
	return p
}

// groupsOf returns the node names of a node's colocation groups, or none if grouped is false.
func groupsOf(n *wire.Node, grouped bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if value, ok := n.Attr("_class"); ok && grouped {
			for s := classList(value); s.Next(); {
				if name, ok := group(&s.Field); ok && !yield(name) {
					return
				}
			}
		}
	}
}
