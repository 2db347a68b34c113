package problems

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A nodePlace identifies a node of the graph or of a function body.
type nodePlace struct {
	name     []byte
	function string // "" for the graph
}

// report adds a problem of a node. In function bodies, nearly every problem becomes a problem of the body.
func (f *problemFinder) report(p *nodePlace, kind problemKind, group string, message func() string) {
	f.advise(p, kind, group, message, "")
}

// advise is report with a specific hint; see addAdvice.
func (f *problemFinder) advise(p *nodePlace, kind problemKind, group string, message func() string, hint string) {
	if p.function == "" {
		f.found.addAdvice(kind, group, 1, func() string { return "node " + shown(p.name) }, message, hint)
		return
	}
	built := f.builds(p.function)
	switch {
	case kind == undefinedFunctionAttr && !f.hasObjects:
		// The import does not check this.
	case kind == undefinedFunctionAttr:
		kind = undefinedFunction
	case (kind == unregisteredOp || kind == undefinedFunction) && built:
		// The hint about the op helps in function bodies too.
	case kind == unregisteredOp:
		kind = uncalledUnregisteredOp
	case kind == duplicateNode || built:
		kind, group, hint = functionBody, p.function, ""
	default:
		kind, group, hint = uncalledFunctionBody, p.function, ""
	}
	f.found.addAdvice(kind, group, 1, func() string { return "function " + shown(p.function) + ", node " + shown(p.name) }, message, hint)
}

// builds reports whether TensorFlow instantiates a function during the import. It does so if the graph calls the function, and
// always in a SavedModel of TensorFlow 2 (load_function_def_library in tensorflow/python/saved_model/function_deserialization.py).
func (f *problemFinder) builds(function string) bool {
	k, known := f.byName[function]
	return known && f.called[k] || f.hasObjects
}

// findInNodes checks the name, the op and the attrs of every node.
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
		if !scope.ValidName(p.name) {
			f.report(&p, invalidNodeName, "", fixed("TensorFlow does not allow this name"))
		}
		facts := f.checkNode(&p, f.g.Raw(i), f.infos[f.g.Op(i)])
		f.types[i] = facts.types
		f.recorded.set(i, f.g.Len(), facts.shapes)
	}
}

// A nodeFacts holds the facts that follow from the attrs of a node: the types of its inputs and outputs, nil if unknown, and the
// number of its list of recorded shapes, 0 for none.
type nodeFacts struct {
	types  *opTypes
	shapes int32
}

// A nodeKind is what valid nodes of the graph with the same facts have in common: the op and the bytes of their attrs.
type nodeKind struct {
	op    *opInfo
	attrs string
}

// checkNode checks the op and the attrs of the node with NodeDef raw (ValidateNodeDef in
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
	// Most nodes with the same op have the same attrs as another one, except for the colocation group.
	cached := p.function == "" && len(attrs) <= maxCachedAttrs
	if cached {
		var class []byte
		if attrs, class = f.cutClass(attrs); len(class) > 0 {
			f.checkClass(p, class)
		}
	}
	if cached {
		if facts, known := f.seen[nodeKind{op, string(attrs)}]; known {
			return facts
		}
	}
	before := f.found.places
	facts := f.checkAttrs(p, attrs, op)
	if cached && f.found.places == before && op.seen < maxCached {
		op.seen++
		f.seen[nodeKind{op, string(attrs)}] = facts
	}
	return facts
}

// attrsOf returns the bytes of a NodeDef from the first attr on. It returns more if a length before that has several bytes.
func attrsOf(raw []byte) []byte {
	const bytesTag = byte(protowire.BytesType)
	for at := 0; at+1 < len(raw); {
		switch raw[at] {
		case byte(fieldnum.NodeDef_Name)<<3 | bytesTag, byte(fieldnum.NodeDef_Op)<<3 | bytesTag, byte(fieldnum.NodeDef_Input)<<3 | bytesTag,
			byte(fieldnum.NodeDef_Device)<<3 | bytesTag:
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

// cutClass returns attrs without the attr _class, and the value of _class. The result is valid until the next call. cutClass finds
// the attr only if all lengths up to it have one byte.
func (f *problemFinder) cutClass(attrs []byte) (rest, class []byte) {
	const (
		attrTag = byte(fieldnum.NodeDef_Attr)<<3 | byte(protowire.BytesType)
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

// maxCachedAttrs is the maximum length of the attrs that are cached as valid; maxCached is how many are cached for one op.
const (
	maxCachedAttrs = 256
	maxCached      = 1 << 12
)

// checkAttrs checks the attrs of a node. node is its NodeDef or the end of it, from the first attr on.
func (f *problemFinder) checkAttrs(p *nodePlace, node []byte, op *opInfo) nodeFacts {
	clear(op.attrValues)
	clear(op.present)
	known := op.kind == registeredOp || op.kind == functionOp
	var shapes, class []byte // _output_shapes, _class
	hasShapes := false
	for s := wire.Scan(node); s.Next(); {
		if !s.Is(fieldnum.NodeDef_Attr) {
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

// fewAttrs is the number of attrs up to which a linear search is faster than a map.
const fewAttrs = 16

// attr returns the number of an attr, or -1 if the op does not have it.
func (op *opInfo) attr(key []byte) int {
	if len(op.attrs) > fewAttrs { // a hostile op and its node can have thousands
		if i, ok := op.numbers[string(key)]; ok {
			return i
		}
		return -1
	}
	for i := range op.attrs {
		if op.attrs[i].name == string(key) {
			return i
		}
	}
	return -1
}

// unknownOp reports an op that is neither registered nor a function of the file.
func (f *problemFinder) unknownOp(p *nodePlace, op *opInfo) {
	library, known := opdef.LibraryOf(op.name)
	if !known && f.lostFunction(p, op) {
		f.report(p, undefinedFunction, op.name, func() string {
			return "calls function " + shown(op.name) + ", which is not in the library"
		})
		return
	}
	hint := ""
	if known {
		hint = fmt.Sprintf(libraryHint, library.Package, library.Import)
	}
	f.advise(p, unregisteredOp, op.name, func() string {
		message := fmt.Sprintf("op %s is not registered in TensorFlow %s", shown(op.name), opdef.ReferenceVersion)
		if known {
			message += "; " + library.Package + " registers it"
		}
		return message
	}, hint)
}

// lostFunction reports whether an unregistered op was a function of the file. The op list of a file defines all ops of its graph,
// including those of other libraries, but no functions.
func (f *problemFinder) lostFunction(p *nodePlace, op *opInfo) bool {
	if op.kind != unknownOp {
		return false
	}
	return looksLikeFunction(op.name) || p.function == "" && f.ops.listed.Len() > 0
}
