package prune

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// isTable reports whether an op holds a lookup table.
func isTable(op []byte) bool {
	return strings.Contains(string(op), "HashTable") && !strings.HasPrefix(string(op), "Anonymous")
}

// tableInitializer reports whether an op fills a table before the graph runs.
func tableInitializer(op []byte) bool { return strings.HasPrefix(string(op), "InitializeTable") }

// An Init is what has to run before the outputs can be computed.
type Init struct {
	Tables       []string        // tables that stay, in file order
	Initializers []string        // the ops that fill them, in file order
	Ops          []string        // the file's own init ops, cut to what stays, in the order in which loaders look for them
	Listed       int             // how often the file names init ops
	Covers       map[string]bool // the initializers that Ops run
}

// mainOps are the collections that name the op which a loader runs first, in the order in which loaders look
// (tensorflow/cc/saved_model/loader_util.cc). The signature comes before them.
var mainOps = []string{"saved_model_main_op", "legacy_init_op"}

// InitSignature is the signature that names the op which a loader runs first.
const InitSignature = "__saved_model_init_op"

// KeepInitializers adds to Reach what fills the tables that stay, and the file's own init op, cut to what it does for the nodes that
// stay.
func (c *Cut) KeepInitializers(m *wire.MetaGraph) (*Init, error) {
	init := new(Init)
	err := c.g.Kept(c.Reach.Has, func(_ int, n *wire.Node) error {
		if isTable(n.Op) {
			init.Tables = append(init.Tables, string(n.Name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(init.Tables) > 0 {
		if err := c.keepFilling(m, init); err != nil {
			return nil, err
		}
	}
	ops, listed := initOps(m)
	init.Listed = listed
	for _, name := range ops {
		i, ok := c.g.Original([]byte(name))
		if !ok {
			continue
		}
		keep, err := c.cutInitOp(i, 0)
		if err != nil {
			return nil, err
		}
		if keep {
			init.Ops = append(init.Ops, name)
			if err := c.Reach.Add(i); err != nil {
				return nil, broken(err)
			}
		}
	}
	return init, c.cover(init)
}

// cover notes which initializers the init ops run.
func (c *Cut) cover(init *Init) error {
	reach := c.g.NewReach()
	for _, name := range init.Ops {
		if i, ok := c.g.Original([]byte(name)); ok {
			if err := reach.Add(i); err != nil {
				return broken(err)
			}
		}
	}
	init.Covers = make(map[string]bool)
	for _, name := range init.Initializers {
		i, ok := c.g.Original([]byte(name))
		init.Covers[name] = ok && reach.Has[i]
	}
	return nil
}

// initOps returns the names of the ops that loaders run first, each once, and how often one is named.
func initOps(m *wire.MetaGraph) (names []string, listed int) {
	add := func(name []byte) {
		listed++
		_, node, _ := scope.Split(name)
		if !slices.Contains(names, string(node)) && len(node) > 0 {
			names = append(names, string(node))
		}
	}
	for key, value := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if string(key) != InitSignature {
			continue
		}
		for s := wire.Scan(value); s.Next(); {
			if s.Is(fieldnum.SignatureDef_Outputs) {
				_, info := wire.MapEntry(s.Data)
				add(wire.Last(info, fieldnum.TensorInfo_Name))
			}
		}
	}
	for _, key := range mainOps {
		for _, name := range nodeList(m, key) {
			add([]byte(name))
		}
	}
	return names, listed
}

// nodeList returns the names in a collection of nodes.
func nodeList(m *wire.MetaGraph, key string) []string {
	value, _ := m.Collection(key)
	kind, list := scope.KindOf(value)
	if kind != fieldnum.CollectionDef_NodeList {
		return nil
	}
	var names []string
	for s := wire.Scan(list); s.Next(); {
		if s.Is(scope.ListValue) {
			names = append(names, string(s.Data))
		}
	}
	return names
}

// keepFilling adds the initializers of the tables that stay. An op that is only called an initializer by the collection
// table_initializer is one too: the import of keys and values into a mutable table.
func (c *Cut) keepFilling(m *wire.MetaGraph, init *Init) error {
	listed := make(map[string]bool)
	for _, name := range nodeList(m, "table_initializer") {
		_, node, _ := scope.Split([]byte(name))
		listed[string(node)] = true
	}
	var n wire.Node
	var found []int
	for i := range c.g.Len() {
		c.g.Node(i, &n)
		if len(n.Inputs) == 0 || !tableInitializer(n.Op) && !listed[string(n.Name)] {
			continue
		}
		table, ok := c.g.Source(n.Inputs[0])
		if ok && c.Reach.Has[table] && n.Inputs[0][0] != '^' {
			found = append(found, i)
			init.Initializers = append(init.Initializers, string(n.Name))
		}
	}
	if err := c.Reach.Add(found...); err != nil {
		return broken(err)
	}
	return nil
}

// deepest is how deep groups of init ops are followed.
const deepest = 50

// cutInitOp takes out of an init op what initializes nodes that go. It reports whether anything is left. A group is an op without
// inputs other than control inputs; any other op initializes what it reads.
func (c *Cut) cutInitOp(i, depth int) (bool, error) {
	if c.Reach.Has[i] {
		return true, nil
	}
	if keep, ok := c.inits[i]; ok {
		return keep, nil
	}
	keep, err := c.cutGroup(i, depth)
	c.inits[i] = keep
	return keep, err
}

func (c *Cut) cutGroup(i, depth int) (bool, error) {
	var n wire.Node
	c.g.Node(i, &n)
	group := depth < deepest
	for _, input := range n.Inputs {
		group = group && len(input) > 0 && input[0] == '^'
	}
	if !group || len(n.Inputs) == 0 {
		return c.initializesKept(&n), nil
	}
	kept := []string{}
	for _, input := range slices.Clone(n.Inputs) {
		j, ok := c.g.Source(input)
		if !ok {
			continue
		}
		keep, err := c.cutInitOp(j, depth+1)
		if err != nil {
			return false, err
		}
		if keep {
			kept = append(kept, string(input))
		}
	}
	if len(kept) < len(n.Inputs) && len(kept) > 0 {
		c.g.Edit(i).Inputs = kept
	}
	return len(kept) > 0, nil
}

// initializesKept reports whether an op reads a variable, a table or another resource that stays. Constants do not count.
func (c *Cut) initializesKept(n *wire.Node) bool {
	var source wire.Node
	for _, input := range n.Inputs {
		if len(input) == 0 || input[0] == '^' {
			continue
		}
		if j, ok := c.g.Source(input); ok && c.Reach.Has[j] {
			if c.g.Node(j, &source); string(source.Op) != "Const" {
				return true
			}
		}
	}
	return false
}
