package problems

import (
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// fileInputs lists the ops that read files, and which of their inputs are file names.
var fileInputs = map[string][]int{
	"CSVDataset": {0}, "CSVDatasetV2": {0},
	"FixedLengthRecordDataset": {0}, "FixedLengthRecordDatasetV2": {0},
	"GenerateVocabRemapping":        {0, 1},
	"InitializeTableFromTextFile":   {1},
	"InitializeTableFromTextFileV2": {1},
	"LoadAndRemapMatrix":            {0},
	"MatchingFiles":                 {0}, "MatchingFilesDataset": {0},
	"ReadFile":   {0},
	"ReaderRead": {1}, "ReaderReadV2": {1}, "ReaderReadUpTo": {1}, "ReaderReadUpToV2": {1},
	"Restore": {0}, "RestoreSlice": {0}, "RestoreV2": {0},
	"TFRecordDataset": {0}, "TFRecordDatasetV2": {0},
	"TensorSliceDataset": {0},
	"TextLineDataset":    {0},
}

// onlyAbsolute lists the ops of fileInputs that also read strings other than names of files. Only an absolute path is surely one: a saver
// has a default prefix, and a dataset holds any strings.
var onlyAbsolute = map[string]bool{"Restore": true, "RestoreSlice": true, "RestoreV2": true, "TensorSliceDataset": true}

// findOutsideFiles reports constants with paths that are inputs of ops that read files. Assets of a SavedModel are not a
// problem: the loader replaces their paths.
func (f *problemFinder) findOutsideFiles() {
	read := make([][]int, len(f.g.Ops())) // by op id: the inputs that are file names
	for id, op := range f.g.Ops() {
		read[id] = fileInputs[op]
	}
	t := pathTrace{f: f, assets: f.assetNodes(), left: maxTraced}
	for i := range f.g.Len() {
		for _, k := range read[f.g.Op(i)] {
			edges := f.g.DataInputs(i)
			if k >= len(edges) {
				continue
			}
			op := f.g.OpName(f.g.Op(i))
			t.accepts = isPath
			if onlyAbsolute[op] {
				t.accepts = isAbsolute
			}
			for _, path := range t.paths(edges[k]) {
				f.found.add(outsideFile, path, f.node(i), fixed("op "+op+" reads "+shown(path)))
			}
		}
	}
}

// assetNodes returns the nodes whose paths the loader of a SavedModel replaces.
func (f *problemFinder) assetNodes() map[string]bool {
	nodes := make(map[string]bool)
	for raw := range f.m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		var asset tfpb.AssetFileDef
		if schema.Unmarshal(raw, &asset) == nil && asset.GetFilename() != "" {
			nodes[wire.NodeOf(asset.GetTensorInfo().GetName())] = true
		}
	}
	return nodes
}

// Limits on tracing file names back to constants.
const (
	maxTraced     = 1 << 20 // nodes, in total
	maxTracedOnce = 256     // nodes, for one op
	maxPaths      = 8       // reported paths for one op
)

// A pathTrace follows tensors back to constant strings.
type pathTrace struct {
	f       *problemFinder
	assets  map[string]bool
	left    int // number of nodes that may still be visited
	accepts func(name string) bool
}

// paths returns the accepted paths among the constants that determine a string tensor.
func (t *pathTrace) paths(e graph.Edge) []string {
	var found []string
	seen := make(map[int32]bool)
	next := []graph.Edge{e}
	for len(next) > 0 && len(seen) < maxTracedOnce && t.left > 0 && len(found) < maxPaths {
		e := next[len(next)-1]
		next = next[:len(next)-1]
		if e.Node == graph.Dangling || seen[e.Node] {
			continue
		}
		seen[e.Node] = true
		t.left--
		i := int(e.Node)
		inputs := t.f.g.DataInputs(i)
		switch op := t.f.g.OpName(t.f.g.Op(i)); op {
		case "Const":
			if !t.assets[string(t.f.g.Name(i))] {
				found = append(found, t.accepted(i, maxPaths-len(found))...)
			}
		case "Identity", "Reshape", "ExpandDims", "Squeeze", "RandomShuffle", "Print", "PlaceholderWithDefault", "ShardedFilename", "Switch":
			next = append(next, inputs[:min(1, len(inputs))]...)
		case "Pack", "Concat", "ConcatV2", "StringJoin", "Merge":
			next = append(next, inputs[:min(maxTracedOnce, len(inputs))]...)
		case "FIFOQueue", "FIFOQueueV2", "RandomShuffleQueue", "RandomShuffleQueueV2":
			next = append(next, t.enqueued(i)...)
		}
	}
	return found
}

// enqueued returns the tensors that are added to a queue.
func (t *pathTrace) enqueued(queue int) []graph.Edge {
	var out []graph.Edge
	readers := t.f.g.Consumers(queue)
	for _, e := range readers[:min(maxTracedOnce, len(readers))] {
		switch t.f.g.OpName(t.f.g.Op(int(e.Node))) {
		case "QueueEnqueue", "QueueEnqueueV2", "QueueEnqueueMany", "QueueEnqueueManyV2":
			if inputs := t.f.g.DataInputs(int(e.Node)); len(inputs) > 1 {
				out = append(out, inputs[1])
			}
		}
	}
	return out
}

// accepted returns up to most accepted paths in Const node i.
func (t *pathTrace) accepted(i, most int) []string {
	t.f.g.Node(i, &t.f.scratch)
	encoded, _ := tensor.AttrTensor(&t.f.scratch)
	var out []string
	for s := wire.Scan(encoded); s.Next() && len(out) < most; {
		if s.Is(fieldnum.TensorProto_StringVal) && t.accepts(string(s.Data)) {
			out = append(out, string(s.Data))
		}
	}
	return out
}

// isPath reports whether a string can be a file name.
func isPath(name string) bool {
	const longest = 4096 // PATH_MAX
	return name != "" && len(name) <= longest
}

// isAbsolute reports whether a file name is absolute: /a/b, C:\a, \\host\a, gs://bucket/a.
func isAbsolute(name string) bool {
	if !isPath(name) {
		return false
	}
	if scheme, rest, ok := strings.Cut(name, "://"); ok && rest != "" {
		return scheme != "" && strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+") == ""
	}
	drive := len(name) > 3 && name[1] == ':' && (name[2] == '\\' || name[2] == '/')
	return len(name) > 1 && name[0] == '/' || drive || strings.HasPrefix(name, `\\`)
}
