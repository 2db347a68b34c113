package problems

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/inspect/model"
)

// findInCheckpoint checks the graph's checkpoint: its index, the sizes of its data files, and whether it has the tensors that the
// saver restores. It reads no data.
func (f *problemFinder) findInCheckpoint(m *model.Model) error {
	if err := m.CheckpointErr; err != nil {
		f.found.add(checkpointDamaged, "", fixed("checkpoint"), func() string { return err.Error() })
		return nil
	}
	if m.Checkpoint == nil {
		return nil
	}
	match, err := m.Match()
	if err != nil {
		return err
	}
	for _, d := range m.Checkpoint.Check() {
		f.found.add(checkpointDamaged, "", fixed("tensor "+shown(d.Name)), fixed(d.What))
	}
	for _, d := range m.Checkpoint.CheckFiles() {
		f.found.add(checkpointDamaged, "", fixed("file "+shown(d.Path)), fixed(d.What))
	}
	if match == nil {
		return nil
	}
	hint := ""
	if len(match.Hints) > 0 {
		hint = "; " + match.Hints[0]
	}
	for _, missing := range match.Missing {
		f.found.add(checkpointMissing, "", fixed("tensor "+shown(missing.Key)), func() string {
			message := "is not in the checkpoint"
			if missing.Node != "" && missing.Node != missing.Key {
				message += ", and " + shown(missing.Node) + " needs it"
			}
			if len(missing.Nearest) > 0 {
				message += fmt.Sprintf("; the nearest key is %s", shown(missing.Nearest[0]))
			}
			return message + hint
		})
		hint = "" // the hint concerns all missing tensors
	}
	for _, d := range match.Different {
		f.found.add(checkpointDifferent, "", fixed("tensor "+shown(d.Key)), func() string {
			return fmt.Sprintf("the %s is %s in the graph and %s in the checkpoint", d.What, d.Graph, d.Checkpoint)
		})
	}
	for _, key := range match.Unused {
		if key != checkpoint.ObjectGraphKey && !strings.HasPrefix(key, "save_counter/") {
			f.found.add(checkpointUnused, "", fixed("tensor "+shown(key)), fixed("the saver does not restore it"))
		}
	}
	return nil
}
