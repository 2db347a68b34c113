package checkpoint

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
)

// An Object is what an object-based checkpoint says about a key.
type Object struct {
	Path     string // from the root, the names of attributes with dots between them: "layers.0.kernel"
	FullName string // the variable's name, which several variables may share
}

// maxPath bounds the path of an object, in bytes.
const maxPath = 512

// Objects returns what the object graph of a checkpoint that tf.train.Checkpoint wrote says about its keys
// (tensorflow/core/protobuf/trackable_object_graph.proto). It is empty for other checkpoints, and if the graph's data is missing or
// not readable.
func (c *Checkpoint) Objects() map[string]Object {
	t := c.Find(ObjectGraphKey)
	if t == nil || !t.IsString() || len(t.Shape) > 0 {
		return nil
	}
	var objects tfpb.TrackableObjectGraph
	err := metafile.Guard(func() error {
		texts, err := c.Strings(t, Slice{})
		if err != nil {
			return err
		}
		return schema.Unmarshal(texts[0], &objects)
	})
	if err != nil {
		return nil // Verify tells what is wrong with it
	}
	paths := objectPaths(&objects)
	found := make(map[string]Object)
	for i, node := range objects.GetNodes() {
		for _, a := range node.GetAttributes() {
			found[a.GetCheckpointKey()] = Object{paths[i], a.GetFullName()}
		}
	}
	return found
}

// objectPaths returns the shortest path from the root to each object. Slots are named after the variable that they belong to.
func objectPaths(g *tfpb.TrackableObjectGraph) []string {
	nodes := g.GetNodes()
	paths, seen := make([]string, len(nodes)), make([]bool, len(nodes))
	if len(nodes) == 0 {
		return paths
	}
	todo := []int{0}
	seen[0] = true
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		for _, child := range nodes[i].GetChildren() {
			to := int(child.GetNodeId())
			if to < 0 || to >= len(nodes) || seen[to] {
				continue
			}
			seen[to] = true
			paths[to] = child.GetLocalName()
			if paths[i] != "" {
				paths[to] = paths[i] + "." + paths[to]
			}
			if len(paths[to]) > maxPath {
				paths[to] = "object " + strconv.Itoa(to)
			}
			todo = append(todo, to)
		}
	}
	for _, node := range nodes {
		for _, slot := range node.GetSlotVariables() {
			is, of := int(slot.GetSlotVariableNodeId()), int(slot.GetOriginalVariableNodeId())
			if is >= 0 && is < len(nodes) && of >= 0 && of < len(nodes) && paths[is] == "" {
				paths[is] = "slot " + slot.GetSlotName() + " of " + paths[of]
			}
		}
	}
	return paths
}
