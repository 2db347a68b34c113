package diff

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/wire"
)

// manyInputs is the number of differing inputs of a node up to which each is reported separately.
const manyInputs = 1000

// nodeInputs holds the data and control inputs of one node as slices of its bytes. It can be reused for another node.
type nodeInputs struct {
	data    [][]byte
	control []string
}

// read sets the inputs to those of a node.
func (in *nodeInputs) read(v *nodeView) {
	controls := 0
	v.eachInput(func(name []byte) { controls += count(wire.IsControl(name)) })
	in.data, in.control = slices.Grow(in.data[:0], v.inputs-controls), slices.Grow(in.control[:0], controls)
	v.eachInput(func(name []byte) {
		if wire.IsControl(name) {
			in.control = append(in.control, unsafeString(name))
		} else {
			in.data = append(in.data, name)
		}
	})
}

// compareInputs compares the inputs: data inputs in order, control inputs as a set.
func (c *comparer) compareInputs() {
	if c.a.sameInputs(&c.b) {
		return
	}
	c.inputsA.read(&c.a)
	c.inputsB.read(&c.b)
	c.dataInputs(c.inputsA.data, c.inputsB.data)
	c.controlInputs(c.inputsA.control, c.inputsB.control)
}

// controlInputs compares the control inputs.
func (c *comparer) controlInputs(a, b []string) {
	if slices.Equal(a, b) {
		return
	}
	if onlyA, onlyB := differentNames(a, b, c.renames); len(onlyA)+len(onlyB) > 0 {
		c.fields = append(c.fields, optional("control_inputs", namesText(onlyA, 0), namesText(onlyB, 0)))
	}
}

// unsafeStrings returns names as strings without copying them. The strings must not outlive the comparison.
func unsafeStrings(list [][]byte) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = unsafeString(s)
	}
	return out
}

// dataInputs compares the data inputs.
func (c *comparer) dataInputs(a, b [][]byte) {
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
	if endA == endB && endA-start > 1 && c.reordered(a[start:endA], b[start:endB]) || c.manyDiffer(a[start:endA], b[start:endB]) {
		c.fields = append(c.fields, optional("inputs", namesText(unsafeStrings(a), start), namesText(unsafeStrings(b), start)))
		return
	}
	for i := start; i < max(endA, endB); i++ {
		name := "input:" + strconv.Itoa(i)
		switch {
		case i >= endA:
			c.fields = append(c.fields, added(name, printable.Quote(string(b[i]))))
		case i >= endB:
			c.fields = append(c.fields, removed(name, printable.Quote(string(a[i]))))
		case !c.sameInput(a[i], b[i]):
			c.fields = append(c.fields, changed(name, printable.Quote(string(a[i])), printable.Quote(string(b[i]))))
		}
	}
}

// manyDiffer reports whether more than manyInputs inputs differ, position by position.
func (c *comparer) manyDiffer(a, b [][]byte) bool {
	differ := max(len(a), len(b)) - min(len(a), len(b))
	for i := range min(len(a), len(b)) {
		if differ > manyInputs {
			break
		}
		differ += count(!c.sameInput(a[i], b[i]))
	}
	return differ > manyInputs
}

// reordered reports whether two lists have the same inputs, regardless of their order.
func (c *comparer) reordered(a, b [][]byte) bool {
	left := make(map[string]int, len(a))
	for _, in := range b {
		left[plainInput(unsafeString(in))]++
	}
	for _, in := range a {
		at := plainInput(c.renames.translate(unsafeString(in)))
		if left[at] == 0 {
			return false
		}
		left[at]--
	}
	return true
}

// namesText joins names. If the text would be too long, it starts at names[from] and includes as many names as fit.
func namesText(names []string, from int) string {
	size := 0
	for _, name := range names {
		size += len(name) + len(", ")
	}
	var b strings.Builder
	rest := names
	if size > maxText && from == len(names) {
		return "… (" + strconv.Itoa(len(names)) + " names)"
	}
	if size > maxText && from > 0 {
		b.WriteString("…, ")
		rest = names[from:]
	}
	for i, name := range rest {
		if i > 0 {
			b.WriteString(", ")
		}
		if size > maxText && i > 0 && b.Len()+len(name) > maxText-100 {
			b.WriteString("… (" + strconv.Itoa(len(names)) + " names)")
			break
		}
		b.WriteString(printable.Quote(name))
	}
	return b.String()
}

// sameInput reports whether two data inputs refer to the same tensor, in any spelling.
func (c *comparer) sameInput(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := wire.ParseInput(a), wire.ParseInput(b)
	if !bytes.Equal(plainPort(x.Port), plainPort(y.Port)) && !c.sameOutput(x, y) {
		return false
	}
	return bytes.Equal(x.Node, y.Node) || c.renames.followsNode(unsafeString(x.Node), unsafeString(y.Node))
}

// sameOutput reports whether two ports are the same output number.
func (c *comparer) sameOutput(x, y wire.Input) bool {
	if c.inFunction {
		return false
	}
	n, ok := x.Output()
	m, also := y.Output()
	return ok && also && n == m
}

// plainPort returns a port without output number 0: "" for `x:0` and, in a function, `out` for `a:out:0`.
func plainPort(port []byte) []byte {
	if string(port) == "0" {
		return nil
	}
	return bytes.TrimSuffix(port, []byte(":0"))
}

// plainInput returns the shortest spelling of an input.
func plainInput(in string) string { return strings.TrimSuffix(in, ":0") }
