package inspect

import (
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	tfpb "github.com/metagraph/metagraph/internal/proto"
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
			if s.Num > wire.NodeAttr {
				f.texts(s.Field, p)
			}
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
			f.texts(s.Field, p)
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
		return fmt.Sprintf("op %s is not registered in TensorFlow %s", shown(op.name), ReferenceVersion)
	})
}

// unknownAttr notes an attr that the op does not have, unless TensorFlow drops it without a word: because it has the default
// of the producer's definition (_RemoveDefaultAttrs in tensorflow/python/framework/importer.py).
func (f *problemFinder) unknownAttr(p *nodePlace, op *opInfo, key, value []byte) {
	if def := f.ops.listed.find([]byte(op.name)); def != nil {
		for _, a := range def.GetAttr() {
			if a.GetName() == string(key) && a.GetDefaultValue() != nil && sameAttr(a.GetDefaultValue(), value) {
				return
			}
		}
	}
	f.report(p, unknownAttr, op.name+"\x00"+string(key), func() string {
		return fmt.Sprintf("attr %s is none that op %s has in TensorFlow %s", shown(key), shown(op.name), ReferenceVersion)
	})
}

// checkAttr looks at attr number i of the node whose attrs are in op.attrValues (ValidateAttrValue in
// tensorflow/core/framework/op_def_util.cc).
func (f *problemFinder) checkAttr(p *nodePlace, op *opInfo, i int) {
	a := &op.attrs[i]
	value := op.attrValues[i]
	if len(value) == 0 {
		// A default takes the place of an attr without a value; of a list, no value is an empty one.
		if !a.hasDefault && (!op.present[i] || !a.list) {
			f.report(p, missingAttr, op.name+"\x00"+a.name, func() string {
				return fmt.Sprintf("op %s needs attr %s (%s)", shown(op.name), shown(a.name), a.kindName)
			})
		}
		return
	}
	kind, field, err := attrField(value)
	if err != nil {
		f.report(p, damagedMessage, "", fixed("attr "+shown(a.name)+" breaks off: "+err.Error()))
		return
	}
	if kind == wire.AttrPlaceholder {
		if p.function == "" && !a.hasDefault {
			f.invalidAttr(p, op, a, func() string { return "is a placeholder, which only function bodies can hold" })
		}
		return
	}
	want := a.field
	if a.list {
		want = wire.AttrList
	}
	if a.field == 0 {
		return // of a type that no TensorFlow has
	}
	if kind != want {
		f.invalidAttr(p, op, a, func() string { return "is a " + attrKindName(kind) + " where the op has a " + a.kindName })
		return
	}
	if (a.field == wire.AttrFunc || a.field == wire.ListFunc) && !plain(value) {
		f.textsIn((*tfpb.AttrValue)(nil).ProtoReflect().Descriptor(), value, p)
	}
	switch {
	case a.list:
		f.checkList(p, op, a, value)
	case kind == wire.AttrType:
		f.checkType(p, op, a, int32(field.Uint()))
	case kind == wire.AttrI:
		if v := int64(field.Uint()); a.hasMinimum && v < a.minimum {
			f.invalidAttr(p, op, a, func() string { return fmt.Sprintf("is %d and must be at least %d", v, a.minimum) })
		}
	case kind == wire.AttrS:
		f.checkString(p, op, a, field.Data)
	case kind == wire.AttrFunc:
		name, _ := wire.AttrBytes(value, wire.AttrFunc)
		f.checkFunction(p, a.name, name, 0)
	case kind == wire.AttrTensor:
		tensor, _ := wire.AttrBytes(value, wire.AttrTensor)
		if _, wrong := checkTensor(tensor); wrong != nil {
			f.report(p, invalidTensor, "", func() string { return "attr " + shown(a.name) + " " + wrong() })
		}
	}
}

// invalidAttr notes a value that an attr cannot have.
func (f *problemFinder) invalidAttr(p *nodePlace, op *opInfo, a *opAttr, what func() string) {
	f.report(p, invalidAttr, op.name+"\x00"+a.name, func() string {
		return fmt.Sprintf("attr %s of op %s %s", shown(a.name), shown(op.name), what())
	})
}

// attrField returns which alternative of AttrValue is set, and its field; the last where several are, 0 where none is.
func attrField(value []byte) (protowire.Number, wire.Field, error) {
	var kind protowire.Number
	var field wire.Field
	s := wire.Scan(value)
	for s.Next() {
		ok := s.Type == protowire.BytesType
		switch s.Num {
		case wire.AttrI, wire.AttrB, wire.AttrType:
			ok = s.Type == protowire.VarintType
		case wire.AttrF:
			ok = s.Type == protowire.Fixed32Type
		}
		if ok && s.Num <= wire.AttrFunc {
			kind, field = s.Num, s.Field
		}
	}
	return kind, field, s.Err()
}

// attrKindName names an alternative of AttrValue as op definitions do.
func attrKindName(kind protowire.Number) string {
	if kind == wire.AttrList {
		return "list of another type"
	}
	for name, field := range attrFields {
		if field == kind {
			return name
		}
	}
	return "value of no type"
}

func (f *problemFinder) checkType(p *nodePlace, op *opInfo, a *opAttr, dtype int32) {
	_, known := tfpb.DataType_name[dtype]
	switch {
	case dtype == 0 || !known || dtype > refOffset:
		f.invalidAttr(p, op, a, func() string {
			return fmt.Sprintf("is the type %d (%s), which no attr can be", dtype, DTypeName(dtype))
		})
	case len(a.allowedTypes) > 0 && !slices.Contains(a.allowedTypes, dtype):
		f.invalidAttr(p, op, a, func() string {
			return "is " + DTypeName(dtype) + ", for which TensorFlow " + ReferenceVersion + " has no such op"
		})
	}
}

func (f *problemFinder) checkString(p *nodePlace, op *opInfo, a *opAttr, s []byte) {
	if len(a.allowedStrings) > 0 && !slices.Contains(a.allowedStrings, string(s)) {
		f.invalidAttr(p, op, a, func() string { return fmt.Sprintf("is %q, which is none of %q", s, a.allowedStrings) })
	}
}

// checkList looks at the elements of a list attr.
func (f *problemFinder) checkList(p *nodePlace, op *opInfo, a *opAttr, value []byte) {
	list, _ := wire.AttrBytes(value, wire.AttrList)
	var length int64
	s := wire.Scan(list)
	for s.Next() {
		if s.Num < wire.ListS || s.Num > wire.ListFunc {
			continue
		}
		if s.Num != a.field {
			f.invalidAttr(p, op, a, func() string { return "is a list of another type than " + a.kindName })
			return
		}
		switch a.field {
		case wire.AttrI, wire.AttrB, wire.AttrType, wire.AttrF:
			length += packedNumbers(s.Field, a.field == wire.AttrF)
		case wire.AttrS:
			length++
			f.checkString(p, op, a, s.Data)
		case wire.ListFunc:
			length++
			f.checkFunction(p, a.name, s.Data, 0)
		default:
			length++
		}
	}
	if err := s.Err(); err != nil {
		f.report(p, damagedMessage, "", fixed("attr "+shown(a.name)+" breaks off: "+err.Error()))
		return
	}
	if a.field == wire.AttrType {
		for _, dtype := range typesIn(value) {
			f.checkType(p, op, a, dtype)
		}
	}
	if a.hasMinimum && length < a.minimum {
		f.invalidAttr(p, op, a, func() string {
			return "has " + strconv.FormatInt(length, 10) + " elements and must have at least " + strconv.FormatInt(a.minimum, 10)
		})
	}
}

// maxFunctionDepth is how deep functions in the attrs of functions are followed.
const maxFunctionDepth = 16

// checkFunction looks at a function that an attr names, a NameAttrList, and at those in its attrs.
func (f *problemFinder) checkFunction(p *nodePlace, attr string, list []byte, depth int) {
	name := string(wire.Last(list, 1))
	if name != "" && f.ops.find(name).kind == unknownOp {
		f.report(p, undefinedFunctionAttr, name, func() string {
			return "attr " + shown(attr) + " names function " + shown(name) + ", which is not in the library"
		})
	}
	if depth == maxFunctionDepth {
		return
	}
	for s := wire.Scan(list); s.Next(); {
		if !s.Is(2) {
			continue
		}
		key, value := wire.MapEntry(s.Data)
		if nested, ok := wire.AttrBytes(value, wire.AttrFunc); ok {
			f.checkFunction(p, string(key), nested, depth+1)
		}
	}
}
