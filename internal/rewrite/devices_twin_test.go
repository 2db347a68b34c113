package rewrite_test

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/rewrite"
)

// clearDevicesTwin is the twin of ClearDevices: a plain implementation of its contract on decoded messages.
func clearDevicesTwin(m *tfpb.MetaGraphDef, o rewrite.DeviceOptions) *rewrite.DevicesReport {
	t := &devicesTwin{options: o, groups: make(map[string]bool)}
	t.walk("", m.GetGraphDef().GetNode(), false)
	for _, f := range m.GetGraphDef().GetLibrary().GetFunction() {
		before := t.report.Cleared + t.report.Replaced
		t.walk(f.GetSignature().GetName(), f.NodeDef, o.GraphOnly)
		if changed := t.report.Cleared + t.report.Replaced - before; changed > 0 {
			t.report.Functions++
			t.report.InFunctions += changed
		}
	}
	t.report.Unmatched, t.report.Available = t.unmatched()
	t.report.Left.Groups = len(t.groups)
	t.report.Left.Elsewhere = t.elsewhere()
	slices.SortFunc(t.report.Devices, func(a, b rewrite.DeviceChange) int {
		if a.Nodes != b.Nodes {
			return b.Nodes - a.Nodes
		}
		return strings.Compare(a.Device+"\x00"+a.To, b.Device+"\x00"+b.To)
	})
	return &t.report
}

type devicesTwin struct {
	options rewrite.DeviceOptions
	report  rewrite.DevicesReport
	groups  map[string]bool
	nodes   []placedNode
	devices []string // the original device of each checked node
}

// A placedNode is a node with its new device.
type placedNode struct{ function, name, device, groups string }

func (t *devicesTwin) walk(function string, nodes []*tfpb.NodeDef, frozen bool) {
	for _, n := range nodes {
		t.report.Nodes++
		matched := false
		if n.Device != "" && !frozen {
			t.devices = append(t.devices, n.Device)
			var to string
			if to, matched = t.target(n.Device); matched && to != n.Device {
				t.changed(n.Device, to)
				n.Device = to
			}
		}
		if t.options.Colocation && !frozen && (matched || len(t.options.Match) == 0) {
			t.ungroup(n)
		}
		if n.Device != "" {
			t.report.Left.Nodes++
		}
		groups := groupNames(n)
		if len(groups) > 0 {
			t.report.Left.Colocated++
		}
		for _, g := range groups {
			t.groups[function+"\x00"+g] = true
		}
		t.nodes = append(t.nodes, placedNode{function, n.Name, n.Device, strings.Join(groups, "\x00")})
	}
}

// target returns the new device for a device ("" to clear it), and whether it is mapped.
func (t *devicesTwin) target(device string) (string, bool) {
	for _, m := range t.options.Map {
		if m.From.Match(device) {
			return m.To, true
		}
	}
	if len(t.options.Match) == 0 {
		return "", true
	}
	return "", slices.ContainsFunc(t.options.Match, func(p match.DevicePattern) bool { return p.Match(device) })
}

// unmatched returns the patterns that match no device and, if there are any, the available devices.
func (t *devicesTwin) unmatched() (patterns, there []string) {
	patterns, there = []string{}, []string{}
	all := slices.Clone(t.options.Match)
	for i, m := range t.options.Map {
		all = slices.Insert(all, i, m.From)
	}
	for _, p := range all {
		if !slices.ContainsFunc(t.devices, p.Match) && !slices.Contains(patterns, p.String()) {
			patterns = append(patterns, p.String())
		}
	}
	if len(patterns) == 0 {
		return patterns, there
	}
	nodes := make(map[string]int)
	for _, device := range t.devices {
		nodes[device]++
	}
	for device := range nodes {
		there = append(there, device)
	}
	slices.SortFunc(there, func(a, b string) int {
		if nodes[a] != nodes[b] {
			return nodes[b] - nodes[a]
		}
		return strings.Compare(a, b)
	})
	return patterns, there
}

func (t *devicesTwin) changed(device, to string) {
	if to == "" {
		t.report.Cleared++
	} else {
		t.report.Replaced++
	}
	for i, c := range t.report.Devices {
		if c.Device == device && c.To == to {
			t.report.Devices[i].Nodes++
			return
		}
	}
	t.report.Devices = append(t.report.Devices, rewrite.DeviceChange{Device: device, To: to, Nodes: 1})
}

func (t *devicesTwin) ungroup(n *tfpb.NodeDef) {
	groups := len(groupNames(n))
	if groups == 0 {
		return
	}
	t.report.GroupsRemoved += groups
	list := n.Attr["_class"].GetList()
	list.S = slices.DeleteFunc(list.S, func(s []byte) bool { return strings.HasPrefix(string(s), "loc:@") })
	if proto.Size(list) == 0 {
		delete(n.Attr, "_class")
	}
}

// elsewhere counts the nodes that are colocated with a node on a different device.
func (t *devicesTwin) elsewhere() int {
	device := make(map[[2]string]string)
	for _, n := range t.nodes {
		device[[2]string{n.function, n.name}] = n.device
	}
	count := 0
	for _, n := range t.nodes {
		if n.groups == "" {
			continue
		}
		for g := range strings.SplitSeq(n.groups, "\x00") {
			if head := device[[2]string{n.function, g}]; head != "" && head != n.device {
				count++
				break
			}
		}
	}
	return count
}

// groupNames returns the names of a node's colocation groups.
func groupNames(n *tfpb.NodeDef) []string {
	var names []string
	for _, s := range n.Attr["_class"].GetList().GetS() {
		if name, ok := strings.CutPrefix(string(s), "loc:@"); ok {
			names = append(names, name)
		}
	}
	return names
}
