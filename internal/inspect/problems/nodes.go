package problems

import (
	"fmt"
	"slices"

	"github.com/metagraph/metagraph/internal/inspect/model"
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
	case kind == undefinedFunctionAttr && !f.hasObjects, kind == unknownAttr:
		// The import does not check this.
	case kind == undefinedFunctionAttr:
		kind = undefinedFunction
	case (kind == unregisteredOp || kind == undefinedFunction) && built:
		// The hint about the op helps in function bodies too.
	case kind == unregisteredOp:
		kind = uncalledUnregisteredOp
	case kind == duplicateNode || built && kind != uncalledFunctionBody:
		kind, group, hint = functionBody, p.function, ""
	default:
		kind, group, hint = uncalledFunctionBody, p.function, ""
	}
	f.found.addAdvice(kind, group, 1, func() string { return "function " + shown(p.function) + ", node " + shown(p.name) }, message, hint)
}

// builds reports whether TensorFlow instantiates a function during the import. It does so if the graph calls the function, and
// always in a SavedModel of TensorFlow 2 (load_function_def_library in tensorflow/python/saved_model/function_deserialization.py).
func (f *problemFinder) builds(function string) bool {
	k, known := f.ops.Function(function)
	return known && f.called[k] || f.hasObjects
}

// findInNodes checks the name, the op and the attrs of every node. One node of each kind stands for the others of its kind.
func (f *problemFinder) findInNodes() {
	ops := f.g.Ops()
	f.infos = make([]*opInfo, len(ops))
	for id, name := range ops {
		f.infos[id] = f.op(name)
	}
	for _, i := range f.g.Duplicates() {
		f.found.add(duplicateNode, "", f.node(int(i)), fixed("an earlier node has the same name"))
	}
	sound := make([]bool, f.kinds+1) // by kind, whether checkAttrs has found nothing
	numbers := make(map[nodeFacts]int32)
	f.facts = make([]nodeFacts, f.kinds+1)
	for i, kind := range f.factsOf {
		op := f.infos[f.g.Op(i)]
		if sound[kind] && op.known() {
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
		if kind != model.NoKind {
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
	case op.Name == "":
		f.report(p, missingOp, "", fixed("has no op"))
		return false
	case !op.known():
		f.unknownOp(p, op)
	}
	return true
}

// checkAttrs checks the attrs of a node, whose NodeDef is node.
func (f *problemFinder) checkAttrs(p *nodePlace, node []byte, op *opInfo) nodeFacts {
	count := len(op.Attrs)
	f.attrs, f.present = slices.Grow(f.attrs[:0], count)[:count], slices.Grow(f.present[:0], count)[:count]
	clear(f.attrs)
	clear(f.present)
	known := op.known()
	var shapes, class []byte // _output_shapes, _class
	hasShapes := false
	for key, value := range wire.MapEntries(node, fieldnum.NodeDef_Attr) {
		if i := op.Attr(key); i >= 0 {
			f.attrs[i], f.present[i] = value, true
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
		for i := range op.Attrs {
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
	if op.Source == opdef.Undefined {
		return facts
	}
	types := op.types(f.attrs)
	facts.types = types
	if op.Name == "Const" && op.Source == opdef.InTensorFlow {
		f.checkConstant(p, op)
	}
	if hasShapes && types != nil && p.function == "" {
		f.checkOutputShapes(p, op, types, shapes)
	}
	return facts
}

// unknownOp reports an op that is neither registered nor a function of the file.
func (f *problemFinder) unknownOp(p *nodePlace, op *opInfo) {
	library, known := opdef.LibraryOf(op.Name)
	if !known && f.lostFunction(p, op) {
		f.report(p, undefinedFunction, op.Name, func() string {
			return "calls function " + shown(op.Name) + ", which is not in the library"
		})
		return
	}
	hint := ""
	if known {
		hint = fmt.Sprintf(libraryHint, library.Package, library.Import)
	}
	f.advise(p, unregisteredOp, op.Name, func() string {
		message := fmt.Sprintf("op %s is not registered in TensorFlow %s", shown(op.Name), opdef.ReferenceVersion)
		if known {
			message += "; " + library.Package + " registers it"
		}
		return message
	}, hint)
}

// lostFunction reports whether an unregistered op was a function of the file. The op list of a file defines all ops of its graph,
// including those of other libraries, but no functions.
func (f *problemFinder) lostFunction(p *nodePlace, op *opInfo) bool {
	if op.Source != opdef.Undefined {
		return false
	}
	return looksLikeFunction(op.Name) || p.function == "" && f.list.Len() > 0
}
