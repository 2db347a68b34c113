package problems

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/wire"
)

// A nodePlace says which node is looked at, in the graph or in the body of a function.
type nodePlace struct {
	name     []byte
	function string // "" for the graph
}

// report notes a problem of a node. In function bodies every problem is one of the body.
func (f *problemFinder) report(p *nodePlace, kind problemKind, group string, message func() string) {
	if p.function == "" {
		f.found.add(kind, group, func() string { return "node " + shown(p.name) }, message)
		return
	}
	switch {
	case kind == undefinedFunctionAttr:
		// The import does not look for it, wherever it stands.
	case kind == duplicateNode || f.called[p.function]:
		kind = functionBody
	default:
		kind = uncalledFunctionBody
	}
	f.found.add(kind, p.function, func() string { return "function " + shown(p.function) + ", node " + shown(p.name) }, message)
}

// findInNodes looks at every node by itself: its name, its op and its attrs.
func (f *problemFinder) findInNodes() {
	ops := f.g.Ops()
	f.infos = make([]*opInfo, len(ops))
	f.types = make([]*opTypes, f.g.Len())
	for id, name := range ops {
		f.infos[id] = f.ops.find(name)
	}
	for _, i := range f.g.Duplicates() {
		f.found.add(duplicateNode, "", f.node(int(i)), fixed("an earlier node has the same name"))
	}
	for i := range f.g.Len() {
		p := nodePlace{name: f.g.Name(i)}
		if !validNodeName(p.name) {
			f.report(&p, invalidNodeName, "", fixed("TensorFlow does not allow this name"))
		}
		facts := f.checkNode(&p, f.g.Raw(i), f.infos[f.g.Op(i)])
		f.types[i] = facts.types
		f.recorded.set(i, f.g.Len(), facts.shapes)
	}
}

// validNodeName reports whether TensorFlow takes name for the name of a node (IsValidNodeName in
// tensorflow/core/common_runtime/graph_constructor.cc).
func validNodeName(name []byte) bool {
	first := true // of the name, or behind a '>'
	for _, c := range name {
		switch class := nameBytes[c]; {
		case class == firstByte:
			first = false
		case first || class == 0:
			return false
		case c == '>':
			first = true
		}
	}
	return !first
}

// The bytes that can stand in a node name: anywhere, or not at the beginning.
const (
	firstByte = 1 + iota
	laterByte
)

var nameBytes = func() (classes [256]uint8) {
	for c := range classes {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.':
			classes[c] = firstByte
		case c == '_' || c == '-' || c == '/' || c == '>':
			classes[c] = laterByte
		}
	}
	return classes
}()

// A nodeFacts is what the attrs of a node say: the types of its inputs and outputs, nil where they are unknown, and the number of
// the shapes that it records, 0 where it records none.
type nodeFacts struct {
	types  *opTypes
	shapes int32
}

// checkNode looks at the op and the attrs of the node whose NodeDef is raw (ValidateNodeDef in
// tensorflow/core/framework/node_def_util.cc).
func (f *problemFinder) checkNode(p *nodePlace, raw []byte, op *opInfo) nodeFacts {
	switch {
	case op.name == "":
		f.report(p, missingOp, "", fixed("has no op"))
		return nodeFacts{}
	case op.kind == unknownOp || op.kind == listedOp:
		f.unknownOp(p, op)
	}
	attrs := attrsOf(raw)
	// Most nodes of an op have the same attrs as some other, but for their group.
	cached := p.function == "" && len(attrs) <= maxCachedAttrs
	if cached {
		var class []byte
		if attrs, class = f.cutClass(attrs); len(class) > 0 {
			f.checkClass(p, class)
		}
	}
	if cached {
		if facts, known := op.seen[string(attrs)]; known {
			return facts
		}
	}
	before := f.found.places
	facts := f.checkAttrs(p, attrs, op)
	if cached && f.found.places == before && len(op.seen) < maxCached {
		if op.seen == nil {
			op.seen = make(map[string]nodeFacts)
		}
		op.seen[string(attrs)] = facts
	}
	return facts
}

// attrsOf returns the bytes of a NodeDef from the first attr on, or more where what stands before that is not spelled in the
// shortest way.
func attrsOf(raw []byte) []byte {
	const bytesTag = byte(protowire.BytesType)
	for at := 0; at+1 < len(raw); {
		switch raw[at] {
		case byte(wire.NodeName)<<3 | bytesTag, byte(wire.NodeOp)<<3 | bytesTag, byte(wire.NodeInput)<<3 | bytesTag,
			byte(wire.NodeDevice)<<3 | bytesTag:
		default:
			return raw[at:]
		}
		length := int(raw[at+1])
		if length >= 0x80 || at+2+length > len(raw) {
			return raw[at:]
		}
		at += 2 + length
	}
	return nil
}

// cutClass returns attrs without the attr _class, in room that is used again, and the value of that. It finds it where all is
// spelled in the shortest way.
func (f *problemFinder) cutClass(attrs []byte) (rest, class []byte) {
	const (
		attrTag = byte(wire.NodeAttr)<<3 | byte(protowire.BytesType)
		key     = "\x0a\x06_class"
	)
	for at := 0; at+1 < len(attrs) && attrs[at] == attrTag; {
		end := at + 2 + int(attrs[at+1])
		if attrs[at+1] >= 0x80 || end > len(attrs) {
			break
		}
		if entry := attrs[at+2 : end]; len(entry) > len(key) && string(entry[:len(key)]) == key {
			_, class = wire.MapEntry(entry)
			f.attrs = append(append(f.attrs[:0], attrs[:at]...), attrs[end:]...)
			return f.attrs, class
		}
		at = end
	}
	return attrs, nil
}

// maxCachedAttrs is how long attrs can be that are remembered to be in order, maxCached how many of one op are remembered.
const (
	maxCachedAttrs = 256
	maxCached      = 1 << 12
)

// checkAttrs looks at the attrs of a node, which stand in the bytes of its NodeDef or in the end of them.
func (f *problemFinder) checkAttrs(p *nodePlace, node []byte, op *opInfo) nodeFacts {
	clear(op.attrValues)
	clear(op.present)
	known := op.kind == registeredOp || op.kind == functionOp
	var shapes, class []byte // _output_shapes, _class
	hasShapes := false
	for s := wire.Scan(node); s.Next(); {
		if !s.Is(wire.NodeAttr) {
			continue
		}
		key, value := wire.MapEntry(s.Data)
		if i := op.attr(key); i >= 0 {
			op.attrValues[i], op.present[i] = value, true
			continue
		}
		switch {
		case string(key) == "_output_shapes":
			shapes, hasShapes = value, true
		case string(key) == "_class":
			class = value
		default:
			if known && (len(key) == 0 || key[0] != '_') {
				f.unknownAttr(p, op, key, value)
			}
		}
	}
	if known {
		for i := range op.attrs {
			f.checkAttr(p, op, i)
		}
	}
	if len(class) > 0 && p.function == "" {
		f.checkClass(p, class)
	}
	var facts nodeFacts
	if hasShapes && p.function == "" {
		facts.shapes = f.recorded.number(shapes)
	}
	if op.kind == unknownOp {
		return facts
	}
	types := op.types(op.attrValues)
	facts.types = types
	if op.name == "Const" && op.kind == registeredOp {
		f.checkConstant(p, op)
	}
	if hasShapes && types != nil && p.function == "" {
		f.checkOutputShapes(p, op, types, shapes)
	}
	return facts
}

// attr returns the number of an attr, -1 where the op does not have it.
func (op *opInfo) attr(key []byte) int {
	for i := range op.attrs {
		if op.attrs[i].name == string(key) {
			return i
		}
	}
	return -1
}

// unknownOp notes an op that is neither registered nor a function of the file.
func (f *problemFinder) unknownOp(p *nodePlace, op *opInfo) {
	if op.kind == unknownOp && looksLikeFunction(op.name) {
		f.report(p, undefinedFunction, op.name, func() string {
			return "calls function " + shown(op.name) + ", which is not in the library"
		})
		return
	}
	f.report(p, unregisteredOp, op.name, func() string {
		return fmt.Sprintf("op %s is not registered in TensorFlow %s", shown(op.name), opdef.ReferenceVersion)
	})
}
