package rewrite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A survey is what one walk over a graph finds that an import asks for.
type survey struct {
	nodes     int
	unbound   []string                  // inputs whose names say that they must be mapped, each once, without `:0`
	known     map[string]bool           // what is in unbound
	rest      wire.Graph                // the fields that are no nodes, in order: looked at often, and few beside a million nodes
	frames    map[string]bool           // of loops
	variables int                       // nodes that are variables
	resources map[resourceKey]*resource // by their shared name
}

// A resourceKey is what a resource (a variable, a table, a queue) is kept under on a device while a graph runs. Nodes that share it
// share the resource.
type resourceKey struct{ kind, container, name string }

// A resource is the nodes that share a resourceKey.
type resource struct {
	nodes   []int           // their numbers in file order, without those in function bodies
	inside  int             // how many are in function bodies
	devices map[string]bool // where they are placed, "" for no device
}

// surveyOf walks a graph, whose nodes are to lose their devices if cleared is set. The error is a *wire.SyntaxError: damage is
// found wherever it is, but in attrs.
func surveyOf(g wire.Graph, cleared bool) (*survey, error) {
	v := &survey{frames: make(map[string]bool), resources: make(map[resourceKey]*resource)}
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
		default:
			v.addResource(&n, v.nodes-1, cleared)
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

// addResource adds a node if it is a resource with a shared name. Others are kept under the names of their nodes. The node loses its
// device if cleared is set.
func (v *survey) addResource(n *wire.Node, number int, cleared bool) {
	kind := opdef.ResourceKind(n.Op)
	if kind == "" {
		return
	}
	if strings.HasSuffix(kind, "variable") && number != inFunction {
		v.variables++
	}
	name, _ := textAttr(n, "shared_name")
	if name == "" || name == anonymous {
		return
	}
	container, _ := textAttr(n, "container")
	key := resourceKey{kind, container, name}
	r := v.resources[key]
	if r == nil {
		r = &resource{devices: make(map[string]bool)}
		v.resources[key] = r
	}
	device := ""
	if !cleared {
		device = match.NormalDevice(string(n.Device))
	}
	r.devices[device] = true
	if number == inFunction {
		r.inside++
	} else {
		r.nodes = append(r.nodes, number)
	}
}

// inFunction stands for the number of a node in a function body.
const inFunction = -1

// anonymous is the shared_name of a variable that shares nothing (ResourceHandle::ANONYMOUS_NAME in
// tensorflow/core/framework/resource_handle.h).
const anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"

// isVariable reports whether the resources of a key are variables.
func (k resourceKey) isVariable() bool { return strings.HasSuffix(k.kind, "variable") }

// mayShare reports whether two resources of one key can end up on one device, and so be one: a node without a device can go anywhere.
func (r *resource) mayShare(other *resource) bool {
	if r.devices[""] || other.devices[""] {
		return true
	}
	for device := range r.devices {
		if other.devices[device] {
			return true
		}
	}
	return false
}

// sharedWith returns the keys of the resources that a graph shares with another one, sorted.
func (v *survey) sharedWith(other *survey) []resourceKey {
	var keys []resourceKey
	for key, r := range v.resources {
		if o := other.resources[key]; o != nil && r.mayShare(o) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b resourceKey) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.container, b.container), cmp.Compare(a.name, b.name))
	})
	return keys
}
