package scope

import (
	"bytes"
	"strconv"
	"strings"
)

// A Plan describes how names change: those of nodes, inputs, scopes and frames. It is computed first and then applied
// everywhere that names occur, by NodeRewriter.Graph, Collection, Message and similar methods. The zero value changes nothing.
//
// An export sets Strip, and Drops for the nodes of extraneous savers. An import sets Prepend, or Number if single names
// are taken, and Frames, Inputs and Outer.
type Plan struct {
	Strip string            // keep only the nodes in this scope, and remove the scope from their names
	Drops func([]byte) bool // further nodes to remove; nil: none
	Mutes func([]byte) bool // kept nodes that lose their outputs; nil: none

	Prepend string            // a scope to add to every name
	Number  func([]byte) int  // the N for nodes that become NAME_N, 0 for other nodes; nil: no node is numbered
	Frames  map[string]string // new names of frames and contexts, including Prepend

	// Prune removes optional parts of the protos in collections if they name a node that is removed or in Missing.
	// Examples are nodes that gradients added to a context that is exported without them, and the initial value of a
	// variable. TensorFlow keeps such names, and then fails to load the file.
	Prune   bool
	Missing map[string]bool

	// Cut replaces tensors of removed nodes in inputs, collections and signatures. It maps the Spelling of a tensor to a
	// new node, whose first output takes the tensor's place. New holds the names of all new nodes. Whole removes an
	// entry of a registered collection if any name in it belongs to a removed node.
	Cut   map[string]string
	New   map[string]bool
	Whole bool

	Inputs map[string]string // replacements for inputs of the file: from the Spelling of a tensor or control input to the input to write
	// FurtherControls lists further control inputs to add where Inputs replaces a control input.
	FurtherControls map[string][]string
	Outer           map[string]string // like Inputs, but for names outside the nodes, as in collections
}

// Spelling returns the canonical spelling of an input or tensor, without `:0`. The keys of Plan's Inputs and Outer use
// it.
func Spelling(input []byte) []byte {
	return bytes.TrimSuffix(input, []byte(":0"))
}

// Nothing reports whether the plan changes no name.
func (p *Plan) Nothing() bool {
	return p.Strip == "" && p.Drops == nil && p.Prepend == "" && p.Number == nil && len(p.Frames)+len(p.Inputs)+len(p.Outer)+len(p.Missing)+len(p.Cut)+len(p.New) == 0
}

// Keeps reports whether the plan keeps a node.
func (p *Plan) Keeps(node []byte) bool {
	return Under(node, p.Strip) && (p.Drops == nil || !p.Drops(node))
}

// removes reports whether the plan may remove a node.
func (p *Plan) removes() bool { return p.Strip != "" || p.Drops != nil }

// keepsName reports whether a name outside the graph remains valid: its node is kept with its outputs, or its tensor is replaced.
func (p *Plan) keepsName(name []byte) bool {
	_, node, port := Split(name)
	muted := len(port) > 0 && p.Mutes != nil && p.Mutes(node)
	return p.Keeps(node) && !muted || len(p.Cut) > 0 && p.Cut[string(Spelling(name))] != ""
}

// dangles reports whether a node is removed or missing.
func (p *Plan) dangles(node []byte) bool {
	return !p.Keeps(node) || len(p.Missing) > 0 && p.Missing[string(node)]
}

// rename returns the parts of the new name of a kept node: a scope to prepend, the part of the old name that stays, and
// the N of a name that becomes NAME_N, else 0.
func (p *Plan) rename(node []byte) (scope string, rest []byte, number int) {
	rest = node
	if p.Strip != "" && Under(node, p.Strip) {
		rest = bytes.TrimLeft(node[len(p.Strip):], "/")
	}
	if p.Number != nil {
		number = p.Number(rest)
	}
	return p.Prepend, rest, number
}

// appendNode appends the new name of a kept node.
func (p *Plan) appendNode(dst, node []byte) []byte {
	scope, rest, number := p.rename(node)
	if scope != "" {
		dst = append(append(dst, scope...), '/')
	}
	return appendNumber(append(dst, rest...), number)
}

// appendNumber appends the end of a name with a number, which is 0 for none.
func appendNumber(name []byte, number int) []byte {
	if number == 0 {
		return name
	}
	return strconv.AppendInt(append(name, '_'), int64(number), 10)
}

// Node returns the new name of a kept node.
func (p *Plan) Node(node string) string { return string(p.appendNode(nil, []byte(node))) }

// appendName appends the new form of a name outside the graph: that of a node, a tensor or a scope. A name outside the
// exported scope stays unchanged, as in TensorFlow.
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
			// A tensor name remains a tensor name, and a node name remains a node name.
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

// An inputAction is the change that a plan makes to an input.
type inputAction int

const (
	inputKept    inputAction = iota // keep it, perhaps under a new name
	inputMapped                     // replace it by another tensor or node
	inputUnbound                    // mark it as coming from outside the exported scope
	inputRemoved                    // remove it, because its node is removed
)

// appendInput appends the new form of a node's input, which Split has split, if it is mapped or unbound. It returns what
// happens to the input.
func (p *Plan) appendInput(dst, input, mark, node []byte) ([]byte, inputAction) {
	if len(p.Inputs) > 0 {
		if other, ok := p.Inputs[string(Spelling(input))]; ok {
			return append(dst, other...), inputMapped
		}
	}
	if len(p.Cut) > 0 && len(mark) == 0 {
		if other, ok := p.Cut[string(Spelling(input))]; ok {
			return p.appendNode(dst, []byte(other)), inputMapped
		}
	}
	if !Under(node, p.Strip) {
		dst = append(dst, mark...)
		if !bytes.HasPrefix(node, []byte(UnboundPrefix)) {
			dst = append(dst, UnboundPrefix...)
		}
		return append(dst, input[len(mark):]...), inputUnbound
	}
	if p.Drops != nil && p.Drops(node) && !p.New[string(node)] {
		return dst, inputRemoved
	}
	return dst, inputKept
}
