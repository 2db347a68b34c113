package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ImportCheckpoints are the checkpoints of the two graphs of an import. They are combined into one checkpoint for the
// result.
type ImportCheckpoints struct {
	In, Base *checkpoint.Checkpoint // nil if there is none
}

// A NoCheckpointError reports a graph that restores variables but has no checkpoint.
type NoCheckpointError struct {
	Base bool // the graph is the base
}

func (e *NoCheckpointError) Error() string {
	return "the graph restores variables but has no checkpoint"
}

// composeSaver returns the merged MetaGraphDef with a single saver that restores the variables of both graphs. It adds
// the new checkpoint keys to the report. Keys of the base stay. Keys of the imported graph get the scope. Without a
// scope, a key that the base uses is renamed like its node. The new saver replaces the nodes of the original savers.
func (i *importer) composeSaver(message *wire.Rope) (*wire.Rope, error) {
	merged, err := wire.ParseMetaGraph(message.Bytes())
	if err != nil {
		return nil, err
	}
	g, err := graph.New(merged.Graph())
	if err != nil {
		return nil, err
	}
	c := composer{g: g, r: i.o.Registry}
	base, err := c.restored(i.base.MetaGraph, i.o.Checkpoints.Base, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	if base == nil && c.lacking {
		return nil, &NoCheckpointError{Base: true}
	}
	own, err := c.restored(i.in.MetaGraph, i.o.Checkpoints.In, i.plan.Node)
	if err != nil {
		return nil, err
	}
	if own == nil && c.lacking {
		return nil, &NoCheckpointError{}
	}
	i.report.InKeys = i.newKeys(own, g)
	for k := range own {
		own[k].Key = i.report.InKeys[own[k].Key]
	}
	all := slices.Concat(base, own)
	if len(all) == 0 {
		return message, nil
	}
	i.report.Saver, i.report.Unsaved = "both", c.unsaved
	if !i.into {
		i.report.Saver = "imported"
	}
	options := ExportOptions{Registry: i.o.Registry, restores: all, replaces: oldSaver(i.base.MetaGraph)}
	for _, name := range oldSaver(i.in.MetaGraph) {
		options.replaces = append(options.replaces, i.plan.Node(name))
	}
	out, _, err := Export(merged, options)
	return out, err
}

// oldSaver returns the scope of a graph's saver. A saver outside all scopes, as TensorFlow 2 writes it, is its nodes.
func oldSaver(m *wire.MetaGraph) []string {
	if at := scope.Parent(restoreOp(m)); at != "" {
		return []string{at}
	}
	def, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
	var nodes []string
	for _, num := range []protowire.Number{fieldnum.SaverDef_FilenameTensorName, fieldnum.SaverDef_SaveTensorName, fieldnum.SaverDef_RestoreOpName} {
		if _, node, _ := scope.Split(wire.Last(def, num)); len(node) > 0 {
			nodes = append(nodes, string(node))
		}
	}
	return nodes
}

// restoreOp returns the op that restores everything, or "" if the graph has no saver.
func restoreOp(m *wire.MetaGraph) string {
	def, _ := m.Message(fieldnum.MetaGraphDef_SaverDef)
	_, node, _ := scope.Split(wire.Last(def, fieldnum.SaverDef_RestoreOpName))
	return string(node)
}

// A composer looks up the nodes that savers restore in the new graph.
type composer struct {
	g       *graph.Graph
	r       *scope.Registry
	lacking bool // the last graph restores variables but has no checkpoint
	unsaved int  // variables of graphs without a saver that have no value in the checkpoint
}

// restored returns what the saver of one of the graphs restores, as nodes of the new graph. The function rename returns
// the new name of a node.
func (c *composer) restored(m *wire.MetaGraph, from *checkpoint.Checkpoint, rename func(string) string) ([]checkpoint.Restored, error) {
	c.lacking = false
	old, err := graph.New(m.Graph())
	if err != nil {
		return nil, err
	}
	restored, err := values.RestoredBy(m, c.r, old, from)
	if err != nil {
		return nil, err
	}
	if restoreOp(m) == "" {
		c.unsaved += countVariables(old) - len(restored)
	}
	if c.lacking = from == nil && len(restored) > 0; c.lacking {
		return nil, nil
	}
	found := restored[:0]
	for _, r := range restored {
		if r.Node == graph.Dangling {
			continue
		}
		if at, ok := c.g.Find([]byte(rename(string(old.Name(int(r.Node)))))); ok {
			r.Node = int32(at)
			found = append(found, r)
		}
	}
	return found, nil
}

// countVariables returns the number of variables in a graph.
func countVariables(g *graph.Graph) int {
	count := 0
	for i := range g.Len() {
		if opdef.IsVariable(g.OpName(g.Op(i))) {
			count++
		}
	}
	return count
}

// newKeys returns the new key of each tensor of the imported checkpoint.
func (i *importer) newKeys(own []checkpoint.Restored, g *graph.Graph) map[string]string {
	keys := make(map[string]string)
	if i.o.Checkpoints.In == nil {
		return keys
	}
	tensors := i.o.Checkpoints.In.Tensors
	if i.plan.Prepend != "" {
		for k := range tensors {
			if name := tensors[k].Name; name != checkpoint.ObjectGraphKey {
				keys[name] = scope.Prepend(name, i.plan.Prepend)
			}
		}
		return keys
	}
	taken := make(map[string]bool)
	if i.o.Checkpoints.Base != nil {
		for k := range i.o.Checkpoints.Base.Tensors {
			taken[i.o.Checkpoints.Base.Tensors[k].Name] = true
		}
	}
	nodes := make(map[string]string) // by key, the new name of the node that restores it
	for k := range own {
		nodes[own[k].Key] = string(g.Name(int(own[k].Node)))
	}
	var colliding []string
	for k := range tensors {
		switch name := tensors[k].Name; {
		case name == checkpoint.ObjectGraphKey && i.into:
		case taken[name]:
			colliding = append(colliding, name)
		default:
			keys[name], taken[name] = name, true
		}
	}
	for _, key := range colliding {
		if node, restored := nodes[key]; restored {
			keys[key] = freeKey(key, node, taken)
			taken[keys[key]] = true
		}
	}
	return keys
}

// freeKey returns a free key for a node. It is the name of the node if that is the old key with a number, or else the
// old key with a number. The number precedes "-keys" and "-values", which distinguish the two keys of a table.
func freeKey(key, node string, taken map[string]bool) string {
	if strings.HasPrefix(node, key+"_") && !taken[node] {
		return node
	}
	stem, suffix := key, ""
	for _, end := range []string{"-keys", "-values"} {
		if cut, ok := strings.CutSuffix(key, end); ok {
			stem, suffix = cut, end
		}
	}
	for n := 1; ; n++ {
		if free := fmt.Sprintf("%s_%d%s", stem, n, suffix); !taken[free] {
			return free
		}
	}
}

// Sources returns the parts of the result's checkpoint: the base's tensors, and the imported ones under their new keys.
func (c *ImportCheckpoints) Sources(report *ImportReport) []checkpoint.Source {
	var sources []checkpoint.Source
	if c.Base != nil {
		sources = append(sources, checkpoint.Source{Checkpoint: c.Base})
	}
	if c.In != nil {
		sources = append(sources, checkpoint.Source{Checkpoint: c.In, Key: func(name string) (string, bool) {
			key, ok := report.InKeys[name]
			return key, ok
		}})
	}
	return slices.Clip(sources)
}
