package rewrite

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/parallel"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A survey is everything that an import needs from one walk over a graph.
type survey struct {
	nodes     int
	unbound   []string                  // inputs whose names mark them as unbound, without duplicates and without `:0`
	known     map[string]bool           // the elements of unbound
	fields    [][]byte                  // the fields with the nodes, in order; adjacent fields are often together
	rest      wire.Graph                // all fields except the nodes, in order; small compared to the nodes, and read often
	numbered  numberedNames             // for imports into the surveyed graph
	frames    map[string]bool           // frames of loops
	variables int                       // number of variables
	resources map[resourceKey]*resource // resources with a shared_name
	others    [][]byte                  // in the survey of a part: the fields that are not nodes
}

// A resourceKey identifies a resource (a variable, a table, a queue) on a device of a running graph. Nodes with the same
// key share the resource.
type resourceKey struct{ kind, container, name string }

// A resource is a set of nodes with the same resourceKey.
type resource struct {
	nodes   []int           // their numbers in file order, except nodes in function bodies
	inside  int             // number of nodes in function bodies
	devices map[string]bool // their devices, "" for none
}

// surveyOf surveys a graph. It ignores the devices of nodes if cleared is set, and looks for names that are numbers of
// want unless that is empty. The error is a *wire.SyntaxError; it covers damage everywhere except in attrs.
func surveyOf(g wire.Graph, cleared bool, want string) (*survey, error) {
	v := newSurvey()
	var rest wire.Builder
	err := parallel.Ordered(g.Parts, func(p wire.Part) (*survey, error) { return surveyPart(p, cleared, want) }, func(part *survey) error {
		v.join(part)
		for _, field := range part.others {
			rest.Window(field)
		}
		return nil
	})
	v.rest = rest.Build().Bytes()
	return v, err
}

func newSurvey() *survey {
	return &survey{frames: make(map[string]bool), resources: make(map[resourceKey]*resource),
		numbered: numberedNames{make(map[string]bool), make(map[string]bool)}}
}

// surveyPart surveys one part of a graph.
func surveyPart(p wire.Part, cleared bool, want string) (*survey, error) {
	v := newSurvey()
	if !p.Mixed {
		v.fields = [][]byte{p.Fields}
	}
	var n wire.Node
	return v, wire.Each(p.Fields, func(f wire.Field) error {
		if !f.Is(fieldnum.GraphDef_Node) {
			v.others = append(v.others, f.Raw)
			return checkOtherField(f)
		}
		if p.Mixed {
			v.fields = append(v.fields, f.Raw)
		}
		if err := n.Parse(f.Data); err != nil {
			return err
		}
		if want != "" {
			v.numbered.add(n.Name, want)
		}
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
			v.addResource(&n, p.First+v.nodes, cleared)
		}
		v.nodes++
		return nil
	})
}

// join adds the survey of the next part, except its other fields.
func (v *survey) join(part *survey) {
	v.nodes += part.nodes
	v.fields = append(v.fields, part.fields...)
	maps.Copy(v.numbered.nodes, part.numbered.nodes)
	maps.Copy(v.numbered.scopes, part.numbered.scopes)
	v.variables += part.variables
	for _, input := range part.unbound {
		v.addUnbound(input)
	}
	maps.Copy(v.frames, part.frames)
	for key, r := range part.resources {
		all := v.resources[key]
		if all == nil {
			v.resources[key] = r
			continue
		}
		all.nodes = append(all.nodes, r.nodes...)
		maps.Copy(all.devices, r.devices)
	}
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

// textAttr returns the value of a string attr, and whether the node has it.
func textAttr(n *wire.Node, key string) (string, bool) {
	value, _ := n.Attr(key)
	text, ok := wire.AttrBytes(value, fieldnum.AttrValue_S)
	return string(text), ok
}

// addResource adds a node if it is a resource with a shared_name; a resource without one has the name of its node. It
// ignores the device if cleared is set. The number is inFunction for a node in a function body.
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

// inFunction is used as the number of a node in a function body.
const inFunction = -1

// anonymous is the shared_name of a variable that is never shared (ResourceHandle::ANONYMOUS_NAME in
// tensorflow/core/framework/resource_handle.h).
const anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"

// isVariable reports whether the key identifies a variable.
func (k resourceKey) isVariable() bool { return strings.HasSuffix(k.kind, "variable") }

// mayShare reports whether two resources with the same key can be placed on the same device, where they would be one
// resource. A node without a device can be placed on any.
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

// sharedWith returns the sorted keys of the resources that the graph may share with another one.
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
