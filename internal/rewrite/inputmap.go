package rewrite

import (
	"bytes"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A mapping is an InputMapping taken apart.
type mapping struct {
	InputMapping
	source string // as inputs are looked up, without `:0`
	target string // as it is to stand in an input
	node   string // the node of the base
	port   []byte // which output of it, `:k` or nothing
	read   bool   // somebody reads the source
}

// mapInputs takes the input map apart and checks it against both graphs.
func (i *importer) mapInputs() error {
	bySource := make(map[string]*mapping)
	wanted := make(map[string]bool)
	for _, m := range i.o.InputMap {
		parsed := i.parseMapping(m)
		if parsed == nil {
			continue
		}
		if other := bySource[parsed.source]; other != nil {
			if other.target != parsed.target {
				i.trouble.add("", "--input-map: %q is mapped to %q and to %q", m.Source, other.Target, m.Target)
			}
			continue
		}
		bySource[parsed.source] = parsed
		wanted[parsed.node] = true
		i.mappings = append(i.mappings, *parsed)
	}
	for n := range i.mappings {
		bySource[i.mappings[n].source] = &i.mappings[n]
	}
	if err := i.readInputs(bySource); err != nil {
		return err
	}
	targets, err := findNodes(i.base.Graph(), wanted)
	if err != nil {
		return err
	}
	if err := i.checkSources(); err != nil {
		return err
	}
	if err := i.checkTargets(targets); err != nil {
		return err
	}
	i.checkUnbound(bySource)
	if len(i.trouble) > 0 || len(i.mappings) == 0 {
		return nil
	}
	i.plan.Inputs = make(map[string]string, len(i.mappings))
	for _, m := range i.mappings {
		i.plan.Inputs[m.source] = m.target
		i.report.InputsMapped++
	}
	return i.mapOuter()
}

// parseMapping takes a mapping apart. It returns nil for one that cannot be.
func (i *importer) parseMapping(m InputMapping) *mapping {
	fromMark, from, fromPort := scope.Split([]byte(m.Source))
	toMark, to, toPort := scope.Split([]byte(m.Target))
	for _, side := range []struct {
		text       string
		mark, node []byte
		port       []byte
	}{{m.Source, fromMark, from, fromPort}, {m.Target, toMark, to, toPort}} {
		control := string(side.mark) == "^"
		_, number := outputNumber(side.port)
		if len(side.node) == 0 || len(side.mark) > 0 && !control || control && len(side.port) > 0 || !number {
			i.trouble.add("an input is spelled NAME, NAME:K or ^NAME", "--input-map: %q is no input", side.text)
			return nil
		}
	}
	if len(fromMark) != len(toMark) {
		i.trouble.add("map NAME:K to NAME:K, and ^NAME to ^NAME", "--input-map %s=%s: one is a control input, the other is data", m.Source, m.Target)
		return nil
	}
	return &mapping{InputMapping: m, source: string(scope.Spelling([]byte(m.Source))), target: string(scope.Spelling([]byte(m.Target))),
		node: string(to), port: toPort}
}

// readInputs walks the inputs of the imported graph: it notes which sources are read, and which inputs are unbound.
func (i *importer) readInputs(bySource map[string]*mapping) error {
	read := make(map[string]bool) // the unbound inputs that are read
	for n, err := range i.in.Graph().Nodes() {
		if err != nil {
			return err
		}
		for _, input := range n.Inputs {
			if len(bySource) > 0 {
				if m := bySource[string(scope.Spelling(input))]; m != nil {
					m.read = true
				}
			}
			if len(input) > 0 && (input[0] == '$' || input[0] == '^') && isUnbound(input) && !read[string(scope.Spelling(input))] {
				input := string(scope.Spelling(input))
				read[input] = true
				i.unbound = append(i.unbound, input)
			}
		}
	}
	if i.o.UnboundInputs == "" {
		return nil
	}
	// Another program may list inputs that are called otherwise. What nobody reads need not be mapped.
	listedInputs := make(map[string]bool)
	value, _ := i.in.Collection(i.o.UnboundInputs)
	if kind, list := scope.KindOf(value); kind == scope.BytesList || kind == scope.NodeList {
		for s := wire.Scan(list); s.Next(); {
			if s.Is(1) && !isUnbound(s.Data) {
				listedInputs[string(scope.Spelling(s.Data))] = true
			}
		}
	}
	if len(listedInputs) == 0 {
		return nil
	}
	for n, err := range i.in.Graph().Nodes() {
		if err != nil {
			return err
		}
		for _, input := range n.Inputs {
			if spelled := string(scope.Spelling(input)); listedInputs[spelled] {
				delete(listedInputs, spelled)
				i.unbound = append(i.unbound, spelled)
			}
		}
	}
	return nil
}

// isUnbound reports whether an input is called like one from outside an exported scope.
func isUnbound(input []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(input, []byte("^")), []byte(scope.UnboundPrefix))
}

// checkSources notes the mappings of what nobody reads.
func (i *importer) checkSources() error {
	if !slices.ContainsFunc(i.mappings, func(m mapping) bool { return !m.read }) {
		return nil
	}
	var inputs []string
	seen := make(map[string]bool)
	for n, err := range i.in.Graph().Nodes() {
		if err != nil {
			return err
		}
		for _, input := range n.Inputs {
			if input := string(scope.Spelling(input)); !seen[input] {
				seen[input] = true
				inputs = append(inputs, input)
			}
		}
	}
	// What must be mapped is what is most likely meant.
	slices.SortStableFunc(inputs, func(a, b string) int { return boolOrder(isUnbound([]byte(a)), isUnbound([]byte(b))) })
	for _, m := range i.mappings {
		if m.read {
			continue
		}
		hint := meant(m.source, inputs)
		mark, name := "", m.source
		if strings.HasPrefix(name, "^") {
			mark, name = "^", name[1:]
		}
		if other := mark + scope.UnboundPrefix + name; seen[other] {
			hint = "did you mean " + quotedList([]string{other}) + "?"
		} else if other := "^" + m.source; seen[other] {
			hint = "it is read as a control input: " + other
		} else if other := strings.TrimPrefix(m.source, "^"); other != m.source && seen[other] {
			hint = "it is read as data: " + other
		}
		i.trouble.add(hint, "--input-map: no node of the imported graph reads %q", m.Source)
	}
	return nil
}

// boolOrder orders true before false.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// checkTargets notes the mappings to what the base does not have, or has as something else.
func (i *importer) checkTargets(targets map[string]*wire.Node) error {
	if len(i.mappings) == 0 {
		return nil
	}
	if !i.into {
		i.trouble.add("give the graph that has them with --into BASE", "--input-map: there is no graph to map inputs to")
		return nil
	}
	var names []string
	sources := make(map[string]bool)
	for _, m := range i.mappings {
		_, node, _ := scope.Split([]byte(m.source))
		sources[string(node)] = true
		if targets[m.node] != nil || names != nil {
			continue
		}
		var err error
		if names, err = nodeNames(i.base.Graph()); err != nil {
			return err
		}
	}
	own, err := findNodes(i.in.Graph(), sources)
	if err != nil {
		return err
	}
	for _, m := range i.mappings {
		target := targets[m.node]
		if target == nil {
			i.trouble.add(meant(m.node, names), "--input-map: the base has no node %q", m.node)
			continue
		}
		if strings.HasPrefix(m.target, "^") {
			continue
		}
		if problem := checkOutput(i.base, i.baseOps, target, m.port); problem != "" {
			i.trouble.add("", "--input-map: the base has no %q: %s", m.Target, problem)
			continue
		}
		_, node, port := scope.Split([]byte(m.source))
		if source := own[string(node)]; source != nil {
			from, to := outputType(i.in, i.ops, source, port), outputType(i.base, i.baseOps, target, m.port)
			if !sameType(from, to) {
				i.trouble.add("map it to a tensor of the same type", "--input-map: %q is %s and %q is %s",
					m.Source, typeName(from), m.Target, typeName(to))
			}
		}
	}
	return nil
}

// checkUnbound notes the unbound inputs that nothing maps.
func (i *importer) checkUnbound(bySource map[string]*mapping) {
	var left []string
	for _, input := range i.unbound {
		if bySource[input] == nil {
			left = append(left, input)
		}
	}
	if len(left) == 0 {
		return
	}
	hint := "map each, as in --input-map '" + left[0] + "=NAME'"
	if strings.HasPrefix(left[0], "^") {
		hint = "map each, as in --input-map '" + left[0] + "=^NAME'"
	}
	if !i.into {
		hint = "give the graph that has them with --into BASE, and " + hint
	}
	what := "unbound inputs are"
	if len(left) == 1 {
		what = "the unbound input is"
	}
	i.trouble.add(hint, "%s not mapped: %s", what, list(left))
}
