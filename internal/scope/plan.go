package scope

import (
	"bytes"
	"strconv"
	"strings"
)

// A Plan says what becomes of every name: of a node, of what a node reads, of a scope or a frame. It is computed first and
// then applied wherever names stand (Graph, Collection, Message and their like). The zero value changes nothing.
//
// An export sets Strip, and Gone for the nodes of savers that go. An import sets Prepend, or Number where names were taken
// one by one, and Frames, Inputs and Outer.
type Plan struct {
	Strip string            // only what lies in this scope stays, without the scope
	Gone  func([]byte) bool // nodes that go although they lie in the scope; nil: none

	Prepend string            // a scope to put before every name
	Number  func([]byte) int  // the N of nodes that become NAME_N, 0 for those that do not; nil: none does
	Frames  map[string]string // frames and contexts that get another name, with all of Prepend in it

	// Prune lets those parts of protos in collections go that can be done without and name nodes that go, or that Missing
	// holds: nodes that gradients added to a context, say, when only the forward part is exported, or the initial value of
	// a variable. TensorFlow keeps such names, and does not load the file.
	Prune   bool
	Missing map[string]bool

	// Cut replaces tensors of nodes that go: Spelling to the name of a new node whose first output takes the tensor's place, in
	// inputs, collections and signatures. New holds the names of all new nodes. Whole removes an entry of a registered
	// collection when any name in it is that of a node that goes.
	Cut   map[string]string
	New   map[string]bool
	Whole bool

	Inputs map[string]string // what to read instead of a tensor or control input of the file: Spelling to an input as it is to stand
	// FurtherControls adds control inputs beside the one that Inputs puts in the place of a control input.
	FurtherControls map[string][]string
	Outer           map[string]string // like Inputs, of names that are in collections only: what they are when seen from outside
}

// Spelling returns the one spelling of an input or tensor under which a Plan's Inputs and Outer know it: without `:0`.
func Spelling(input []byte) []byte {
	return bytes.TrimSuffix(input, []byte(":0"))
}

// Nothing reports whether the plan leaves every name as it is.
func (p *Plan) Nothing() bool {
	return p.Strip == "" && p.Gone == nil && p.Prepend == "" && p.Number == nil && len(p.Frames)+len(p.Inputs)+len(p.Outer)+len(p.Missing)+len(p.Cut)+len(p.New) == 0
}

// Keeps reports whether a node stays.
func (p *Plan) Keeps(node []byte) bool {
	return Under(node, p.Strip) && (p.Gone == nil || !p.Gone(node))
}

// keepsName reports whether the node that a name outside the graph refers to stays, or the tensor gets a replacement.
func (p *Plan) keepsName(name []byte) bool {
	_, node, _ := Split(name)
	return p.Keeps(node) || len(p.Cut) > 0 && p.Cut[string(Spelling(name))] != ""
}

// dangles reports whether a node goes or is not there.
func (p *Plan) dangles(node []byte) bool {
	return !p.Keeps(node) || len(p.Missing) > 0 && p.Missing[string(node)]
}

// appendNode appends the new name of a node that stays.
func (p *Plan) appendNode(dst, node []byte) []byte {
	if p.Strip != "" && Under(node, p.Strip) {
		node = bytes.TrimLeft(node[len(p.Strip):], "/")
	}
	if p.Prepend != "" {
		dst = append(append(dst, p.Prepend...), '/')
	}
	dst = append(dst, node...)
	if p.Number != nil {
		if n := p.Number(node); n > 0 {
			dst = strconv.AppendInt(append(dst, '_'), int64(n), 10)
		}
	}
	return dst
}

// Node returns the new name of a node that stays.
func (p *Plan) Node(node string) string { return string(p.appendNode(nil, []byte(node))) }

// appendName appends the new form of a name that stands outside the graph: of a node or tensor, or of a scope. A name that
// lies outside an exported scope stays as it is, as in TensorFlow: there is nothing that it could become.
func (p *Plan) appendName(dst, name []byte, kind Kind) []byte {
	if len(name) == 0 {
		return dst
	}
	if kind == ScopeName {
		return p.appendScope(dst, name)
	}
	mark, node, port := Split(name)
	if len(p.Cut) > 0 && len(mark) == 0 {
		if other, ok := p.Cut[string(Spelling(name))]; ok {
			dst = p.appendNode(dst, []byte(other))
			if len(port) > 0 {
				dst = append(dst, ":0"...)
			}
			return dst
		}
	}
	if len(p.Outer) > 0 && len(mark) == 0 {
		if other, ok := p.Outer[string(Spelling(name))]; ok {
			// A tensor stays a tensor and a node a node.
			to, output, found := strings.Cut(other, ":")
			dst = append(dst, to...)
			switch {
			case len(port) == 0:
			case found:
				dst = append(append(dst, ':'), output...)
			default:
				dst = append(dst, ":0"...)
			}
			return dst
		}
	}
	dst = append(dst, mark...)
	return append(p.appendNode(dst, node), port...)
}

// appendScope appends the new name of a scope, context or frame.
func (p *Plan) appendScope(dst, name []byte) []byte {
	if other, ok := p.Frames[string(name)]; ok {
		return append(dst, other...)
	}
	if p.Strip != "" && Under(name, p.Strip) {
		name = bytes.TrimLeft(name[len(p.Strip):], "/")
	}
	if p.Prepend != "" {
		dst = append(append(dst, p.Prepend...), '/')
	}
	return append(dst, name...)
}

// A fate is what becomes of an input.
type fate int

const (
	stays   fate = iota // with the node that it names, perhaps under another name
	mapped              // to a node that is there already
	unbound             // it comes from outside an exported scope
	gone                // its node goes
)

// appendInput appends the new form of an input of a node. Of one whose node goes, nothing is appended.
func (p *Plan) appendInput(dst, input []byte) ([]byte, fate) {
	if len(p.Inputs) > 0 {
		if other, ok := p.Inputs[string(Spelling(input))]; ok {
			return append(dst, other...), mapped
		}
	}
	mark, node, port := Split(input)
	if len(p.Cut) > 0 && len(mark) == 0 {
		if other, ok := p.Cut[string(Spelling(input))]; ok {
			return p.appendNode(dst, []byte(other)), mapped
		}
	}
	if !Under(node, p.Strip) {
		dst = append(dst, mark...)
		if !bytes.HasPrefix(node, []byte(UnboundPrefix)) {
			dst = append(dst, UnboundPrefix...)
		}
		dst = append(dst, node...)
		return append(dst, port...), unbound
	}
	if p.Gone != nil && p.Gone(node) && !p.New[string(node)] {
		return dst, gone
	}
	dst = append(dst, mark...)
	return append(p.appendNode(dst, node), port...), stays
}
