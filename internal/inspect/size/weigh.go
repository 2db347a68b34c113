package size

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/opdef"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A weigher adds up the sizes in one MetaGraphDef.
type weigher struct {
	graph     wire.Graph
	depth     int
	fields    parts
	scopes    parts
	ops       parts
	parts     parts
	attrs     parts // by key, until they are merged into parts
	functions parts
	nodeBytes int64
	tensors   []tensorAt
	saverOps  map[string]bool // the scopes that contain save and restore ops
	inFile    []string        // names of the functions in file order
}

// weigh adds up the whole message.
func (w *weigher) weigh(m *wire.MetaGraph) error {
	for i := range m.Fields {
		f := m.Fields[i]
		bytes := f.Size()
		if f.Type != protowire.BytesType {
			w.fields.addNamed(fieldName(f.Num), 1, bytes)
			continue
		}
		switch f.Num {
		case fieldnum.MetaGraphDef_MetaInfoDef:
			inside, err := w.weighInside(f.Data, "meta_info_def.stripped_op_list", fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, fieldnum.OpList_Op)
			if err != nil {
				return fmt.Errorf("read meta_info_def: %w", err)
			}
			w.fields.addNamed("meta_info_def", 1, bytes-inside)
		case fieldnum.MetaGraphDef_GraphDef:
			inside, err := w.weighGraph(f.Data)
			if err != nil {
				return err
			}
			w.fields.addNamed("graph_def", 1, bytes-inside)
		case fieldnum.MetaGraphDef_CollectionDef, fieldnum.MetaGraphDef_SignatureDef:
			key, value := wire.MapEntry(f.Data)
			entries := 1
			if f.Num == fieldnum.MetaGraphDef_CollectionDef {
				kind, list := scope.KindOf(value)
				entries, _ = model.CountEntries(scope.CollectionKinds[kind], list) // counts up to the first damage
			}
			w.fields.addNamed(fieldName(f.Num)+"["+string(key)+"]", entries, bytes)
		default:
			w.fields.addNamed(fieldName(f.Num), 1, bytes)
		}
	}
	return nil
}

// fieldName returns the name of a field of MetaGraphDef.
func fieldName(num protowire.Number) string {
	if f := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor().Fields().ByNumber(num); f != nil {
		return string(f.Name())
	}
	return fmt.Sprintf("unknown field %d", num)
}

// weighInside adds the fields num of a message as one part, whose count is the number of item fields in them. It
// returns the part's size.
func (w *weigher) weighInside(message []byte, name string, num, item protowire.Number) (int64, error) {
	var bytes int64
	count := 0
	s := wire.Scan(message)
	for s.Next() {
		if !s.Is(num) {
			continue
		}
		bytes += int64(len(s.Raw))
		inner := wire.Scan(s.Data)
		for inner.Next() {
			if inner.Is(item) {
				count++
			}
		}
		if err := inner.Err(); err != nil {
			return 0, err
		}
	}
	if bytes > 0 {
		w.fields.addNamed(name, count, bytes)
	}
	return bytes, s.Err()
}

// weighGraph adds up a GraphDef and returns the size of the parts that are listed separately.
func (w *weigher) weighGraph(graph []byte) (int64, error) {
	var inside int64
	nodes := 0
	s := wire.Scan(graph)
	for s.Next() {
		bytes := int64(len(s.Raw))
		switch {
		case s.Is(fieldnum.GraphDef_Node):
			if err := w.weighNode(s.Field, nodes); err != nil {
				return 0, fmt.Errorf("read node %d: %w", nodes, err)
			}
			nodes++
			w.nodeBytes += bytes
		case s.Is(fieldnum.GraphDef_Library):
			if err := w.weighLibrary(s.Data, bytes); err != nil {
				return 0, err
			}
			inside += bytes
		case s.Is(fieldnum.GraphDef_DebugInfo):
			w.fields.addNamed("graph_def.debug_info", 1, bytes)
			inside += bytes
		}
	}
	if err := s.Err(); err != nil {
		return 0, fmt.Errorf("read the graph: %w", err)
	}
	if nodes > 0 {
		w.fields.addNamed("graph_def.node", nodes, w.nodeBytes)
	}
	for i := range w.attrs.list {
		a := &w.attrs.list[i]
		w.parts.addNamed("attr["+a.Name+"]", a.Count, a.Bytes)
	}
	return inside + w.nodeBytes, nil
}

// weighNode adds up node i, given its complete field.
func (w *weigher) weighNode(field wire.Field, i int) error {
	var name, op []byte
	var inside int64
	s := wire.Scan(field.Data)
	for s.Next() {
		bytes := int64(len(s.Raw))
		inside += bytes
		part := "other fields"
		switch {
		case s.Is(fieldnum.NodeDef_Attr):
			w.weighAttr(s.Field, i, inGraph)
			continue
		case s.Is(fieldnum.NodeDef_Name):
			name, part = s.Data, "name"
		case s.Is(fieldnum.NodeDef_Op):
			op, part = s.Data, "op"
		case s.Is(fieldnum.NodeDef_Input):
			part = "input"
		case s.Is(fieldnum.NodeDef_Device):
			part = "device"
		case s.Is(fieldnum.NodeDef_ExperimentalDebugInfo):
			part = "experimental_debug_info"
		case s.Is(fieldnum.NodeDef_ExperimentalType):
			part = "experimental_type"
		}
		w.parts.addNamed(part, 1, bytes)
	}
	if err := s.Err(); err != nil {
		return err
	}
	all := int64(len(field.Raw))
	w.parts.addNamed("(tag and length)", 1, all-inside)
	w.ops.add(op, 1, all)
	w.scopes.add(scopeOf(name, w.depth), 1, all)
	if opdef.IsSaverOp(string(op)) {
		if w.saverOps == nil {
			w.saverOps = make(map[string]bool)
		}
		w.saverOps[string(scopeOf(name, len(name)))] = true
	}
	return nil
}

// inGraph is the function number of nodes that are not in a function.
const inGraph = -1

// weighAttr adds up an attr of node i, in the body of a function or (inGraph) in the graph.
func (w *weigher) weighAttr(field wire.Field, i, function int) {
	key, value := wire.MapEntry(field.Data)
	if function == inGraph {
		w.attrs.add(key, 1, int64(len(field.Raw)))
	}
	for tensor := range wire.All(value, fieldnum.AttrValue_Tensor) {
		w.addTensor(tensor, i, function)
	}
}

// scopeOf returns the first depth components of a node's scope, which is empty at the top level.
func scopeOf(name []byte, depth int) []byte {
	end := 0
	for i, c := range name {
		if c != '/' {
			continue
		}
		end = i
		depth--
		if depth == 0 {
			break
		}
	}
	return name[:end]
}

// weighLibrary adds up the function library. all is its size including tag and length.
func (w *weigher) weighLibrary(library []byte, all int64) error {
	count := 0
	s := wire.Scan(library)
	for s.Next() {
		if !s.Is(fieldnum.FunctionDefLibrary_Function) {
			continue
		}
		count++
		function := wire.Function(s.Data)
		name := function.Name()
		number := len(w.inFile)
		w.inFile = append(w.inFile, name)
		nodes := 0
		body := wire.Scan(function)
		for body.Next() {
			if !body.Is(fieldnum.FunctionDef_NodeDef) {
				continue
			}
			node := wire.Scan(body.Data)
			for node.Next() {
				if node.Is(fieldnum.NodeDef_Attr) {
					w.weighAttr(node.Field, nodes, number)
				}
			}
			if err := node.Err(); err != nil {
				return fmt.Errorf("read function %q, node %d: %w", name, nodes, err)
			}
			nodes++
		}
		if err := body.Err(); err != nil {
			return fmt.Errorf("read function %q: %w", name, err)
		}
		w.functions.addNamed(name, nodes, int64(len(s.Raw)))
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read the function library: %w", err)
	}
	w.fields.addNamed("graph_def.library", count, all)
	return nil
}
