package checkpoint

import (
	"strconv"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
)

// An object describes the object of a key in an object-based checkpoint.
type object struct {
	path     string // names of attributes from the root, joined by dots: "layers.0.kernel"
	fullName string // name of the variable; not always unique
}

// maxPath is the maximum length of an object's path in bytes.
const maxPath = 512

// objects returns the object of each key in a checkpoint that tf.train.Checkpoint wrote, from its object graph
// (tensorflow/core/protobuf/trackable_object_graph.proto). It is empty for other checkpoints, and if the object graph is not
// readable.
func (c *Checkpoint) objects() map[string]object {
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
		return nil // Verify reports the damage
	}
	paths := objectPaths(&objects)
	found := make(map[string]object)
	for i, node := range objects.GetNodes() {
		for _, a := range node.GetAttributes() {
			found[a.GetCheckpointKey()] = object{paths[i], a.GetFullName()}
		}
	}
	return found
}

// objectPaths returns the shortest path from the root to each object. The path of a slot includes its variable.
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
