package diff

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A comparer compares single nodes. It keeps room between calls and is not safe for concurrent use.
type comparer struct {
	sel     *selection
	renames *renames
	ops     *opDefaults
	// inFunction: inputs are spelled as in a function's body, and nodes count as a part of "functions"
	inFunction bool

	rawA, rawB         []byte
	a, b               nodeView
	dataA, dataB       [][]byte
	controlA, controlB [][]byte
	fields             []Field
}

// same reports whether two nodes mean the same, their names left aside.
func (c *comparer) same(a, b []byte) bool { return len(c.node(a, b, true)) == 0 }

// node returns the fields in which two nodes differ, without those that the selection ignores. Names are not compared. With
// quick true one field is enough. The result is valid until the next call.
func (c *comparer) node(a, b []byte, quick bool) []Field {
	c.fields = c.fields[:0]
	if c.rawA, c.rawB = a, b; !c.a.read(a) || !c.b.read(b) {
		return c.fields // aligning has read them, so this does not happen
	}
	if !bytes.Equal(c.a.op, c.b.op) && !c.renames.followsFunction(string(c.a.op), string(c.b.op)) {
		c.fields = append(c.fields, changed("op", quote(string(c.a.op)), quote(string(c.b.op))))
	}
	if !c.sel.ignore[Devices] && !c.sameDevice() {
		c.fields = append(c.fields, optional("device", c.a.device, c.b.device))
	}
	if quick && len(c.fields) > 0 {
		return c.fields
	}
	if !c.sel.ignore[Inputs] {
		c.inputs()
	}
	if quick && len(c.fields) > 0 {
		return c.fields
	}
	if !c.sel.ignore[Attrs] {
		c.attrs()
	}
	c.others()
	return c.fields
}

// optional returns the field of a string that is absent where it is empty.
func optional(name string, a, b []byte) Field {
	switch {
	case len(a) == 0:
		return added(name, quote(string(b)))
	case len(b) == 0:
		return removed(name, quote(string(a)))
	}
	return changed(name, quote(string(a)), quote(string(b)))
}

func (c *comparer) sameDevice() bool {
	if bytes.Equal(c.a.device, c.b.device) {
		return true
	}
	return c.sel.deviceSpelling && scope.NormalDevice(string(c.a.device)) == scope.NormalDevice(string(c.b.device))
}

// inputs compares the inputs: data inputs in order, control inputs as a set.
func (c *comparer) inputs() {
	if slices.EqualFunc(c.a.inputs, c.b.inputs, bytes.Equal) {
		return
	}
	c.dataA, c.controlA = split(c.a.inputs, c.dataA[:0], c.controlA[:0])
	c.dataB, c.controlB = split(c.b.inputs, c.dataB[:0], c.controlB[:0])
	c.data()
	if slices.EqualFunc(c.controlA, c.controlB, bytes.Equal) {
		return
	}
	if onlyA, onlyB := differentNames(texts(c.controlA), texts(c.controlB), c.renames); len(onlyA)+len(onlyB) > 0 {
		a, b := strings.Join(onlyA, ", "), strings.Join(onlyB, ", ")
		c.fields = append(c.fields, optional("control_inputs", []byte(a), []byte(b)))
	}
}

// split takes data and control inputs apart.
func split(inputs, data, control [][]byte) (d, c [][]byte) {
	for _, in := range inputs {
		if len(in) > 0 && in[0] == '^' {
			control = append(control, in)
		} else {
			data = append(data, in)
		}
	}
	return data, control
}

func texts(list [][]byte) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// data compares the data inputs.
func (c *comparer) data() {
	a, b := c.dataA, c.dataB
	start, endA, endB := 0, len(a), len(b)
	for start < min(endA, endB) && c.sameInput(a[start], b[start]) {
		start++
	}
	for endA > start && endB > start && c.sameInput(a[endA-1], b[endB-1]) {
		endA, endB = endA-1, endB-1
	}
	if max(endA, endB) == start {
		return
	}
	if endA == endB && endA-start > 1 && c.reordered(a[start:endA], b[start:endB]) {
		c.fields = append(c.fields, changed("inputs", list(a), list(b)))
		return
	}
	for i := start; i < max(endA, endB); i++ {
		name := "input:" + strconv.Itoa(i)
		switch {
		case i >= endA:
			c.fields = append(c.fields, added(name, quote(string(b[i]))))
		case i >= endB:
			c.fields = append(c.fields, removed(name, quote(string(a[i]))))
		case !c.sameInput(a[i], b[i]):
			c.fields = append(c.fields, changed(name, quote(string(a[i])), quote(string(b[i]))))
		}
	}
}

// reordered reports whether two lists hold the same inputs.
func (c *comparer) reordered(a, b [][]byte) bool {
	count := make(map[string]int, len(a))
	for _, in := range b {
		count[c.plain(string(in))]++
	}
	for _, in := range a {
		at := c.plain(c.renames.translate(string(in)))
		if count[at] == 0 {
			return false
		}
		count[at]--
	}
	return true
}

// list returns inputs as one text.
func list(inputs [][]byte) string {
	out := make([]string, len(inputs))
	for i, in := range inputs {
		out[i] = quote(string(in))
	}
	return strings.Join(out, ", ")
}

// sameInput reports whether two data inputs read the same, whatever their spelling.
func (c *comparer) sameInput(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := wire.ParseInput(a), wire.ParseInput(b)
	if !bytes.Equal(plainPort(x.Port), plainPort(y.Port)) && !c.sameOutput(x, y) {
		return false
	}
	return bytes.Equal(x.Node, y.Node) || c.renames.followsNode(string(x.Node), string(y.Node))
}

// sameOutput reports whether two ports are numbers and the same one.
func (c *comparer) sameOutput(x, y wire.Input) bool {
	if c.inFunction {
		return false
	}
	n, ok := x.Output()
	m, also := y.Output()
	return ok && also && n == m
}

// plainPort returns a port without a `0` at its end: none for `x:0`, and in a function `out` for `a:out:0`.
func plainPort(port []byte) []byte {
	if string(port) == "0" {
		return nil
	}
	return bytes.TrimSuffix(port, []byte(":0"))
}

// plain returns an input in its shortest spelling.
func (c *comparer) plain(in string) string {
	return strings.TrimSuffix(in, ":0")
}

// attrs compares the attrs by key.
func (c *comparer) attrs() {
	if c.sameAttrs() {
		return
	}
	findA, findB := c.a.find(), c.b.find()
	for _, e := range c.a.attrs {
		key := string(e.key)
		if c.ignoresAttr(key) {
			continue
		}
		if value, ok := findB(e.key); ok {
			if f, same := c.attr(key, e.value, value); !same {
				c.fields = append(c.fields, f)
			}
		} else if !c.isDefault(key, e.value, c.b.op, true) {
			c.fields = append(c.fields, removed(attrPrefix+key, attrBytesText(e.value)))
		}
	}
	for _, e := range c.b.attrs {
		key := string(e.key)
		if _, ok := findA(e.key); ok || c.ignoresAttr(key) || c.isDefault(key, e.value, c.a.op, false) {
			continue
		}
		c.fields = append(c.fields, added(attrPrefix+key, attrBytesText(e.value)))
	}
	slices.SortStableFunc(c.fields, func(x, y Field) int { return fieldOrder(x.Field, y.Field) })
}

// sameAttrs reports whether the attrs have the same keys and bytes, in whatever order. Nearly all have.
func (c *comparer) sameAttrs() bool {
	if len(c.a.attrs) != len(c.b.attrs) || len(c.a.attrs) > manyAttrs {
		return false
	}
	for i := range c.a.attrs {
		e := &c.a.attrs[i]
		if value, ok := c.b.findAttr(e.key); !ok || !bytes.Equal(e.value, value) {
			return false
		}
	}
	return true
}

// fieldOrder puts attrs in the order of their names, behind op, device and inputs.
func fieldOrder(a, b string) int {
	x, y := strings.HasPrefix(a, attrPrefix), strings.HasPrefix(b, attrPrefix)
	switch {
	case x && y:
		return strings.Compare(a, b)
	case x:
		return 1
	case y:
		return -1
	}
	return 0
}

func (c *comparer) ignoresAttr(key string) bool {
	return len(c.sel.ignoreAttrs) > 0 && matchAny(c.sel.ignoreAttrs, key)
}

// isDefault reports whether an absent attr of a node with that op means value, where the selection says that it can. The
// node without the attr is in B, or else in A.
func (c *comparer) isDefault(key string, value, op []byte, inB bool) bool {
	if !c.sel.defaultAttrs {
		return false
	}
	d, ok := c.ops.find(string(op), key, inB)
	if !ok {
		return false
	}
	_, same := c.attr(key, d, value)
	return same
}

// others compares what stands in a NodeDef beside name, op, inputs, device and attrs.
func (c *comparer) others() {
	if !c.a.others && !c.b.others {
		return
	}
	known := func(f wire.Field) bool { return f.Type == protowire.BytesType && f.Num <= wire.NodeFullType }
	if ua, ub := unknownFields(c.rawA, known), unknownFields(c.rawB, known); len(ua)+len(ub) > 0 && !sameUnknown(ua, ub) {
		c.fields = append(c.fields, changed("unknown_fields", bytesText(ua), bytesText(ub)))
	}
	c.fields = c.single(c.fields, "experimental_debug_info", wire.NodeDebugInfo, func() protoreflect.Message {
		return new(tfpb.NodeDef_ExperimentalDebugInfo).ProtoReflect()
	})
	c.fields = c.single(c.fields, "experimental_type", wire.NodeFullType, func() protoreflect.Message {
		return new(tfpb.FullTypeDef).ProtoReflect()
	})
}

// single compares one singular message field of both nodes as a whole.
func (c *comparer) single(out []Field, name string, num protowire.Number, empty func() protoreflect.Message) []Field {
	a, inA := wire.Merged(c.rawA, num)
	b, inB := wire.Merged(c.rawB, num)
	if inA == inB && bytes.Equal(a, b) {
		return out
	}
	x, y := empty(), empty()
	if proto.Unmarshal(a, x.Interface()) != nil || proto.Unmarshal(b, y.Interface()) != nil {
		return append(out, changed(name, bytesText(a), bytesText(b)))
	}
	switch {
	case !inA:
		return append(out, added(name, describe(y)))
	case !inB:
		return append(out, removed(name, describe(x)))
	}
	d := messages{renames: c.renames, stop: true}
	if d.plain("", x, y); len(d.fields) == 0 {
		return out
	}
	return append(out, changed(name, describe(x), describe(y)))
}
