package dataflow

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Method is one traced signature of a function that belongs to an object in a TensorFlow 2 SavedModel.
type Method struct {
	Method   string     `json:"method"`   // the path from the root object, such as "__call__" or "encoder.encode"
	Function string     `json:"function"` // its name in the function library
	Inputs   []Argument `json:"inputs"`   // in argument order
	Outputs  []Argument `json:"outputs"`  // in the order of the flattened result
}

// An Argument is one tensor that a Method takes or returns.
type Argument struct {
	Key   string       `json:"key"`   // the argument's name, or its place in a structure, such as "0" or "output.mask"
	DType string       `json:"dtype"` // TensorFlow's short name; empty if the argument is not a plain tensor
	Shape tensor.Shape `json:"shape"`
}

const (
	maxMethods   = 64  // the most methods to list
	maxArguments = 256 // the most tensors to list for each
	maxObjects   = 4096
	maxNested    = 32 // the greatest depth of nested structures
)

// A methodReader reads the methods in the object graph of a SavedModel.
type methodReader struct {
	objects   [][]byte          // SavedObject messages
	functions map[string][]byte // SavedConcreteFunction messages
	methods   []Method
}

// readMethods returns the public methods of the root object of m. If it has none, it returns those of the nearest
// objects that have some. Unreadable objects and functions are skipped.
func readMethods(m *wire.MetaGraph) []Method {
	graph, ok := m.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	if !ok {
		return nil
	}
	r := methodReader{functions: make(map[string][]byte)}
	for s := wire.Scan(graph); s.Next(); {
		switch {
		case s.Is(fieldnum.SavedObjectGraph_Nodes):
			r.objects = append(r.objects, s.Data)
		case s.Is(fieldnum.SavedObjectGraph_ConcreteFunctions):
			key, value := wire.MapEntry(s.Data)
			r.functions[string(key)] = value
		}
	}
	type place struct {
		object int
		path   string
	}
	seen := map[int]bool{0: true}
	for level := []place{{}}; len(level) > 0 && len(r.methods) == 0 && len(seen) < maxObjects; {
		var next []place
		for _, at := range level {
			object, ok := r.object(at.object)
			if !ok {
				continue
			}
			for _, child := range object.GetChildren() {
				id, name := int(child.GetNodeId()), child.GetLocalName()
				if !publicName(name) || len(seen) >= maxObjects {
					continue
				}
				path := strings.TrimPrefix(at.path+"."+name, ".")
				if r.addFunction(id, path) || seen[id] {
					continue
				}
				seen[id] = true
				next = append(next, place{id, path})
			}
		}
		level = next
	}
	return r.methods
}

// publicName reports whether a child of that name is meant to be called by users. Signatures are listed separately,
// and Keras keeps private functions next to __call__.
func publicName(name string) bool {
	return name == "__call__" || name != "signatures" && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "call_and_return_")
}

// object returns object id, and false if it does not exist or cannot be decoded.
func (r *methodReader) object(id int) (*tfpb.SavedObject, bool) {
	if id < 0 || id >= len(r.objects) {
		return nil, false
	}
	object := new(tfpb.SavedObject)
	return object, schema.Unmarshal(r.objects[id], object) == nil
}

// addFunction adds the traces of a function object. It returns false if the object is not a function.
func (r *methodReader) addFunction(id int, path string) bool {
	object, ok := r.object(id)
	if !ok {
		return false
	}
	var traces []string
	switch {
	case object.GetFunction() != nil:
		traces = object.GetFunction().GetConcreteFunctions()
	case object.GetBareConcreteFunction() != nil:
		traces = []string{object.GetBareConcreteFunction().GetConcreteFunctionName()}
	default:
		return false
	}
	for _, name := range traces {
		trace := new(tfpb.SavedConcreteFunction)
		raw, ok := r.functions[name]
		if !ok || len(r.methods) == maxMethods || schema.Unmarshal(raw, trace) != nil {
			continue
		}
		r.methods = append(r.methods, Method{
			Method:   path,
			Function: name,
			Inputs:   appendArguments([]Argument{}, trace.GetCanonicalizedInputSignature(), "", maxNested),
			Outputs:  appendArguments([]Argument{}, trace.GetOutputSignature(), "", maxNested),
		})
	}
	return true
}

// appendArguments appends the tensors in a structure in TensorFlow's flattening order
// (tensorflow/python/util/nest.py). The positional and keyword parts of an input signature are an ordinary tuple.
func appendArguments(list []Argument, v *tfpb.StructuredValue, key string, depth int) []Argument {
	if v == nil || depth == 0 || len(list) >= maxArguments {
		return list
	}
	inner := func(part string) string { return strings.TrimPrefix(key+"."+part, ".") }
	elements := func(values []*tfpb.StructuredValue) {
		for k, value := range values {
			list = appendArguments(list, value, inner(strconv.Itoa(k)), depth-1)
		}
	}
	spec := func(name string, dtype tfpb.DataType, shape *tfpb.TensorShapeProto) {
		if name == "" {
			name = key
		}
		list = append(list, Argument{Key: name, DType: tensor.DTypeName(int32(dtype)), Shape: tensor.ShapeOf(shape)})
	}
	switch {
	case v.GetTensorSpecValue() != nil:
		spec(v.GetTensorSpecValue().GetName(), v.GetTensorSpecValue().GetDtype(), v.GetTensorSpecValue().GetShape())
	case v.GetBoundedTensorSpecValue() != nil:
		spec(v.GetBoundedTensorSpecValue().GetName(), v.GetBoundedTensorSpecValue().GetDtype(), v.GetBoundedTensorSpecValue().GetShape())
	case v.GetTypeSpecValue() != nil:
		list = append(list, Argument{Key: inner(v.GetTypeSpecValue().GetTypeSpecClassName())})
	case v.GetListValue() != nil:
		elements(v.GetListValue().GetValues())
	case v.GetTupleValue() != nil:
		elements(v.GetTupleValue().GetValues())
	case v.GetNamedTupleValue() != nil:
		for _, pair := range v.GetNamedTupleValue().GetValues() {
			list = appendArguments(list, pair.GetValue(), inner(pair.GetKey()), depth-1)
		}
	case v.GetDictValue() != nil:
		fields := v.GetDictValue().GetFields()
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			list = appendArguments(list, fields[name], inner(name), depth-1)
		}
	}
	return list
}
