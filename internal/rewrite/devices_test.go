package rewrite_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	nodeindex "github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// deviceOptions returns the options with a number, for fuzz tests.
func deviceOptions(tb testing.TB, n byte) rewrite.DeviceOptions {
	tb.Helper()
	pattern := func(text string) match.DevicePattern {
		p, err := match.ParseDeviceFilter(text)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	o := rewrite.DeviceOptions{Colocation: n&1 != 0, GraphOnly: n&2 != 0}
	switch n >> 2 & 7 {
	case 1:
		o.Match = []match.DevicePattern{pattern("/gpu:*")}
	case 2:
		o.Match = []match.DevicePattern{pattern("/job:ps"), pattern("*0")}
	case 3:
		o.Map = []rewrite.DeviceMapping{{From: pattern("/gpu:*"), To: "/device:CPU:0"}}
	case 4:
		o.Map = []rewrite.DeviceMapping{{From: pattern("/gpu:0"), To: "/gpu:0"}, {From: pattern("/job:ps"), To: ""}}
		o.Match = []match.DevicePattern{pattern("/cpu:0")}
	case 5:
		o.Match = []match.DevicePattern{pattern("/job:none")}
	}
	return o
}

// FuzzClearDevices checks that the decoded result and the report of ClearDevices equal those of a plain twin on the
// decoded message. Unchanged parts must keep their bytes, and a second run must change nothing.
func FuzzClearDevices(f *testing.F) {
	for i, raw := range append(testMessages(f, 8<<10), strangeDevices...) {
		f.Add(raw, byte(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, n byte, seed uint64) {
		if len(raw) > 16<<10 || proto.Unmarshal(raw, new(tfpb.MetaGraphDef)) != nil {
			return
		}
		o := deviceOptions(t, n)
		checkClearDevices(t, raw, o)
		s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(seed, 1)), Unknown: n&1 == 0}
		checkClearDevices(t, s.Scramble(raw, (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()), o)
	})
}

// TestClearDevicesTwin runs the twin on the test data and on unusual encodings, with all options.
func TestClearDevicesTwin(t *testing.T) {
	for i, raw := range append(testMessages(t, 1<<20), strangeDevices...) {
		for n := range byte(24) {
			if len(raw) > 20<<10 && int(n)%5 != i%5 {
				continue
			}
			checkClearDevices(t, raw, deviceOptions(t, n))
		}
	}
}

// TestClearDevicesCorpus clears the devices of real files. A second run must find none, and a file without devices must
// stay the same.
func TestClearDevicesCorpus(t *testing.T) {
	eachCorpusFile(t, 1<<20, func(t *testing.T, raw []byte) {
		checkClearDevices(t, raw, rewrite.DeviceOptions{})
		rope, report, err := rewrite.ClearDevices(parse(t, raw), rewrite.DeviceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !report.Changed() && !bytes.Equal(rope.Bytes(), raw) {
			t.Error("the bytes changed although the file has no devices")
		}
		rope, second, err := rewrite.ClearDevices(parse(t, rope.Bytes()), rewrite.DeviceOptions{Colocation: true})
		if err != nil || second.Cleared+second.Left.Nodes+second.Left.Groups != 0 {
			t.Errorf("devices or groups remain: %+v, %v", second, err)
		}
		if _, third, err := rewrite.ClearDevices(parse(t, rope.Bytes()), rewrite.DeviceOptions{Colocation: true}); err != nil || third.Changed() {
			t.Errorf("a third run changes the file: %+v, %v", third, err)
		}
	})
}

// checkClearDevices runs ClearDevices and its twin.
func checkClearDevices(t *testing.T, raw []byte, o rewrite.DeviceOptions) {
	t.Helper()
	m := parse(t, raw)
	rope, report, err := rewrite.ClearDevices(m, o)
	if err != nil {
		t.Fatalf("ClearDevices: %v", err)
	}
	out := rope.Bytes()
	var want, got tfpb.MetaGraphDef
	if err := proto.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	wantReport := clearDevicesTwin(&want, o)
	if err := proto.Unmarshal(out, &got); err != nil {
		t.Fatalf("the result cannot be decoded: %v", err)
	}
	dropEmptyClass(&got)
	dropEmptyClass(&want)
	if !proto.Equal(&want, &got) {
		t.Fatal("the result differs from the twin's")
	}
	if wantReport.Devices == nil {
		wantReport.Devices = []rewrite.DeviceChange{}
	}
	if diff := cmp.Diff(wantReport, report); diff != "" {
		t.Errorf("report (-twin +got):\n%s", diff)
	}
	if !report.Changed() && !bytes.Equal(out, raw) {
		t.Error("the bytes changed although the report counts no change")
	}
	checkUntouched(t, m.Graph(), parse(t, out).Graph())
	checkStreamed(t, m, o, out, report)
	checkStreamed(t, wire.MetaGraphOf(m.Graph()), o, parse(t, out).Graph(), nil)
	if len(o.Map) > 0 {
		return // the options can change the new device again
	}
	again, second, err := rewrite.ClearDevices(parse(t, out), o)
	if err != nil || second.Changed() || !bytes.Equal(again.Bytes(), out) {
		t.Errorf("a second run changes the file: %+v, %v", second, err)
	}
}

// checkStreamed checks that StreamDevices writes what ClearDevices returned for m, if m can be streamed. The report may be nil.
func checkStreamed(t *testing.T, m *wire.MetaGraph, o rewrite.DeviceOptions, want []byte, wantReport *rewrite.DevicesReport) {
	t.Helper()
	if !m.Streams(0) {
		return
	}
	var file wiretest.File
	report, err := rewrite.StreamDevices(wire.NewStream(&file, &file), m, o)
	if errors.Is(err, errors.ErrUnsupported) {
		if before, after := len(m.Graph()), len(parse(t, want).Graph()); protowire.SizeVarint(uint64(before)) == protowire.SizeVarint(uint64(after)) {
			t.Errorf("the graph of %d bytes has %d now: %v", before, after, err)
		}
		return
	}
	if err != nil || !bytes.Equal(file, want) {
		t.Fatalf("StreamDevices writes other bytes than ClearDevices returns (%v)", err)
	}
	if diff := cmp.Diff(wantReport, report); wantReport != nil && diff != "" {
		t.Errorf("report (-ClearDevices +StreamDevices):\n%s", diff)
	}
}

// dropEmptyClass removes empty `_class` attrs, because ClearDevices may or may not keep an empty list.
func dropEmptyClass(m *tfpb.MetaGraphDef) {
	drop := func(nodes []*tfpb.NodeDef) {
		for _, n := range nodes {
			if list := n.Attr["_class"].GetList(); list != nil && proto.Size(list) == 0 {
				delete(n.Attr, "_class")
			}
		}
	}
	drop(m.GetGraphDef().GetNode())
	for _, f := range m.GetGraphDef().GetLibrary().GetFunction() {
		drop(f.NodeDef)
	}
}

// checkUntouched checks that nodes with unchanged devices and groups keep their bytes.
func checkUntouched(t *testing.T, before, after wire.Graph) {
	t.Helper()
	x, err := nodeindex.NewNodes(after)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for n, err := range before.Nodes() {
		if err != nil {
			t.Fatal(err)
		}
		var now wire.Node
		if err := now.Parse(x.Raw(i)); err != nil {
			t.Fatal(err)
		}
		was, _ := n.Attr("_class")
		is, _ := now.Attr("_class")
		if bytes.Equal(n.Device, now.Device) && bytes.Equal(was, is) && !bytes.Equal(n.Raw, now.Raw) {
			t.Errorf("the bytes of the unchanged node %q changed", n.Name)
		}
		i++
	}
}

// strangeDevices are nodes with devices and groups in encodings that no library writes.
var strangeDevices = [][]byte{
	graph(node("a", wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"), wiretest.String(fieldnum.NodeDef_Device, "/gpu:1"))),
	graph(node("a", wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"), wiretest.String(fieldnum.NodeDef_Device, ""))),
	graph(node("a", wiretest.String(fieldnum.NodeDef_Device, ""), class("loc:@a"), wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"))),
	graph(node("a", class("x"), class("loc:@a"))),
	graph(node("a", class("loc:@b", "x", "loc:@a")), node("b", wiretest.String(fieldnum.NodeDef_Device, "/cpu:0"))),
	graph(node("a", class("loc:@a"), class("x"))),
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a"))), wiretest.String(fieldnum.MapEntry_Key, "_class")))),
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "T"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a"))), wiretest.String(fieldnum.MapEntry_Key, "_class")))),
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "T"), wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a")))))),
	// An unknown field in the AttrValue and in the list, and a list in two parts.
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a"), wiretest.String(fieldnum.AttrValue_ListValue_S, "x")), wiretest.String(77, "unknown"),
		wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@b"), wiretest.Varint(88, 5)))))),
	// A string first, then the list: the string is unset.
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.String(fieldnum.AttrValue_S, "loc:@a"), wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@b"), wiretest.String(fieldnum.AttrValue_ListValue_S, "x")))))),
	// The list first, then a string: no group is left.
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@b")), wiretest.String(fieldnum.AttrValue_S, "loc:@a"))))),
	// A placeholder whose name looks like a list of groups.
	graph(node("a", wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value,
		wiretest.Message(fieldnum.AttrValue_Placeholder, wiretest.String(fieldnum.AttrValue_ListValue_S, "loc:@a")))), wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"))),
	graph(wiretest.Message(fieldnum.GraphDef_Library,
		function("f", bodyNode("x", wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"), class("loc:@y")), bodyNode("y")),
		function("g", bodyNode("x", wiretest.String(fieldnum.NodeDef_Device, "/job:ps/gpu:0")))),
		node("y", wiretest.String(fieldnum.NodeDef_Device, "/gpu:3"))),
	// A graph in two parts.
	append(graph(node("a", wiretest.String(fieldnum.NodeDef_Device, "/gpu:0"))), graph(node("b", wiretest.String(fieldnum.NodeDef_Device, "/cpu:0")))...),
	// Nothing to clear, with lengths in more bytes than necessary.
	{0x12, 0x8c, 0x00, 0x8a, 0x00, 0x88, 0x00, 0x0a, 0x82, 0x00, 'n', 'm', 0x22, 0x80, 0x00},
}

func graph(fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.MetaGraphDef_GraphDef, fields...)
}

func node(name string, fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, name), wiretest.Join(fields...))
}

func function(name string, fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.FunctionDefLibrary_Function, wiretest.Message(fieldnum.FunctionDef_Signature, wiretest.String(fieldnum.OpDef_Name, name)), wiretest.Join(fields...))
}

// bodyNode returns a node of a function's body.
func bodyNode(name string, fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, name), wiretest.Join(fields...))
}

// class returns the attr `_class`.
func class(values ...string) []byte {
	var list []byte
	for _, v := range values {
		list = append(list, wiretest.String(fieldnum.AttrValue_ListValue_S, v)...)
	}
	return wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, "_class"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.AttrValue_List, list)))
}
