// Package inspect describes the contents of a file. Each basic section of the show command is a function that reads a
// MetaGraphDef and returns structs with JSON names. Summarize combines the sections with the results of the packages
// below this one.
package inspect

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	"github.com/metagraph/metagraph/internal/parallel"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Summary is an overview of a file: its type and origin, its size and contents, its inputs and outputs, and its
// problems. All lists are complete.
type Summary struct {
	File          FileInfo          `json:"file"`
	TensorFlow    Origin            `json:"tensorflow"`
	Graph         GraphCounts       `json:"graph"`
	Parts         []MessagePart     `json:"parts"`                    // the fields of the message, largest first
	Variables     variables.Totals  `json:"variables"`                // totals of all variables
	Trainable     variables.Totals  `json:"trainable"`                // totals of the trainable variables
	Devices       DeviceList        `json:"devices"`                  // the devices of nodes
	Collections   []CollectionCount `json:"collections"`              // sorted by key
	Signatures    []Signature       `json:"signatures"`               // sorted by key
	Saver         *Saver            `json:"saver"`                    // saver_def; nil if it is missing
	Savers        int               `json:"savers"`                   // entries of the collection "savers"
	Assets        int               `json:"assets"`                   // number of assets
	Checkpoint    *CheckpointCounts `json:"checkpoint,omitempty"`     // the checkpoint next to the graph; nil if there is none
	AssetsOutside int               `json:"assets_outside,omitempty"` // number of assets that the graph reads from paths outside the SavedModel
	dataflow.IO
	Problems []problems.Problem `json:"problems"` // most severe first
}

// CheckpointCounts summarizes a graph's checkpoint and how it matches the graph.
type CheckpointCounts struct {
	Path    string             `json:"path"`              // its prefix
	Version checkpoint.Version `json:"version"`           // its format, V1 or V2
	Tensors int                `json:"tensors"`           // number of tensors
	Bytes   int64              `json:"bytes"`             // size of all tensors
	Damaged bool               `json:"damaged,omitempty"` // whether its index cannot be read
	Files   int                `json:"files,omitempty"`   // number of data files that are missing or too short
	Match   *MatchCounts       `json:"graph,omitempty"`   // how it matches the graph; nil if the graph has no saver
}

// MatchCounts holds the counts of a checkpoint.Match.
type MatchCounts struct {
	Wanted    int `json:"wanted"`    // distinct keys that the saver restores
	Found     int `json:"found"`     // number of those keys that the checkpoint has
	Missing   int `json:"missing"`   // number of those keys that the checkpoint lacks
	Different int `json:"different"` // number of tensors whose shape, dtype or format does not match
	Unused    int `json:"unused"`    // number of keys that the saver does not restore
}

// FileInfo describes the file that contains the graph.
type FileInfo struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`               // MetaGraphDef, GraphDef or SavedModel
	Format  string   `json:"format"`             // binary, text or json
	Bytes   int64    `json:"bytes"`              // size of the file
	TagSets []string `json:"tag_sets,omitempty"` // comma-separated tags of each MetaGraphDef in a SavedModel
	Tags    string   `json:"tags,omitempty"`     // tags of the selected MetaGraphDef
}

// An Origin describes which TensorFlow made a graph and which can read it (tensorflow/core/framework/versions.proto).
type Origin struct {
	Version              string   `json:"version"`                      // TensorFlow release; empty if the file does not record it
	GitVersion           string   `json:"git_version"`                  // its Git revision; empty if the file does not record it
	MetaGraphVersion     string   `json:"meta_graph_version,omitempty"` // user-defined version of the MetaGraphDef
	Tags                 []string `json:"tags,omitempty"`               // tags of the MetaGraphDef
	Producer             int32    `json:"producer"`                     // GraphDef version of the TensorFlow that wrote the graph
	ProducerDate         string   `json:"producer_date,omitempty"`      // date on which that version was introduced, such as 2016-09-14
	MinConsumer          int32    `json:"min_consumer"`                 // smallest GraphDef version that can read the graph
	BadConsumers         []int32  `json:"bad_consumers,omitempty"`      // GraphDef versions that must not read the graph
	StrippedDefaultAttrs bool     `json:"stripped_default_attrs"`       // attrs with default values were removed
}

// GraphCounts counts the contents of a graph.
type GraphCounts struct {
	Nodes         int       `json:"nodes"`          // nodes of the graph, without function bodies
	Ops           int       `json:"ops"`            // number of distinct ops, including function bodies
	Functions     int       `json:"functions"`      // functions in the library
	FunctionNodes int       `json:"function_nodes"` // nodes in function bodies
	Constants     int       `json:"constants"`      // nodes of op Const
	ConstantBytes int64     `json:"constant_bytes"` // size of these nodes
	TopOps        []OpNodes `json:"top_ops"`        // the most frequent ops
}

// OpNodes counts the nodes of one op.
type OpNodes struct {
	Op    string `json:"op"`
	Nodes int    `json:"nodes"`
}

// A MessagePart is the size of one field of the message.
type MessagePart struct {
	Field string `json:"field"`
	Bytes int64  `json:"bytes"` // encoded size
}

// A CollectionCount is a collection and its number of entries.
type CollectionCount struct {
	Key   string               `json:"key"`
	Kind  scope.CollectionKind `json:"kind"`  // node_list, bytes_list, ...
	Count int                  `json:"count"` // number of entries
}

// maxTopOps is how many ops a Summary lists.
const maxTopOps = 10

// parallelFrom is the size in bytes from which the processors share the work for a summary. Less is done in a moment, and what both
// need for a small file full of strange content adds up.
const parallelFrom = 16 << 20

// Summarize returns the summary of a MetaGraphDef, which is incomplete if there is an error. The error names the part that cannot be
// read. If the message itself is damaged, the error wraps a *wire.SyntaxError.
func Summarize(m *model.Model, file FileInfo) (*Summary, error) {
	s := &Summary{File: file, Parts: messageParts(m.Meta)}
	if len(s.Parts) == 1 && file.Format == "binary" {
		// The file may be a bare GraphDef, which lacks the tag and length of the field graph_def.
		s.Parts[0].Bytes = min(s.Parts[0].Bytes, file.Bytes)
	}
	m.SortNodes()
	steps := []func(*model.Model) error{s.readOrigin, s.readGraph, s.readCollections, s.readSignatures, s.readSavers, s.readAssets, s.readVariables,
		s.readCheckpoint, s.readIO, s.readProblems}
	if file.Bytes >= parallelFrom {
		slices.Reverse(steps) // the longest first
		return s, parallel.Each(slices.Values(steps), func(read func(*model.Model) error) error { return read(m) })
	}
	for _, read := range steps {
		if err := read(m); err != nil {
			return s, err
		}
	}
	return s, nil
}

// messageParts returns the sizes of the fields of the message.
func messageParts(m *wire.MetaGraph) []MessagePart {
	sizes := make(map[protowire.Number]int64)
	for _, f := range m.Fields {
		sizes[f.Num] += f.Size()
	}
	descriptor := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	parts := make([]MessagePart, 0, len(sizes))
	for num, size := range sizes {
		name := fmt.Sprintf("field %d", num)
		if f := descriptor.Fields().ByNumber(num); f != nil {
			name = string(f.Name())
		}
		parts = append(parts, MessagePart{name, size})
	}
	slices.SortFunc(parts, func(a, b MessagePart) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Field, b.Field))
	})
	return parts
}

// readOrigin reads meta_info_def, without its op list, and the versions of the graph.
func (s *Summary) readOrigin(m *model.Model) error {
	info, _ := m.Meta.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	o := &s.TensorFlow
	f := wire.Scan(info)
	for f.Next() {
		switch {
		case f.Is(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion):
			o.Version = string(f.Data)
		case f.Is(fieldnum.MetaGraphDef_MetaInfoDef_TensorflowGitVersion):
			o.GitVersion = string(f.Data)
		case f.Is(fieldnum.MetaGraphDef_MetaInfoDef_MetaGraphVersion):
			o.MetaGraphVersion = string(f.Data)
		case f.Is(fieldnum.MetaGraphDef_MetaInfoDef_Tags):
			o.Tags = append(o.Tags, string(f.Data))
		case f.Num == fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs && f.Type == protowire.VarintType:
			o.StrippedDefaultAttrs = f.Uint() != 0
		}
	}
	if err := f.Err(); err != nil {
		return fmt.Errorf("read meta_info_def: %w", err)
	}
	g, err := m.Graph()
	if err != nil {
		return err
	}
	graph := g.Rest()
	// Before VersionDef existed, the graph version had its own field.
	o.Producer = int32(wire.LastUint(graph, fieldnum.GraphDef_Version))
	if raw, ok := graph.Versions(); ok {
		var versions tfpb.VersionDef
		if err := schema.Unmarshal(raw, &versions); err != nil {
			return fmt.Errorf("read the versions of the graph: %w", err)
		}
		o.Producer, o.MinConsumer, o.BadConsumers = versions.GetProducer(), versions.GetMinConsumer(), versions.GetBadConsumers()
	}
	o.ProducerDate = producerDate(o.Producer)
	return nil
}

// readGraph counts nodes, ops, devices and functions.
func (s *Summary) readGraph(m *model.Model) error {
	g, err := m.Graph()
	if err != nil {
		return err
	}
	byOp := make([]int, len(g.Ops()))
	byDevice := make([]int, len(g.Devices()))
	constant, found := g.OpID("Const")
	if !found {
		constant = -1
	}
	for i := range g.Len() {
		op := g.Op(i)
		byOp[op]++
		byDevice[g.Device(i)]++
		if op == constant {
			s.Graph.ConstantBytes += int64(protowire.SizeTag(fieldnum.GraphDef_Node) + protowire.SizeBytes(len(g.Raw(i))))
		}
	}
	s.Graph.Nodes = g.Len()
	ops := make(map[string]bool)
	for id, nodes := range byOp {
		ops[g.OpName(int32(id))] = true
		s.Graph.TopOps = append(s.Graph.TopOps, OpNodes{g.OpName(int32(id)), nodes})
	}
	if constant >= 0 {
		s.Graph.Constants = byOp[constant]
	}
	slices.SortStableFunc(s.Graph.TopOps, func(a, b OpNodes) int { return b.Nodes - a.Nodes })
	s.Graph.TopOps = s.Graph.TopOps[:min(len(s.Graph.TopOps), maxTopOps)]

	devices := make(deviceCounts)
	for id, nodes := range byDevice {
		devices.of([]byte(g.Devices()[id])).Nodes = nodes
	}
	err = eachFunctionNode(g.Rest(), func(string) { s.Graph.Functions++ }, func(n *wire.Node) {
		s.Graph.FunctionNodes++
		ops[string(n.Op)] = true
		devices.of(n.Device).FunctionNodes++
	})
	if err != nil {
		return fmt.Errorf("read the functions: %w", err)
	}
	s.Graph.Ops = len(ops)
	s.Devices = *devices.list()
	return nil
}

// readCollections counts the entries of each collection without decoding them.
func (s *Summary) readCollections(m *model.Model) error {
	s.Collections = []CollectionCount{}
	for key, raw := range m.Meta.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		kind, list, err := model.CollectionList(raw)
		if err != nil {
			return fmt.Errorf("read collection %q: %w", key, err)
		}
		entries, err := model.CountEntries(kind, list)
		if err != nil {
			return fmt.Errorf("read collection %q: %w", key, err)
		}
		s.Collections = append(s.Collections, CollectionCount{Key: string(key), Kind: kind, Count: entries})
	}
	slices.SortFunc(s.Collections, func(a, b CollectionCount) int { return cmp.Compare(a.Key, b.Key) })
	return nil
}

func (s *Summary) readSignatures(m *model.Model) error {
	signatures, err := Signatures(m.Meta, model.Filter{})
	if err != nil {
		return err
	}
	s.Signatures = []Signature{}
	for signature := range signatures {
		s.Signatures = append(s.Signatures, *signature)
	}
	return nil
}

func (s *Summary) readSavers(m *model.Model) error {
	l, err := Savers(m.Meta)
	if err != nil {
		return err
	}
	s.Saver, s.Savers = l.Saver, len(l.Savers)
	return nil
}

func (s *Summary) readAssets(m *model.Model) error {
	assets, err := Assets(m)
	s.Assets = len(assets)
	for _, a := range assets {
		if a.Path != "" {
			s.AssetsOutside++
		}
	}
	return err
}

func (s *Summary) readVariables(m *model.Model) error {
	var err error
	s.Variables, s.Trainable, err = variables.Sum(m)
	return err
}

func (s *Summary) readIO(m *model.Model) error {
	io, err := dataflow.Find(m)
	if err != nil {
		return err
	}
	s.IO = *io
	return nil
}

func (s *Summary) readCheckpoint(m *model.Model) error {
	c := m.Checkpoint
	switch {
	case m.CheckpointErr != nil:
		s.Checkpoint = &CheckpointCounts{Damaged: true}
		return nil
	case c == nil:
		return nil
	}
	s.Checkpoint = &CheckpointCounts{Path: c.Prefix, Version: c.Version, Tensors: len(c.Tensors), Files: len(c.CheckFiles())}
	for i := range c.Tensors {
		s.Checkpoint.Bytes += c.Tensors[i].Bytes
	}
	match, err := m.Match()
	if match != nil {
		s.Checkpoint.Match = &MatchCounts{match.Wanted, match.Found, len(match.Missing), len(match.Different), len(match.Unused)}
	}
	return err
}

func (s *Summary) readProblems(m *model.Model) error {
	var err error
	s.Problems, err = problems.Find(m)
	return err
}
