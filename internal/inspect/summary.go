// Package inspect describes what a file holds. Each plain section of show is a function that reads a MetaGraphDef and returns
// structs with JSON names, sorted or in file order; Summarize combines them with what the packages below inspect find.
package inspect

import (
	"fmt"
	"slices"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/inspect/variables"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Summary says at a glance what a file holds: what it is, who made it, how large it is and of what, what goes in and comes out, what is
// wrong with it. Every list is in full; it is up to the reader to stop.
type Summary struct {
	File          FileInfo          `json:"file"`
	TensorFlow    Origin            `json:"tensorflow"`
	Graph         GraphCounts       `json:"graph"`
	Parts         []MessagePart     `json:"parts"`     // the fields of the message, the largest first
	Variables     variables.Totals  `json:"variables"` // all of them
	Trainable     variables.Totals  `json:"trainable"` // those that training changes
	Devices       DeviceList        `json:"devices"`
	Collections   []CollectionCount `json:"collections"` // by key
	Signatures    []Signature       `json:"signatures"`  // by key
	Saver         *Saver            `json:"saver"`       // saver_def, null where there is none
	Savers        int               `json:"savers"`      // entries of the collection "savers"
	Assets        int               `json:"assets"`
	Checkpoint    *CheckpointCounts `json:"checkpoint,omitempty"`     // of the checkpoint that belongs to the graph; nil if there is none
	AssetsOutside int               `json:"assets_outside,omitempty"` // of the assets, those that are paths in the graph: the SavedModel does not include them
	dataflow.IO
	Problems []problems.Problem `json:"problems"` // the worst first
}

// CheckpointCounts says what the checkpoint beside a graph holds, and how it fits.
type CheckpointCounts struct {
	Path    string             `json:"path"`
	Version checkpoint.Version `json:"version"`
	Tensors int                `json:"tensors"`
	Bytes   int64              `json:"bytes"`
	Damaged bool               `json:"damaged,omitempty"` // its index cannot be read
	Match   *MatchCounts       `json:"graph,omitempty"`   // nil if the graph has no saver
}

// MatchCounts is a checkpoint.Match in numbers.
type MatchCounts struct {
	Wanted    int `json:"wanted"`
	Found     int `json:"found"`
	Missing   int `json:"missing"`
	Different int `json:"different"`
	Unused    int `json:"unused"`
}

// FileInfo is what the reader of a file knows about it.
type FileInfo struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`   // MetaGraphDef, GraphDef or SavedModel
	Format string `json:"format"` // binary, text or json
	Bytes  int64  `json:"bytes"`  // of the file as it stands
	// TagSets are, of a SavedModel, the tags of each MetaGraphDef, comma-separated; Tags are those of the one that is shown.
	TagSets []string `json:"tag_sets,omitempty"`
	Tags    string   `json:"tags,omitempty"`
}

// An Origin says which TensorFlow made a graph and which can read it (tensorflow/core/framework/versions.proto).
type Origin struct {
	Version              string   `json:"version"`     // of the release, empty where the file does not say it
	GitVersion           string   `json:"git_version"` // the same
	MetaGraphVersion     string   `json:"meta_graph_version,omitempty"`
	Tags                 []string `json:"tags,omitempty"` // of the MetaGraphDef
	Producer             int32    `json:"producer"`
	ProducerDate         string   `json:"producer_date,omitempty"` // see ProducerDate
	MinConsumer          int32    `json:"min_consumer"`
	BadConsumers         []int32  `json:"bad_consumers,omitempty"`
	StrippedDefaultAttrs bool     `json:"stripped_default_attrs"`
}

// GraphCounts counts what a graph is made of.
type GraphCounts struct {
	Nodes         int       `json:"nodes"`
	Ops           int       `json:"ops"` // distinct ones, function bodies included
	Functions     int       `json:"functions"`
	FunctionNodes int       `json:"function_nodes"`
	Constants     int       `json:"constants"`      // nodes of op Const
	ConstantBytes int64     `json:"constant_bytes"` // of those nodes
	TopOps        []OpNodes `json:"top_ops"`        // those of most nodes
}

// OpNodes counts the nodes of one op.
type OpNodes struct {
	Op    string `json:"op"`
	Nodes int    `json:"nodes"`
}

// A MessagePart is what one field takes of the whole message.
type MessagePart struct {
	Field string `json:"field"`
	Bytes int64  `json:"bytes"`
}

// A CollectionCount is a collection and how many entries it has.
type CollectionCount struct {
	Key   string               `json:"key"`
	Kind  model.CollectionKind `json:"kind"`
	Count int                  `json:"count"`
}

// maxTopOps is how many ops a Summary names.
const maxTopOps = 10

// Summarize returns the summary of a MetaGraphDef. The error says what is not readable; where it is the message itself, it wraps a
// *wire.SyntaxError.
func Summarize(m *model.Model, file FileInfo) (*Summary, error) {
	s := &Summary{File: file, Parts: messageParts(m.Meta)}
	if len(s.Parts) == 1 && file.Format == "binary" {
		// The file may be the message of the field alone, without its tag and length: a GraphDef.
		s.Parts[0].Bytes = min(s.Parts[0].Bytes, file.Bytes)
	}
	for _, read := range []func(*model.Model) error{
		s.readOrigin, s.readGraph, s.readCollections, s.readSignatures, s.readSavers, s.readAssets, s.readVariables, s.readCheckpoint, s.readIO, s.readProblems,
	} {
		if err := read(m); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// messageParts adds up the fields of the message.
func messageParts(m *wire.MetaGraph) []MessagePart {
	sizes := make(map[protowire.Number]int64)
	for _, f := range m.Fields {
		size := int64(len(f.Raw))
		if f.Raw == nil {
			size = int64(protowire.SizeTag(f.Num) + protowire.SizeBytes(len(f.Data)))
		}
		sizes[f.Num] += size
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
	sort.Slice(parts, func(i, j int) bool {
		a, b := parts[i], parts[j]
		return a.Bytes > b.Bytes || a.Bytes == b.Bytes && a.Field < b.Field
	})
	return parts
}

// readOrigin reads meta_info_def, without its op list, and the versions of the graph.
func (s *Summary) readOrigin(m *model.Model) error {
	info, _ := m.Meta.Message(wire.MetaInfoDef)
	o := &s.TensorFlow
	f := wire.Scan(info)
	for f.Next() {
		switch {
		case f.Is(wire.InfoTFVersion):
			o.Version = string(f.Data)
		case f.Is(wire.InfoTFGitVersion):
			o.GitVersion = string(f.Data)
		case f.Is(wire.InfoMetaGraphVersion):
			o.MetaGraphVersion = string(f.Data)
		case f.Is(wire.InfoTags):
			o.Tags = append(o.Tags, string(f.Data))
		case f.Num == wire.InfoStrippedDefaults && f.Type == protowire.VarintType:
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
	// Before there was a VersionDef, the version of the graph stood in a field of its own.
	o.Producer = int32(wire.LastUint(graph, wire.GraphOldVersion))
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
	constant, _ := g.OpID("Const")
	if _, any := g.OpID("Const"); !any {
		constant = -1
	}
	for i := range g.Len() {
		op := g.Op(i)
		byOp[op]++
		byDevice[g.Device(i)]++
		if op == constant {
			s.Graph.ConstantBytes += int64(protowire.SizeTag(wire.GraphNode) + protowire.SizeBytes(len(g.Raw(i))))
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
	for key, raw := range m.Meta.Entries(wire.CollectionDef) {
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
	sort.Slice(s.Collections, func(i, j int) bool { return s.Collections[i].Key < s.Collections[j].Key })
	return nil
}

func (s *Summary) readSignatures(m *model.Model) error {
	var err error
	s.Signatures, err = Signatures(m.Meta, model.Filter{})
	return err
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
	assets, err := Assets(m.Meta)
	s.Assets = len(assets)
	for _, a := range assets {
		if a.Path != "" {
			s.AssetsOutside++
		}
	}
	return err
}

func (s *Summary) readVariables(m *model.Model) error {
	l, err := variables.Find(m)
	if err != nil {
		return err
	}
	s.Variables, s.Trainable = l.Total, l.Trainable
	return nil
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
	s.Checkpoint = &CheckpointCounts{Path: c.Prefix, Version: c.Version, Tensors: len(c.Tensors)}
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
