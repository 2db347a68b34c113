package problems

import (
	"fmt"

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

// findInNodes checks the name, the op and the attrs of every node. One node of each kind stands for the others of its kind.
func (f *problemFinder) findInNodes() {
	ops := f.g.Ops()
	f.infos = make([]*opInfo, len(ops))
	for id, name := range ops {
		f.infos[id] = f.ops.find(name)
	}
	for _, i := range f.g.Duplicates() {
		f.found.add(duplicateNode, "", f.node(int(i)), fixed("an earlier node has the same name"))
	}
	sound := make([]bool, f.kinds+1) // by kind, whether checkAttrs has found nothing
	numbers := make(map[nodeFacts]int32)
	f.facts = make([]nodeFacts, f.kinds+1)
	for i, kind := range f.factsOf {
		op := f.infos[f.g.Op(i)]
		if sound[kind] && op.kind != unknownOp && op.kind != listedOp {
			continue
		}
		p := nodePlace{name: f.g.Name(i)}
		if !scope.ValidName(p.name) {
			f.report(&p, invalidNodeName, "", fixed("TensorFlow does not allow this name"))
		}
		if !f.checkOp(&p, op) || sound[kind] {
			continue
		}
		before := f.found.places
		facts := f.checkAttrs(&p, f.g.Raw(i), op)
		if kind != noKind {
			f.facts[kind], sound[kind] = facts, f.found.places == before
			continue
		}
		number, known := numbers[facts]
		if !known {
			number = int32(len(f.facts))
			f.facts, numbers[facts] = append(f.facts, facts), number
		}
		f.factsOf[i] = number
	}
}

// A nodeFacts holds the facts that follow from the attrs of a node: the types of its inputs and outputs, nil if unknown, and the
// number of its list of recorded shapes, 0 for none.
type nodeFacts struct {
	types  *opTypes
	shapes int32
}

// types returns the types of the inputs and outputs of node i of the graph, or nil if they are unknown.
func (f *problemFinder) types(i int) *opTypes { return f.facts[f.factsOf[i]].types }

// checkOp checks the op of a node (ValidateNodeDef in tensorflow/core/framework/node_def_util.cc). It returns false for a node without
// an op.
func (f *problemFinder) checkOp(p *nodePlace, op *opInfo) bool {
	switch {
	case op.name == "":
		f.report(p, missingOp, "", fixed("has no op"))
		return false
	case op.kind == unknownOp || op.kind == listedOp:
		f.unknownOp(p, op)
	}
	return true
}

// checkAttrs checks the attrs of a node, whose NodeDef is node.
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
