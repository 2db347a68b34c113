// Package prune cuts a graph down to what some outputs need. Fed tensors replace the nodes that computed them, and whatever loads
// and initializes the remaining nodes is kept.
package prune

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Endpoint is an input or output of a model: a tensor, and its key in the signature.
type Endpoint struct {
	Key     string // key in the signature
	named   bool   // the user gave Key; a new placeholder gets it as its name
	Node    string
	Port    int
	Control bool // an op as an output, not a tensor
}

// Tensor returns the name of the tensor, `node:port`, or `^node`.
func (e Endpoint) Tensor() string {
	if e.Control {
		return "^" + e.Node
	}
	return e.Node + ":" + strconv.Itoa(e.Port)
}

// Parse reads `[KEY=]TENSOR`: a node name, `node:k`, or `^node`. Without KEY, the key is the last part of the node's name.
func Parse(spec string) (Endpoint, error) {
	var e Endpoint
	tensor := spec
	if key, rest, ok := strings.Cut(spec, "="); ok {
		e.Key, e.named, tensor = key, true, rest
		if key == "" {
			return e, draft.Conflict{Problem: "no name before the = of " + strconv.Quote(spec), Advice: "write NAME=TENSOR, or only TENSOR"}
		}
	}
	in := wire.ParseInput([]byte(tensor))
	port, ok := in.Output()
	if !ok || len(in.Node) == 0 {
		return e, draft.Conflict{Problem: "invalid tensor name " + strconv.Quote(tensor), Advice: "write a node name, NODE:0, or ^NODE for an op"}
	}
	e.Node, e.Port, e.Control = string(in.Node), port, in.Control
	if !e.named {
		e.Key = e.Node[strings.LastIndexByte(e.Node, '/')+1:]
	}
	return e, nil
}

// A Cut is the plan for cutting a graph down to its outputs.
type Cut struct {
	Inputs, Outputs []Endpoint // with their names in the result
	Reach           *draft.Reach
	Feeds           []string // placeholders that the outputs need but Inputs lacks, in file order
	Defaults        []string // like Feeds, for placeholders with a default value
	Sources         []string // queues, iterators and readers that the outputs need, in file order

	g      *draft.Graph
	facts  *opdef.Tensors
	made   map[int]int  // number of the new placeholder of each input
	needed []bool       // nodes that the outputs need
	inits  map[int]bool // whether anything is left of each init op
}

// Outputs cuts g at the inputs and finds what the outputs need. Without inputs, all placeholders that the outputs need become
// inputs. Call Finish once all other kept nodes have been added to Reach. The error is draft.Conflicts if names do not match the
// graph.
func Outputs(g *draft.Graph, facts *opdef.Tensors, inputs, outputs []Endpoint) (*Cut, error) {
	c := &Cut{Outputs: slices.Clone(outputs), Inputs: slices.Clone(inputs), g: g, facts: facts, made: make(map[int]int), inits: make(map[int]bool)}
	var problems draft.Conflicts
	c.check(c.Inputs, "input", &problems)
	c.check(c.Outputs, "output", &problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := c.cutInputs(); err != nil {
		return nil, err
	}
	if err := c.Again(); err != nil {
		return nil, err
	}
	return c, nil
}

// Fetched returns the numbers of the nodes that are outputs.
func (c *Cut) Fetched() map[int]bool {
	fetched := make(map[int]bool)
	for _, output := range c.Outputs {
		if i, ok := c.g.Source([]byte(strings.TrimPrefix(output.Tensor(), "^"))); ok {
			fetched[i] = true
		}
	}
	return fetched
}

// CheckInputs returns draft.Conflicts if there are inputs that no output needs.
func (c *Cut) CheckInputs() error {
	var problems draft.Conflicts
	for k, input := range c.Inputs {
		if !c.Reach.Has[c.source(k)] {
			problems.Add("leave it out, or add an output that needs it", "no output needs the input %q", input.Tensor())
		}
	}
	return problems.Err()
}

// KeepInputs keeps the inputs, which a signature names. Shorter calls and frozen variables can leave some that no output needs.
func (c *Cut) KeepInputs() error {
	for k := range c.Inputs {
		if err := c.Reach.Add(c.source(k)); err != nil {
			return broken(err)
		}
	}
	return nil
}

// Again recomputes what the outputs need, after changes to the graph.
func (c *Cut) Again() (err error) {
	if c.Reach, err = c.reachOutputs(); err == nil {
		c.needed = slices.Clone(c.Reach.Has)
	}
	return err
}

// reachOutputs returns what the outputs need.
func (c *Cut) reachOutputs() (*draft.Reach, error) {
	reach := c.g.NewReach()
	for _, output := range c.Outputs {
		i, _ := c.g.Source([]byte(strings.TrimPrefix(output.Tensor(), "^")))
		if err := reach.Add(i); err != nil {
			return nil, broken(err)
		}
	}
	return reach, nil
}

// Needs reports whether the outputs need node i, rather than only the initialization or saving of the graph.
func (c *Cut) Needs(i int) bool { return i < len(c.needed) && c.needed[i] }

// Keeps reports whether Reach has node i. A nil Cut keeps all nodes.
func (c *Cut) Keeps(i int) bool { return c == nil || i < len(c.Reach.Has) && c.Reach.Has[i] }

// source returns the node for input k: the placeholder itself, or the new one.
func (c *Cut) source(k int) int {
	if i, ok := c.made[k]; ok {
		return i
	}
	i, _ := c.g.Original([]byte(c.Inputs[k].Node))
	return i
}

// ErrNoNode is the kind of a conflict about an input or output if no node has its name or a similar one.
var ErrNoNode = errors.New("no such node")

// check reports invalid inputs or outputs as problems.
func (c *Cut) check(endpoints []Endpoint, kind string, problems *draft.Conflicts) {
	tensors := make(map[string]bool)
	keyed := make(map[string][]string) // tensors by key
	var repeated []string              // keys of several tensors
	for i := range endpoints {
		e := &endpoints[i]
		number, ok := c.g.Original([]byte(e.Node))
		switch {
		case !ok:
			names := c.names()
			if nearest.Name(e.Node, names) != "" {
				problems.Add(draft.Suggest(e.Node, names), "%s %q: no node named %q", kind, e.Tensor(), e.Node)
			} else {
				problems.Of(ErrNoNode, "%s %q: no node named %q", kind, e.Tensor(), e.Node)
			}
			continue
		case e.Control && kind == "input":
			problems.Add("an input is a tensor, such as "+e.Node+":0", "%s %q: a control input cannot be fed", kind, e.Tensor())
			continue
		case tensors[e.Tensor()]:
			problems.Add("give it once", "%s %q is given twice", kind, e.Tensor())
			continue
		}
		tensors[e.Tensor()] = true
		if !e.Control {
			if len(keyed[e.Key]) == 1 {
				repeated = append(repeated, e.Key)
			}
			keyed[e.Key] = append(keyed[e.Key], e.Tensor())
		}
		c.checkPort(e, number, kind, problems)
	}
	for _, key := range repeated {
		named := make([]string, len(keyed[key]))
		for k, tensor := range keyed[key] {
			named[k] = key + "_" + strconv.Itoa(k) + "=" + tensor
		}
		problems.Add("give each its own name, such as "+strings.Join(named, ","), "%d %ss are named %q: %s", len(named), kind, key, draft.Quoted(keyed[key]))
	}
}

// checkPort reports a problem if the node does not have the output of an endpoint.
func (c *Cut) checkPort(e *Endpoint, number int, kind string, problems *draft.Conflicts) {
	if e.Control {
		return
	}
	var n wire.Node
	c.g.Node(number, &n)
	switch count, known := c.facts.CountOutputs(&n); {
	case !known || e.Port < count:
	case count == 0:
		problems.Add("to keep the op, write ^"+e.Node, "%s %q: the op %s has no outputs", kind, e.Tensor(), n.Op)
	default:
		problems.Add("", "%s %q: node %q has %s", kind, e.Tensor(), e.Node, outputs(count))
	}
}

// names returns the names of all nodes of the file.
func (c *Cut) names() []string {
	names := make([]string, 0, c.g.Len())
	for i := range c.g.Len() {
		names = append(names, c.g.Name(i))
	}
	return names
}

// cutInputs replaces each input that is not a placeholder with a new placeholder.
func (c *Cut) cutInputs() error {
	var n wire.Node
	var problems draft.Conflicts
	for k := range c.Inputs {
		e := &c.Inputs[k]
		number, _ := c.g.Original([]byte(e.Node))
		c.g.Node(number, &n)
		if opdef.IsPlaceholder(n.Op) {
			c.dropDefault(number, &n)
			continue
		}
		switch base := c.facts.DType(&n, e.Port); {
		case e.named && !scope.ValidName(e.Key):
			problems.Add("names consist of letters, digits and . _ - /", "input %q: a node cannot be named %q", e.Tensor(), e.Key)
		case base == 0:
			problems.Add("export a file that has op definitions: a .meta instead of a GraphDef", "input %q: the dtype of the output of op %s is unknown", e.Tensor(), n.Op)
		default:
			shape := draft.Shape(c.facts.Shape(number, e.Port))
			attrs := map[string]*wire.Rope{"dtype": draft.TypeAttr(base), "shape": draft.ShapeAttr(shape)}
			// Finish chooses the final name, once the kept nodes are known.
			c.made[k] = c.g.Add(number, &scope.NewNode{Name: "\x00" + strconv.Itoa(k), Op: "Placeholder", Attrs: attrs})
			c.g.Cut(number, e.Port, c.made[k])
		}
	}
	return problems.Err()
}

// dropDefault turns an input with a default value into a plain placeholder, unless the value is constant. What computes the value, such as a
// queue, is not needed for an input that is fed.
func (c *Cut) dropDefault(i int, n *wire.Node) {
	if string(n.Op) != "PlaceholderWithDefault" || len(n.Inputs) == 0 {
		return
	}
	var value wire.Node
	if source, ok := c.g.Source(n.Inputs[0]); ok {
		c.g.Node(source, &value)
	}
	if string(value.Op) != "Const" {
		e := c.g.Edit(i)
		e.Op, e.Inputs = "Placeholder", []string{}
	}
}

// checkReferences finds kept nodes that change a variable whose tensor an input replaces. A placeholder cannot be changed.
func (c *Cut) checkReferences() (problems draft.Conflicts) {
	var n wire.Node
	for k := range c.Inputs {
		if _, ok := c.made[k]; !ok {
			continue
		}
		e := &c.Inputs[k]
		i, _ := c.g.Original([]byte(e.Node))
		for _, consumer := range c.g.Consumers(i) {
			if consumer.Port != int32(e.Port) || !c.Reach.Has[consumer.Node] {
				continue
			}
			c.g.Node(int(consumer.Node), &n)
			for at, dtype := range c.facts.InputTypes(&n) {
				if source, ok := c.g.Source(n.Inputs[at]); ok && dtype > tensor.RefOffset && source == c.made[k] {
					problems.Add("cut at a tensor that reads the variable, or choose other outputs", "input %q is a variable that node %q (%s) changes", e.Tensor(), n.Name, n.Op)
				}
			}
		}
	}
	return problems
}

// findSources finds the nodes that must be fed or filled before the outputs can be computed. If no inputs were given, placeholders
// become inputs.
func (c *Cut) findSources() {
	given := make(map[string]bool)
	for _, e := range c.Inputs {
		given[e.Node] = true
	}
	keys := make(map[string]bool)
	none := len(c.Inputs) == 0
	_ = c.g.Kept(c.needed, func(i int, n *wire.Node) error {
		name := string(n.Name)
		switch op := string(n.Op); {
		case op == "PlaceholderWithDefault":
			if !given[name] {
				c.Defaults = append(c.Defaults, name)
			}
		case opdef.IsPlaceholder(n.Op) && none:
			key := name[strings.LastIndexByte(name, '/')+1:]
			if keys[key] {
				key = name
			}
			keys[key] = true
			c.Inputs = append(c.Inputs, Endpoint{Key: key, Node: name})
		case opdef.IsPlaceholder(n.Op):
			if i < c.g.Files() && !given[name] {
				c.Feeds = append(c.Feeds, name)
			}
		case opdef.IsPipeline(op):
			c.Sources = append(c.Sources, name)
		}
		return nil
	})
}

// Finish names the new placeholders, and sets the final names of the inputs and outputs. A placeholder gets the given name. Without
// one, it gets the name of the node that it replaces, unless that node is kept.
func (c *Cut) Finish() error {
	c.findSources()
	problems := c.checkReferences()
	taken := func(name string) bool {
		if i, ok := c.g.Find([]byte(name)); ok {
			j, original := c.g.Original([]byte(name))
			return !original || i != j || c.Reach.Has[j]
		}
		return false
	}
	for _, named := range []bool{true, false} { // given names take precedence
		for k := range c.Inputs {
			e := &c.Inputs[k]
			number, ok := c.made[k]
			if !ok || e.named != named {
				continue
			}
			name := e.Key
			if !named {
				name = scope.Unique(e.Node, taken)
			} else if taken(name) {
				problems.Add("choose another name: NAME="+e.Tensor(), "input %q: the name %q is taken by a node that the outputs need", e.Tensor(), name)
				continue
			}
			c.g.Rename(number, name)
		}
	}
	if err := problems.Err(); err != nil {
		return err
	}
	for k := range c.Outputs {
		e := &c.Outputs[k]
		if i, ok := c.g.Source([]byte(e.Tensor())); ok && !e.Control && c.g.Name(i) != e.Node {
			e.Node, e.Port = c.g.Name(i), 0
		} else if ok && i >= c.g.Len()-len(c.made) && c.isMade(i) {
			e.Port = 0
		}
	}
	for k, number := range c.made {
		c.Inputs[k].Node, c.Inputs[k].Port = c.g.Name(number), 0
	}
	return nil
}

func (c *Cut) isMade(i int) bool {
	for _, number := range c.made {
		if number == i {
			return true
		}
	}
	return false
}

// broken turns an error of Reach into a message for the user.
func broken(err error) error {
	var missing *draft.MissingError
	if errors.As(err, &missing) {
		return draft.Conflicts{{Problem: missing.Error(), Advice: "the graph is incomplete; export it again from the program that built it"}}
	}
	return err
}

// outputs returns "1 output", or "2 outputs, numbered from 0".
func outputs(n int) string {
	if n == 1 {
		return "1 output"
	}
	return strconv.Itoa(n) + " outputs, numbered from 0"
}
