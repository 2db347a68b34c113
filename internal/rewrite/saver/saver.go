// Package saver fits the saver of a graph to its variables: it keeps the saver, or adds the ops of a new one like those of
// tf.compat.v1.train.Saver (tensorflow/python/training/saver.py).
package saver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/tensor"
)

// An entry pairs a checkpoint tensor with the variable or table that it restores.
type entry struct {
	node    int    // the variable or table
	key     string // name of the checkpoint tensor
	spec    string // shape and slice in the format of SaveV2 and RestoreV2; empty for a whole tensor
	dtype   int32
	reshape tensor.Shape // shape to give to the restored tensor; nil to keep its shape
}

// entriesFor returns an entry for each restored node for which keep is true, sorted by key.
func entriesFor(restored []checkpoint.Restored, keep func(i int) bool) []entry {
	var entries []entry
	for i := range restored {
		r := &restored[i]
		if r.Node < 0 || !keep(int(r.Node)) {
			continue
		}
		e := entry{node: int(r.Node), key: r.Key, spec: spec(r), dtype: r.DType}
		if r.Reshaped {
			if _, known := r.Variable.Elements(); known {
				e.reshape = r.Variable
			}
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.spec, b.spec))
	})
	return entries
}

// spec returns the shape and slice of a restored tensor in the format of SaveV2: "10 4 0,5:-". It is empty for a whole tensor.
func spec(r *checkpoint.Restored) string {
	if r.Shape == nil {
		return ""
	}
	return checkpoint.FormatShapeAndSlice(r.Shape, r.Slice)
}
