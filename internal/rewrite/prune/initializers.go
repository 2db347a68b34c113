package prune

import (
	"slices"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Init lists what has to run before the outputs can be computed.
type Init struct {
	Tables       []string        // kept tables, in file order
	Initializers []string        // the ops that fill them, in file order
	Ops          []string        // the file's own init ops, cut to the kept nodes, in the order in which loaders look for them
	Listed       int             // number of references to init ops in the file
	Covers       map[string]bool // the initializers that Ops run
}

// mainOps are the collections whose op a loader runs first, in the order in which loaders look for them
// (tensorflow/cc/saved_model/loader_util.cc). The signature takes precedence.
var mainOps = []string{scope.MainOpKey, scope.LegacyInitOpKey}

// InitSignature is the signature whose op a loader runs first.
const InitSignature = "__saved_model_init_op"

// KeepInitializers adds to Reach the ops that fill the kept tables, and the file's own init ops, cut to their effect on kept nodes.
func (c *Cut) KeepInitializers(m *wire.MetaGraph) (*Init, error) {
	init := new(Init)
	clear(c.inits)
	err := c.g.Kept(c.Reach.Has, func(_ int, n *wire.Node) error {
		if opdef.IsTable(string(n.Op)) {
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

// cover records which initializers the init ops run.
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

// initOps returns the names of the ops that loaders run first, without duplicates, and the number of references to them.
func initOps(m *wire.MetaGraph) (names []string, listed int) {
	seen := make(map[string]bool)
	add := func(name []byte) {
		listed++
		_, node, _ := scope.Split(name)
		if !seen[string(node)] && len(node) > 0 {
			seen[string(node)] = true
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
	var names []string
	for name := range scope.Entries(value, fieldnum.CollectionDef_NodeList) {
		names = append(names, string(name))
	}
	return names
}

// keepFilling adds the initializers of the kept tables. An op that only the collection table_initializer identifies counts too,
// such as the import of keys and values into a mutable table.
func (c *Cut) keepFilling(m *wire.MetaGraph, init *Init) error {
	listed := make(map[string]bool)
	for _, name := range nodeList(m, scope.TableInitializersKey) {
		_, node, _ := scope.Split([]byte(name))
		listed[string(node)] = true
	}
	var n wire.Node
	var found []int
	for i := range c.g.Len() {
		c.g.Node(i, &n)
		if len(n.Inputs) == 0 || !opdef.InitializesTable(string(n.Op)) && !listed[string(n.Name)] {
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

// deepest limits the nesting of groups of init ops.
const deepest = 50

// cutInitOp removes from an init op the initialization of dropped nodes. It reports whether anything is left. An op that has only
// control inputs is a group; any other op initializes its inputs.
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
		group = group && wire.IsControl(input)
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

// initializesKept reports whether an op reads a kept variable, table or other resource. Constants do not count.
func (c *Cut) initializesKept(n *wire.Node) bool {
	var source wire.Node
	for _, input := range n.Inputs {
		if len(input) == 0 || wire.IsControl(input) {
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

// Feeds returns the names of the placeholders without a default value that some nodes of g need, in file order. It ignores
// names of missing nodes. The error is a *draft.MissingError.
func Feeds(g *draft.Graph, nodes ...string) ([]string, error) {
	reach := g.NewReach()
	for _, name := range nodes {
		if i, ok := g.Find([]byte(name)); ok {
			if err := reach.Add(i); err != nil {
				return nil, err
			}
		}
	}
	var feeds []string
	err := g.Kept(reach.Has, func(_ int, n *wire.Node) error {
		if string(n.Op) == "Placeholder" {
			feeds = append(feeds, string(n.Name))
		}
		return nil
	})
	return feeds, err
}
