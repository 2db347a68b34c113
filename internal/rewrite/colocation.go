package rewrite

import (
	"bytes"
	"hash/maphash"
	"iter"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// ungroups reports whether a node loses its colocation groups. The argument matched tells whether the options select its
// device.
func (o *DeviceOptions) ungroups(matched bool) bool {
	return o.Colocation && (matched || len(o.Match) == 0)
}

// locPrefix precedes the node name of a colocation group in the attr `_class`.
var locPrefix = []byte("loc:@")

// group returns the node name of a colocation group, which a field of the list of `_class` holds.
func group(f *wire.Field) (name []byte, ok bool) {
	if !f.Is(fieldnum.AttrValue_ListValue_S) {
		return nil, false
	}
	return bytes.CutPrefix(f.Data, locPrefix)
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
		hash := maphash.Bytes(c.seed, name) + 3*c.function
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

// colocatedElsewhere counts the nodes that will be on a different device than the node that names their colocation
// group.
func (o *DeviceOptions) colocatedElsewhere(g wire.Graph) int {
	type key struct{ function, node string }
	heads := make(map[key]string) // devices of the nodes that name a group
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

// eachNode calls use with each node of a graph and of its functions. It passes the name of the function (empty for the
// graph), the device that the node will have, and whether it keeps its colocation groups. The caller has already walked
// the graph, so there are no errors in it.
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
