package rewrite

import (
	"cmp"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/rewrite/saver"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// restored returns what the saver of the file restores.
func (e *exporter) restored() ([]checkpoint.Restored, error) {
	if e.byNode == nil {
		restores, err := checkpoint.RestoredBy(e.m, e.draft.Graph)
		if err != nil {
			return nil, err
		}
		e.restores, e.byNode = restores, make(map[int]*checkpoint.Restored, len(restores))
		for k := range restores {
			if i := int(restores[k].Node); e.byNode[i] == nil {
				e.byNode[i] = &restores[k]
			}
		}
	}
	return e.restores, nil
}

// planSaver cuts the saver of the graph to the variables that stay. One that restores nothing else stays as it is; otherwise a new one
// is written. TensorFlow's own forms of savers are too many to cut each.
func (e *exporter) planSaver() error {
	if e.cut == nil || e.o.Freeze {
		return nil
	}
	restored, err := e.restored()
	if err != nil {
		return err
	}
	kept := func(i int) bool { return i < len(e.cut.Reach.Has) && e.cut.Reach.Has[i] }
	entries := saver.Entries(restored, kept)
	for _, entry := range entries {
		e.report.Keys = append(e.report.Keys, entry.Key)
	}
	if len(entries) == 0 {
		return nil
	}
	names, _ := e.m.Message(wire.SaverDef)
	if len(entries) == len(restored) && len(names) > 0 && !v1Only(restored) {
		return e.keepSaver(names)
	}
	under := scope.Parent(string(wire.Last(names, saverRestore)))
	under = cmp.Or(under[strings.LastIndexByte(under, '/')+1:], "save")
	var nodes []int
	e.newSaver, nodes = saver.Write(e.draft, entries, under, kept)
	return e.cut.Reach.Add(nodes...)
}

// keepSaver keeps the nodes of the file's saver.
func (e *exporter) keepSaver(saverDef []byte) error {
	for s := wire.Scan(saverDef); s.Next(); {
		if s.Num > saverRestore || !s.Is(s.Num) {
			continue
		}
		if i, ok := e.draft.Source(s.Data); ok {
			if err := e.cut.Reach.Add(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// v1Only reports whether a restore op reads checkpoints of the first format only.
func v1Only(restored []checkpoint.Restored) bool {
	for i := range restored {
		if restored[i].V1Only {
			return true
		}
	}
	return false
}
