package rewrite

import (
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A survey is what one walk over a graph finds that an import asks for.
type survey struct {
	nodes     int
	unbound   []string             // inputs whose names say that they must be mapped, each once, without `:0`
	known     map[string]bool      // what is in unbound
	rest      wire.Graph           // the fields that are no nodes, in order: looked at often, and few beside a million nodes
	frames    map[string]bool      // of loops
	variables map[resourceName]int // how many nodes stand for a variable, by the name under which it is kept; "" for their own
}

// A resourceName is what a variable is kept under while a graph runs: nodes that share it are one variable (ResourceMgr in
// tensorflow/core/framework/resource_mgr.h). Without a shared name, a variable is kept under the name of its node.
type resourceName struct{ container, shared, device string }

// surveyOf walks a graph, whose nodes are to lose their devices if cleared is set. The error is a *wire.SyntaxError: damage is
// found wherever it is, but in attrs.
func surveyOf(g wire.Graph, cleared bool) (*survey, error) {
	v := &survey{frames: make(map[string]bool), variables: make(map[resourceName]int)}
	var rest wire.Builder
	var n wire.Node
	s := wire.Scan(g)
	for s.Next() {
		if !s.Is(wire.GraphNode) {
			if err := checkBesideNodes(s.Field); err != nil {
				return nil, err
			}
			rest.Window(s.Raw)
			continue
		}
		if err := n.Parse(s.Data); err != nil {
			return nil, err
		}
		v.nodes++
		for _, input := range n.Inputs {
			if len(input) > 0 && (input[0] == '$' || input[0] == '^') && isUnbound(input) {
				v.addUnbound(string(scope.Spelling(input)))
			}
		}
		switch string(n.Op) {
		case "Enter", "RefEnter":
			if frame, ok := textAttr(&n, "frame_name"); ok {
				v.frames[frame] = true
			}
		case "VarHandleOp", "VariableV2", "Variable":
			var name resourceName
			if name.shared, _ = textAttr(&n, "shared_name"); name.shared != "" {
				name.container, _ = textAttr(&n, "container")
				if !cleared {
					name.device = string(n.Device)
				}
			}
			v.variables[name]++
		}
	}
	v.rest = rest.Build().Bytes()
	return v, s.Err()
}

// addUnbound adds an unbound input.
func (v *survey) addUnbound(input string) {
	if v.known == nil {
		v.known = make(map[string]bool)
	}
	if !v.known[input] {
		v.known[input] = true
		v.unbound = append(v.unbound, input)
	}
}

// textAttr returns a string attr, and whether it is there.
func textAttr(n *wire.Node, key string) (string, bool) {
	value, _ := n.Attr(key)
	text, ok := wire.AttrBytes(value, wire.AttrS)
	return string(text), ok
}

// sharedWith returns how many variables of a graph are kept under a name under which one of another is, and how many are not.
func (v *survey) sharedWith(other *survey) (shared, alone int) {
	for name, n := range v.variables {
		if name.shared != "" && other.variables[name] > 0 {
			shared += n
		} else {
			alone += n
		}
	}
	return shared, alone
}
