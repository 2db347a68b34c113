package draft

import (
	"iter"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Library finds the functions of a graph by name. Changes to the graph add functions of their own.
type Library struct {
	functions map[string]wire.Function
	gradients map[string]string // gradient function of each function
	added     []string
}

// NewLibrary indexes the function library of a graph. The error is a *wire.SyntaxError.
func NewLibrary(g wire.Graph) (*Library, error) {
	l := &Library{functions: make(map[string]wire.Function), gradients: make(map[string]string)}
	for f, err := range g.Library() {
		if err != nil {
			return nil, err
		}
		switch {
		case f.Is(fieldnum.FunctionDefLibrary_Function):
			function := wire.Function(f.Data)
			l.functions[function.Name()] = function
		case f.Is(fieldnum.FunctionDefLibrary_Gradient):
			l.gradients[string(wire.Last(f.Data, fieldnum.GradientDef_FunctionName))] = string(wire.Last(f.Data, fieldnum.GradientDef_GradientFunc))
		}
	}
	return l, nil
}

// Len returns the number of functions.
func (l *Library) Len() int { return len(l.functions) }

// Find returns the function with that name, or false if there is none.
func (l *Library) Find(name string) (wire.Function, bool) {
	f, ok := l.functions[name]
	return f, ok
}

// Reserve returns a name for a new function: the given one, or the first free name of name_1, name_2, ...
func (l *Library) Reserve(name string) string {
	name = scope.Unique(name, func(name string) bool { _, taken := l.functions[name]; return taken })
	l.functions[name] = nil
	return name
}

// Add adds a FunctionDef under a name that Reserve returned.
func (l *Library) Add(name string, function *wire.Rope) {
	l.functions[name] = function.Bytes()
	l.added = append(l.added, name)
}

// Added returns the names of the new functions, in the order of Add.
func (l *Library) Added() []string { return l.added }

// A Closure is the set of functions that some nodes call, directly or through other functions and gradients.
type Closure struct {
	l    *Library
	Has  map[string]bool
	todo []string // names of functions whose calls are still to be followed
}

// NewClosure returns an empty set.
func (l *Library) NewClosure() *Closure { return &Closure{l: l, Has: make(map[string]bool)} }

// Node adds the functions that a node calls, as its op or through its attrs, and all functions that those call. The error is a
// *wire.SyntaxError.
func (c *Closure) Node(op []byte, attrs iter.Seq2[[]byte, []byte]) error {
	c.calls(op, attrs)
	return c.follow()
}

// calls queues the functions that a node calls.
func (c *Closure) calls(op []byte, attrs iter.Seq2[[]byte, []byte]) {
	c.todo = append(c.todo, string(op))
	for _, value := range attrs {
		opdef.EachFunction(value, func(name []byte) { c.todo = append(c.todo, string(name)) })
	}
}

// follow adds the calls of the queued functions.
func (c *Closure) follow() error {
	for len(c.todo) > 0 {
		name := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		f, ok := c.l.functions[name]
		if !ok || c.Has[name] {
			continue
		}
		c.Has[name] = true
		c.todo = append(c.todo, c.l.gradients[name])
		for n, err := range f.Nodes() {
			if err != nil {
				return err
			}
			c.calls(n.Op, n.Attrs)
		}
	}
	return nil
}
