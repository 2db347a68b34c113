package opdef

import (
	"sync"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// Ops finds the definitions of the ops that a graph uses: those of TensorFlow, of the function libraries, and of the file's own list.
// It decodes each once. Ops is safe for concurrent use.
type Ops struct {
	registered *Registered
	list       *List
	graphs     []wire.Graph

	readLibrary sync.Once
	functions   []wire.Function
	numbers     map[string]int32 // the first function with each name

	lock  sync.RWMutex
	known map[Source]map[string]*Op // in TensorFlow and in the libraries
}

// NewOps returns the ops of a file with the given list, which may be nil, and the functions of the given GraphDefs, whose nodes may be
// missing.
func NewOps(list *List, graphs ...wire.Graph) *Ops {
	if list == nil {
		list = new(List)
	}
	return &Ops{registered: NewRegistered(), list: list, graphs: graphs, known: map[Source]map[string]*Op{InTensorFlow: {}, InLibrary: {}}}
}

// Find returns the definition of an op as TensorFlow finds it. It looks in TensorFlow's ops, then in the functions, then in the file's
// list. It returns nil if protobuf accepts none of the definitions.
func (o *Ops) Find(name []byte) *Op { return o.first(name, InTensorFlow, InLibrary, InList) }

// recorded returns the definition of an op as the program that wrote the file knew it. It looks in the file's list, then in TensorFlow's
// ops, then in the functions. It returns nil if protobuf accepts none of the definitions.
func (o *Ops) recorded(name []byte) *Op { return o.first(name, InList, InTensorFlow, InLibrary) }

func (o *Ops) first(name []byte, sources ...Source) *Op {
	for _, source := range sources {
		if op := o.in(source, name); op != nil {
			return op
		}
	}
	return nil
}

// maxUnknown is the number of ops of a source up to which Ops also remembers the ops that the source does not define. A file can name
// any number of them.
const maxUnknown = 4096

// in returns the definition of an op in one source.
func (o *Ops) in(source Source, name []byte) *Op {
	if source == InList {
		return o.list.Op(string(name))
	}
	o.lock.RLock()
	op, known := o.known[source][string(name)]
	o.lock.RUnlock()
	if known {
		return op
	}
	def, ok := o.undecoded(source, string(name))
	if ok && (source == InTensorFlow || schema.Valid(def, opDef)) {
		op = decodeOp(string(name), source, def)
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	first, known := o.known[source][string(name)]
	switch {
	case known:
		return first // another goroutine was faster
	case !ok && len(o.known[source]) >= maxUnknown:
		return nil
	}
	o.known[source][string(name)] = op
	return op
}

var opDef = (*tfpb.OpDef)(nil).ProtoReflect().Descriptor()

// undecoded returns the OpDef of an op in TensorFlow or in the libraries.
func (o *Ops) undecoded(source Source, name string) ([]byte, bool) {
	if source == InTensorFlow {
		return o.registered.Raw(name)
	}
	if k, ok := o.Function(name); ok {
		return o.functions[k].Signature(), true
	}
	return nil, false
}

// Registers reports whether TensorFlow registers an op.
func (o *Ops) Registers(name string) bool { return o.registered.Has(name) }

// Functions returns the functions of the libraries in file order. Of a damaged library, those before the damage are returned. The caller
// must not change the slice.
func (o *Ops) Functions() []wire.Function {
	o.readLibrary.Do(func() {
		o.numbers = make(map[string]int32)
		for _, g := range o.graphs {
			for f, err := range g.Functions() {
				if err != nil {
					break
				}
				name := f.Name()
				if _, known := o.numbers[name]; !known {
					o.numbers[name] = int32(len(o.functions))
				}
				o.functions = append(o.functions, f)
			}
		}
	})
	return o.functions
}

// Function returns the index in Functions of the first function with a name, or false if there is none.
func (o *Ops) Function(name string) (int, bool) {
	o.Functions()
	k, ok := o.numbers[name]
	return int(k), ok
}
