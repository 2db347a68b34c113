package rewrite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// towers is a graph on several devices, with groups and a function.
func towers() []byte {
	on := func(device string) []byte { return wiretest.String(fieldnum.NodeDef_Device, device) }
	return graph(
		node("v", on("/job:ps/task:0/cpu:0")),
		node("a", on("/gpu:0"), class("loc:@v", "keep")),
		node("b", on("/device:GPU:1"), class("loc:@v")),
		node("c"),
		node("d", class("loc:@c")),
		wiretest.Message(fieldnum.GraphDef_Library,
			function("f", bodyNode("x", on("/gpu:0")), bodyNode("y", on("/job:w/GPU:0"), class("loc:@x"))),
			function("g", bodyNode("x"))))
}

// placed returns the device of each node, and its `_class` after a semicolon. Nodes in functions are named "f.x".
func placed(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	var m tfpb.MetaGraphDef
	if err := proto.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	add := func(prefix string, nodes []*tfpb.NodeDef) {
		for _, n := range nodes {
			text := n.Device
			for _, s := range n.Attr["_class"].GetList().GetS() {
				text += ";" + string(s)
			}
			out[prefix+n.Name] = text
		}
	}
	add("", m.GetGraphDef().GetNode())
	for _, f := range m.GetGraphDef().GetLibrary().GetFunction() {
		add(f.GetSignature().GetName()+".", f.NodeDef)
	}
	return out
}

// TestClearDevices checks what each option does to the graph towers.
func TestClearDevices(t *testing.T) {
	pattern := func(text string) match.DevicePattern {
		p, err := match.ParseDeviceFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, test := range []struct {
		name    string
		options rewrite.DeviceOptions
		changed map[string]string // the nodes that change
		report  rewrite.DevicesReport
	}{
		{
			"all", rewrite.DeviceOptions{},
			map[string]string{"v": "", "a": ";loc:@v;keep", "b": ";loc:@v", "f.x": "", "f.y": ";loc:@x"},
			rewrite.DevicesReport{Nodes: 8, Cleared: 5, InFunctions: 2, Functions: 1,
				Devices: []rewrite.DeviceChange{{Device: "/gpu:0", Nodes: 2}, {Device: "/device:GPU:1", Nodes: 1},
					{Device: "/job:ps/task:0/cpu:0", Nodes: 1}, {Device: "/job:w/GPU:0", Nodes: 1}},
				Left: rewrite.DevicesLeft{Groups: 3, Colocated: 4}},
		},
		{
			"graph only", rewrite.DeviceOptions{GraphOnly: true},
			map[string]string{"v": "", "a": ";loc:@v;keep", "b": ";loc:@v"},
			rewrite.DevicesReport{Nodes: 8, Cleared: 3,
				Devices: []rewrite.DeviceChange{{Device: "/device:GPU:1", Nodes: 1}, {Device: "/gpu:0", Nodes: 1}, {Device: "/job:ps/task:0/cpu:0", Nodes: 1}},
				Left:    rewrite.DevicesLeft{Nodes: 2, Groups: 3, Colocated: 4, Elsewhere: 1}},
		},
		{
			"match", rewrite.DeviceOptions{Match: []match.DevicePattern{pattern("/gpu:0")}},
			map[string]string{"a": ";loc:@v;keep", "f.x": "", "f.y": ";loc:@x"},
			rewrite.DevicesReport{Nodes: 8, Cleared: 3, InFunctions: 2, Functions: 1,
				Devices: []rewrite.DeviceChange{{Device: "/gpu:0", Nodes: 2}, {Device: "/job:w/GPU:0", Nodes: 1}},
				Left:    rewrite.DevicesLeft{Nodes: 2, Groups: 3, Colocated: 4, Elsewhere: 2}},
		},
		{
			"match with colocation", rewrite.DeviceOptions{Match: []match.DevicePattern{pattern("/gpu:0")}, Colocation: true},
			map[string]string{"a": ";keep", "f.x": "", "f.y": ""},
			rewrite.DevicesReport{Nodes: 8, Cleared: 3, InFunctions: 2, Functions: 1, GroupsRemoved: 2,
				Devices: []rewrite.DeviceChange{{Device: "/gpu:0", Nodes: 2}, {Device: "/job:w/GPU:0", Nodes: 1}},
				Left:    rewrite.DevicesLeft{Nodes: 2, Groups: 2, Colocated: 2, Elsewhere: 1}},
		},
		{
			"colocation", rewrite.DeviceOptions{Colocation: true},
			map[string]string{"v": "", "a": ";keep", "b": "", "d": "", "f.x": "", "f.y": ""},
			rewrite.DevicesReport{Nodes: 8, Cleared: 5, InFunctions: 2, Functions: 1, GroupsRemoved: 4,
				Devices: []rewrite.DeviceChange{{Device: "/gpu:0", Nodes: 2}, {Device: "/device:GPU:1", Nodes: 1},
					{Device: "/job:ps/task:0/cpu:0", Nodes: 1}, {Device: "/job:w/GPU:0", Nodes: 1}}},
		},
		{
			"map and clear the rest", rewrite.DeviceOptions{Map: []rewrite.DeviceMapping{{From: pattern("/gpu:1"), To: "/gpu:0"}}},
			map[string]string{"v": "", "a": ";loc:@v;keep", "b": "/gpu:0;loc:@v", "f.x": "", "f.y": ";loc:@x"},
			rewrite.DevicesReport{Nodes: 8, Cleared: 4, Replaced: 1, InFunctions: 2, Functions: 1,
				Devices: []rewrite.DeviceChange{{Device: "/gpu:0", Nodes: 2}, {Device: "/device:GPU:1", To: "/gpu:0", Nodes: 1},
					{Device: "/job:ps/task:0/cpu:0", Nodes: 1}, {Device: "/job:w/GPU:0", Nodes: 1}},
				Left: rewrite.DevicesLeft{Nodes: 1, Groups: 3, Colocated: 4}},
		},
		{
			"the first mapping counts", rewrite.DeviceOptions{
				Map:   []rewrite.DeviceMapping{{From: pattern("/gpu:*"), To: "/cpu:0"}, {From: pattern("/gpu:0"), To: "/gpu:9"}},
				Match: []match.DevicePattern{pattern("/job:none")}},
			map[string]string{"a": "/cpu:0;loc:@v;keep", "b": "/cpu:0;loc:@v", "f.x": "/cpu:0", "f.y": "/cpu:0;loc:@x"},
			rewrite.DevicesReport{Nodes: 8, Replaced: 4, InFunctions: 2, Functions: 1,
				Devices:   []rewrite.DeviceChange{{Device: "/gpu:0", To: "/cpu:0", Nodes: 2}, {Device: "/device:GPU:1", To: "/cpu:0", Nodes: 1}, {Device: "/job:w/GPU:0", To: "/cpu:0", Nodes: 1}},
				Left:      rewrite.DevicesLeft{Nodes: 5, Groups: 3, Colocated: 4, Elsewhere: 2},
				Unmatched: []string{"/job:none"}, Available: []string{"/gpu:0", "/device:GPU:1", "/job:ps/task:0/cpu:0", "/job:w/GPU:0"}},
		},
		{
			"mapping a device to itself changes nothing", rewrite.DeviceOptions{
				Map:   []rewrite.DeviceMapping{{From: pattern("/gpu:0"), To: "/gpu:0"}},
				Match: []match.DevicePattern{pattern("/job:w/gpu:0")}},
			map[string]string{"f.y": "/gpu:0;loc:@x"},
			rewrite.DevicesReport{Nodes: 8, Replaced: 1, InFunctions: 1, Functions: 1,
				Devices: []rewrite.DeviceChange{{Device: "/job:w/GPU:0", To: "/gpu:0", Nodes: 1}},
				Left:    rewrite.DevicesLeft{Nodes: 5, Groups: 3, Colocated: 4, Elsewhere: 2}},
		},
		{
			"no match", rewrite.DeviceOptions{Match: []match.DevicePattern{pattern("/job:none")}, Colocation: true},
			nil,
			rewrite.DevicesReport{Nodes: 8, Devices: []rewrite.DeviceChange{}, Left: rewrite.DevicesLeft{Nodes: 5, Groups: 3, Colocated: 4, Elsewhere: 3},
				Unmatched: []string{"/job:none"}, Available: []string{"/gpu:0", "/device:GPU:1", "/job:ps/task:0/cpu:0", "/job:w/GPU:0"}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw := towers()
			rope, report, err := rewrite.ClearDevices(parse(t, raw), test.options)
			if err != nil {
				t.Fatal(err)
			}
			want := placed(t, raw)
			for name, device := range test.changed {
				want[name] = device
			}
			if diff := cmp.Diff(want, placed(t, rope.Bytes())); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(&test.report, report, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if report.Changed() != (test.changed != nil) {
				t.Errorf("Changed() = %v", report.Changed())
			}
		})
	}
}

// TestClearDevicesDamaged checks that damage anywhere in a graph is an error.
func TestClearDevicesDamaged(t *testing.T) {
	bad := []byte{0x0a, 0x05, 1}
	for name, message := range map[string][]byte{
		"graph":     wiretest.Message(fieldnum.MetaGraphDef_GraphDef, bad),
		"node":      graph(wiretest.Message(fieldnum.GraphDef_Node, bad)),
		"library":   graph(wiretest.Message(fieldnum.GraphDef_Library, bad)),
		"function":  graph(wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Function, bad))),
		"body":      graph(wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Function, wiretest.Message(fieldnum.FunctionDef_NodeDef, bad)))),
		"last node": graph(node("a", wiretest.String(fieldnum.NodeDef_Device, "/gpu:0")), wiretest.Message(fieldnum.GraphDef_Node, bad)),
	} {
		_, _, err := rewrite.ClearDevices(parse(t, message), rewrite.DeviceOptions{})
		var syntax *wire.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestClassKeepsOtherValues removes groups from an attr that has other values too.
func TestClassKeepsOtherValues(t *testing.T) {
	unknown := wiretest.String(77, "unknown")
	raw := graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a"), wiretest.Varint(fieldnum.AttrValue_ListValue_I, 5), unknown), unknown))))
	want := graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.Message(fieldnum.AttrValue_List, wiretest.Varint(fieldnum.AttrValue_ListValue_I, 5), unknown), unknown))))
	rope, _, err := rewrite.ClearDevices(parse(t, raw), rewrite.DeviceOptions{Colocation: true})
	if err != nil {
		t.Fatal(err)
	}
	var wanted, got tfpb.MetaGraphDef
	if err := errors.Join(proto.Unmarshal(want, &wanted), proto.Unmarshal(rope.Bytes(), &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&wanted, &got, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
