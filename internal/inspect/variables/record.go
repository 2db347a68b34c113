package variables

import (
	"slices"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/tensor"
)

// A record holds what is known about one variable. A file can list a million variables by name alone, so a record is
// small, and details are separate.
type record struct {
	name      string
	node      int32 // Dangling if the graph has no such node
	dtype     int32 // 0 if unknown
	source    int32 // the last source, or none
	of        int32 // index of the variable to which a slot or a moving average belongs, or none
	kind      kind
	trainable bool
	details   *details // nil if nothing else is known
}

// details holds what is known about a variable that most names without a node lack.
type details struct {
	shape                          tensor.Shape
	initializer, initialValue, key string
	slice                          *tfpb.SaveSliceInfoDef // nil if the variable is not sliced
	parts                          []int32                // of the first part of a partitioned variable: all parts
}

const (
	// none is the index of no variable and of no source.
	none = -1
	// recordsAtOnce is how many records are allocated together.
	recordsAtOnce = 64
)

// A kind is the number of a VariableKind.
type kind uint8

const (
	modelKind kind = iota
	optimizerKind
	averageKind
	stepKind
	metricKind
	localKind
)

var kinds = [...]VariableKind{KindModel, KindOptimizer, KindMovingAverage, KindGlobalStep, KindMetric, KindLocal}

// known returns what is known about the variable, which must not be changed.
func (v *record) known() *details {
	if v.details == nil {
		return &nothing
	}
	return v.details
}

var nothing details

// detail returns the details of the variable to change them.
func (v *record) detail() *details {
	if v.details == nil {
		v.details = new(details)
	}
	return v.details
}

// slice returns the slice of a variable that is a part of another one, and nil for other variables.
func (v *record) slice() *tfpb.SaveSliceInfoDef {
	if slice := v.known().slice; slice != nil && isPart(v.name, slice) {
		return slice
	}
	return nil
}

// inWhole reports whether the variable is a part that is listed with the first part of its variable.
func (v *record) inWhole() bool { return v.slice() != nil && v.details.parts == nil }

// sources holds lists of sources. Variables with equal lists share one.
type sources struct {
	names []string         // the names of all sources
	last  []step           // by list
	known map[step]int32   // lists, by their last step
	ids   map[string]int32 // indices in names
}

// A step is a list of sources: another list, and one more source.
type step struct{ before, source int32 }

// add returns the list with one more source. Each source is read completely before the next, so only the last one can
// be a repeat.
func (s *sources) add(list int32, source string) int32 {
	if s.ids == nil {
		s.ids, s.known = make(map[string]int32), make(map[step]int32)
	}
	id, found := s.ids[source]
	if !found {
		id = int32(len(s.names))
		s.names, s.ids[source] = append(s.names, source), id
	}
	if list != none && s.last[list].source == id {
		return list
	}
	next := step{list, id}
	at, found := s.known[next]
	if !found {
		at = int32(len(s.last))
		s.last, s.known[next] = append(s.last, next), at
	}
	return at
}

// of returns the sources in a list, in order.
func (s *sources) of(list int32) []string {
	var names []string
	for ; list != none; list = s.last[list].before {
		names = append(names, s.names[s.last[list].source])
	}
	slices.Reverse(names)
	return names
}

// variables yields all variables. A partitioned one is yielded in place of its first part.
func (r *variableReader) variables(yield func(*Variable) bool) {
	for _, v := range r.list {
		if !v.inWhole() && !yield(r.variable(v)) {
			return
		}
	}
}

// variable returns the variable of a record, whole if the record is the first of its parts.
func (r *variableReader) variable(v *record) *Variable {
	d := v.known()
	out := &Variable{Name: v.name, Kind: kinds[v.kind], DType: tensor.DTypeName(v.dtype), Shape: d.shape, Trainable: v.trainable,
		Key: d.key, Sources: r.sources.of(v.source)}
	if v.of != none {
		of := r.list[v.of]
		if out.Of = of.name; of.slice() != nil {
			out.Of = of.slice().GetFullName()
		}
	}
	if v.node != graph.Dangling {
		out.Op = r.g.OpName(r.g.Op(int(v.node)))
	}
	if d.parts != nil {
		r.join(out, d.parts)
		return out
	}
	if d.slice != nil {
		out.Slice = specOf(d.slice)
	}
	out.Parameters, out.Bytes = sizes(out.Shape, v.dtype)
	out.Initializer, out.InitialValue = r.initializer(v)
	return out
}

// initializer returns the op that initializes a variable and the tensor of its initial value, which a VariableDef names
// or an assignment shows. Each is empty if it is unknown.
func (r *variableReader) initializer(v *record) (op, value string) {
	op, value = v.known().initializer, v.known().initialValue
	if v.node == graph.Dangling || op != "" && value != "" {
		return op, value
	}
	if assign, ok := r.assign(int(v.node)); ok && op == "" {
		op = string(r.g.Name(int(assign)))
	}
	if edge, ok := r.initialValue(int(v.node)); ok && value == "" {
		value = r.g.TensorName(edge)
	}
	return op, value
}
