package rewrite

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// An InputMapping makes the imported nodes that read Source read Target of the base instead. Each is written `name`,
// `name:k` or `^name`. Either both are control inputs or neither is.
type InputMapping struct {
	Source, Target string
}

// A mapping is a parsed InputMapping.
type mapping struct {
	InputMapping
	source   string     // the input to replace, without `:0`
	target   string     // the input to write instead
	from, to graph.Edge // from is Dangling for an unbound input
	read     bool       // a node reads the source
}

// control reports whether the mapping is for control inputs.
func (m *mapping) control() bool { return strings.HasPrefix(m.source, "^") }

// An inputMap checks the input map of an import and applies it.
type inputMap struct {
	i        *importer
	mappings []*mapping
	bySource map[string]*mapping
	nodes    map[string]*mappedNode // by name, the nodes with a mapped tensor
	readers  []mappedInput

	// Set by followShapes:
	newShapes map[graph.Edge]newShape // tensors of the imported graph whose shape changes because of the mappings
	shapeless map[string]bool         // functions that are called with new shapes
}

// A mappedNode is a node of the imported graph, or an unbound input, with mapped tensors.
type mappedNode struct {
	targets []string // the nodes that its tensors are mapped to, without duplicates
	partial bool     // a node reads another of its tensors, which is not mapped
	watched bool     // it is a control input of a node
}

// A mappedInput is a mapped data input.
type mappedInput struct {
	node int // the number of the reader
	slot int // the number of the input, not counting control inputs
	m    *mapping
}

// mapInputs checks the input map against both graphs and adds it to the plan.
func (i *importer) mapInputs() error {
	p := &inputMap{i: i, bySource: make(map[string]*mapping), nodes: make(map[string]*mappedNode)}
	i.inputMap = p
	for _, m := range i.o.InputMap {
		p.parse(m)
	}
	if len(p.mappings) == 0 {
		p.checkUnbound()
		return nil
	}
	if !i.into {
		i.conflicts.About(InputMapArgument, "import into the graph with the targets", "the input map needs a base graph")
		return nil
	}
	for _, side := range []*importSide{&i.in, &i.base} {
		if err := side.indexed(); err != nil {
			return err
		}
	}
	p.resolve()
	p.findReaders()
	p.checkSources()
	p.checkTypes()
	p.moveControls()
	p.checkUnbound()
	if len(i.conflicts) > 0 {
		return nil
	}
	for _, m := range p.mappings {
		i.plan.Inputs[m.source] = m.target
		i.report.InputsMapped++
	}
	if err := p.followShapes(); err != nil {
		return err
	}
	return i.mapOuter()
}

// parse parses a mapping and adds it. A conflicting mapping is reported, and an equal one is ignored.
func (p *inputMap) parse(m InputMapping) {
	conflicts := &p.i.conflicts
	fromMark, from, fromPort := scope.Split([]byte(m.Source))
	toMark, to, toPort := scope.Split([]byte(m.Target))
	for _, side := range []struct {
		text             string
		mark, node, port []byte
	}{{m.Source, fromMark, from, fromPort}, {m.Target, toMark, to, toPort}} {
		control := string(side.mark) == "^"
		_, number := outputNumber(side.port)
		if len(side.node) == 0 || len(side.mark) > 0 && !control || control && len(side.port) > 0 || !number {
			conflicts.About(InputMapArgument, "write an input as NAME, NAME:K or ^NAME", "%q is not an input", side.text)
			return
		}
	}
	if len(fromMark) != len(toMark) {
		conflicts.About(InputMapArgument, "map NAME:K to NAME:K, and ^NAME to ^NAME", "%s=%s maps a control input to data, or data to a control input", m.Source, m.Target)
		return
	}
	parsed := &mapping{InputMapping: m, source: string(scope.Spelling([]byte(m.Source))), target: string(scope.Spelling([]byte(m.Target))),
		from: graph.Edge{Node: graph.Dangling}, to: graph.Edge{Node: graph.Dangling}}
	if other := p.bySource[parsed.source]; other != nil {
		if other.target != parsed.target {
			conflicts.About(InputMapArgument, "", "%q is mapped to %q and to %q", m.Source, other.Target, m.Target)
		}
		return
	}
	p.bySource[parsed.source] = parsed
	p.mappings = append(p.mappings, parsed)
}

// resolve looks up the nodes of all mappings. It reports targets that the base does not have.
func (p *inputMap) resolve() {
	i := p.i
	var names []string // of the base, for suggestions
	var n wire.Node
	for _, m := range p.mappings {
		m.from = i.tensorOf(m.source)
		_, name, port := scope.Split([]byte(m.target))
		node, found := i.base.index.Find(name)
		if !found {
			if names == nil {
				names = nodeNames(i.base.index)
			}
			i.conflicts.InBase(InputMapArgument, draft.Suggest(string(name), names), "no node named %q", name)
			continue
		}
		m.to = graph.Edge{Node: int32(node), Port: graph.Control}
		_, from, _ := scope.Split([]byte(m.source))
		if m.control() {
			continue
		}
		k, _ := outputNumber(port)
		m.to.Port = int32(k)
		i.base.index.Node(node, &n)
		if count, known := i.base.tensors.CountOutputs(&n); known && k >= count {
			i.conflicts.InBase(InputMapArgument, "", "no tensor %q: the node has %s", m.Target, countOutputs(count))
			continue
		}
		source := p.nodes[string(from)]
		if source == nil {
			source = new(mappedNode)
			p.nodes[string(from)] = source
		}
		if to := string(name); !slices.Contains(source.targets, to) {
			source.targets = append(source.targets, to)
		}
	}
}

// findReaders finds the mapped inputs, and the other readers of the nodes that they read.
func (p *inputMap) findReaders() {
	g := p.i.in.index
	source := make([]bool, g.Len()) // by node number: a mapping has it as its source
	dangling := false               // the source of a mapping is not a node
	for _, m := range p.mappings {
		if m.from.Node == graph.Dangling {
			dangling = true
		} else {
			source[m.from.Node] = true
		}
	}
	var n wire.Node
	for i := range g.Len() {
		if !slices.ContainsFunc(g.Inputs(i), func(e graph.Edge) bool {
			return e.Node == graph.Dangling && dangling || e.Node != graph.Dangling && source[e.Node]
		}) {
			continue
		}
		g.Node(i, &n)
		p.readInputs(i, &n)
	}
}

// readInputs checks the inputs of a node that may read a mapped node.
func (p *inputMap) readInputs(i int, n *wire.Node) {
	slot := 0
	for _, input := range n.Inputs {
		mark, name, _ := scope.Split(input)
		m, from := p.bySource[string(scope.Spelling(input))], p.nodes[string(name)]
		if m != nil {
			m.read = true
		}
		switch {
		case len(mark) > 0:
			if from != nil {
				from.watched = true
			}
			continue
		case m != nil:
			p.readers = append(p.readers, mappedInput{i, slot, m})
		case from != nil:
			from.partial = true
		}
		slot++
	}
}

// moveControls replaces control inputs on fully mapped nodes by control inputs on the mapping targets. A fully mapped
// node no longer has an effect, and a placeholder would have to be fed.
func (p *inputMap) moveControls() {
	plan := p.i.plan
	plan.Inputs = make(map[string]string, len(p.mappings))
	for name, node := range p.nodes {
		if !node.watched || node.partial || p.bySource["^"+name] != nil {
			continue
		}
		plan.Inputs["^"+name] = "^" + node.targets[0]
		for _, further := range node.targets[1:] {
			if plan.FurtherControls == nil {
				plan.FurtherControls = make(map[string][]string)
			}
			plan.FurtherControls["^"+name] = append(plan.FurtherControls["^"+name], "^"+further)
		}
		p.i.report.ControlsMoved++
	}
}
