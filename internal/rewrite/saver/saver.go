// Package saver writes the part of a graph that saves and restores variables, as tf.compat.v1.train.Saver does
// (tensorflow/python/training/saver.py).
package saver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/tensor"
)

// An Entry is a tensor of a checkpoint and the variable or table that it goes to.
type Entry struct {
	Node    int    // the variable or table
	Key     string // in the checkpoint
	Spec    string // shape and slice, as SaveV2 and RestoreV2 spell them; empty for a whole tensor
	DType   int32
	Reshape tensor.Shape // the shape to give to what was restored; nil leaves it
}

// Entries returns what the saver of a graph restores into nodes for which keep is true, sorted by key.
func Entries(restored []checkpoint.Restored, keep func(i int) bool) []Entry {
	var entries []Entry
	for i := range restored {
		r := &restored[i]
		if r.Node < 0 || !keep(int(r.Node)) {
			continue
		}
		e := Entry{Node: int(r.Node), Key: r.Key, Spec: spec(r), DType: r.DType}
		if r.Reshaped {
			if _, known := r.Variable.Elements(); known {
				e.Reshape = r.Variable
			}
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		if a.Key != b.Key {
			return strings.Compare(a.Key, b.Key)
		}
		return strings.Compare(a.Spec, b.Spec)
	})
	return entries
}

// spec returns shape and slice of what is restored in the spelling of SaveV2: "10 4 0,5:-". It is empty for a whole tensor.
func spec(r *checkpoint.Restored) string {
	if r.Shape == nil {
		return ""
	}
	return formatSlice(r.Shape, r.Slice)
}

// formatSlice returns a slice of a tensor of the given shape in the spelling of SaveV2.
func formatSlice(shape tensor.Shape, slice checkpoint.Slice) string {
	var b strings.Builder
	for _, dim := range shape {
		b.WriteString(strconv.FormatInt(dim, 10) + " ")
	}
	for i := range shape {
		if i > 0 {
			b.WriteByte(':')
		}
		if slice.Start == nil || slice.Length[i] < 0 {
			b.WriteByte('-')
		} else {
			fmt.Fprintf(&b, "%d,%d", slice.Start[i], slice.Length[i])
		}
	}
	return b.String()
}

// IsTable reports whether an op is a table whose content a saver saves.
func IsTable(op []byte) bool {
	return strings.HasPrefix(string(op), "Mutable") && strings.Contains(string(op), "HashTable")
}
