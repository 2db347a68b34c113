// Package metafile is the only reader and writer of files: it finds the file that an argument means, tells what it is by
// its content, hands its message out as wire bytes, and replaces a file whole or not at all.
//
// The files: metafile.go, what a loaded file is; open.go, from an argument to bytes; resolve.go, prefixes and
// directories; detect.go, what bytes are, with ropefield.go for those in pieces; foreign.go, what they are when they are none
// of ours; json.go, protobuf's JSON; debuginfo.go, what lies beside a graph; write.go, the way out, with
// owner_unix.go and owner_other.go for whose a file is; signal.go, how it ends early.
package metafile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Kind is the message that a file holds.
type Kind int

// The kinds of file that metagraph reads.
const (
	MetaGraph  Kind = iota // a MetaGraphDef: what export_meta_graph and Saver.save write
	GraphDef               // a GraphDef alone: graph.pbtxt, frozen graphs
	SavedModel             // a SavedModel, which holds one MetaGraphDef or more
	DebugInfo              // a GraphDebugInfo, which lies beside a MetaGraphDef and is never an input itself
)

// String returns TensorFlow's name of the message.
func (k Kind) String() string { return string(k.Descriptor().Name()) }

// Descriptor returns the descriptor of the message.
func (k Kind) Descriptor() protoreflect.MessageDescriptor {
	switch k {
	case GraphDef:
		return (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor()
	case SavedModel:
		return (*tfpb.SavedModel)(nil).ProtoReflect().Descriptor()
	case DebugInfo:
		return (*tfpb.GraphDebugInfo)(nil).ProtoReflect().Descriptor()
	}
	return (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
}

// A Format is how a message is written down.
type Format int

// The formats, with the names that --input-format and --output-format take.
const (
	Auto   Format = iota // told by content on the way in, by name on the way out
	Binary               // protobuf's wire format
	Text                 // protobuf's text format, as TensorFlow writes it
	JSON                 // protobuf's JSON mapping
)

var formatNames = [...]string{"auto", "binary", "text", "json"}

// String returns the format's name.
func (f Format) String() string { return formatNames[f] }

// ParseFormat returns the format of that name. The empty name is Auto.
func ParseFormat(name string) (Format, error) {
	if name == "" {
		return Auto, nil
	}
	for f, n := range formatNames {
		if n == name {
			return Format(f), nil
		}
	}
	return Auto, fmt.Errorf("unknown format %q; use %s", name, strings.Join(formatNames[:], ", "))
}

// MaxSize is the largest message that TensorFlow can read, in bytes.
const MaxSize = 1<<31 - 1

// Field numbers of SavedModel (tensorflow/core/protobuf/saved_model.proto).
const (
	savedModelSchemaVersion protowire.Number = 1
	savedModelMetaGraphs    protowire.Number = 2
)

// A File is one loaded input. It must be closed when its bytes are needed no more.
type File struct {
	Name    string          // what to call it in messages: the path as given, or "standard input"
	Path    string          // the file that was read, "" for standard input
	Given   string          // what Open was given: Path, or what led to it, a directory or a checkpoint prefix
	Kind    Kind            // the message in it
	Format  Format          // Binary, Text or JSON: how it was written down
	Size    int64           // bytes of the file as it stands
	Bytes   []byte          // the message in binary: the file's own bytes where it is Binary
	Meta    *wire.MetaGraph // the MetaGraphDef; of a SavedModel the selected one, of a GraphDef one that holds the graph only
	TagSets []string        // of a SavedModel, the tags of each MetaGraphDef, in file order, comma-separated
	Tags    string          // of a SavedModel, the tags of the selected MetaGraphDef

	metas    []*wire.MetaGraph // of a SavedModel, all its MetaGraphDefs
	selected int               // of a SavedModel, which of the MetaGraphDefs is Meta
	all      bool              // of a SavedModel, whether all of them are selected
	source   *source
}

// Selected returns the file once for each MetaGraphDef that is selected, as its Meta: f itself, or with OpenOptions.AllTagSets one File for
// each MetaGraphDef of a SavedModel. Only f is to be closed.
func (f *File) Selected() []*File {
	if !f.all {
		return []*File{f}
	}
	files := make([]*File, len(f.metas))
	for i, meta := range f.metas {
		one := *f
		one.Meta, one.Tags, one.selected = meta, f.TagSets[i], i
		files[i] = &one
	}
	return files
}

// MetaGraphs returns all MetaGraphDefs of a SavedModel, selected or not, and nil for another kind of file.
func (f *File) MetaGraphs() []*wire.MetaGraph { return f.metas }

// RebuildAll is Rebuild for all MetaGraphDefs that Selected returns, given in that order.
func (f *File) RebuildAll(metas []*wire.Rope) (*wire.Rope, error) {
	if !f.all {
		return f.Rebuild(metas[0])
	}
	var b wire.Builder
	s := wire.Scan(f.Bytes)
	for number := 0; s.Next(); {
		if !s.Is(savedModelMetaGraphs) {
			b.Window(s.Raw)
			continue
		}
		meta := metas[number]
		b.Message(savedModelMetaGraphs, func() { b.Append(meta) })
		number++
	}
	return b.Build(), s.Err()
}

// Rebuild returns the message of the file's own kind in which meta, a MetaGraphDef, has taken the place of File.Meta. A
// SavedModel keeps all its other bytes; a GraphDef becomes the graph of meta.
func (f *File) Rebuild(meta *wire.Rope) (*wire.Rope, error) {
	switch f.Kind {
	case SavedModel:
		var b wire.Builder
		s := wire.Scan(f.Bytes)
		for number := 0; s.Next(); {
			if !s.Is(savedModelMetaGraphs) {
				b.Window(s.Raw)
				continue
			}
			if number == f.selected {
				b.Message(savedModelMetaGraphs, func() { b.Append(meta) })
			} else {
				b.Window(s.Raw)
			}
			number++
		}
		return b.Build(), s.Err()
	case GraphDef:
		return GraphOf(meta)
	}
	return meta, nil
}

// As returns the message of a kind in which meta, a MetaGraphDef made from File.Meta, is: meta itself, its graph alone, or a
// SavedModel. A SavedModel keeps its other MetaGraphDefs.
func (f *File) As(kind Kind, meta *wire.Rope) (*wire.Rope, error) {
	switch {
	case kind == GraphDef:
		return GraphOf(meta)
	case kind == SavedModel && f.Kind == SavedModel:
		return f.Rebuild(meta)
	case kind == SavedModel:
		return NewSavedModel(meta), nil
	}
	return meta, nil
}

// NewSavedModel returns a SavedModel of one MetaGraphDef.
func NewSavedModel(meta *wire.Rope) *wire.Rope {
	var b wire.Builder
	b.Varint(savedModelSchemaVersion, 1)
	b.Message(savedModelMetaGraphs, func() { b.Append(meta) })
	return b.Build()
}

// KindByName returns the kind of message that a file of that name holds, and whether the name says it: *.meta a MetaGraphDef,
// saved_model.* a SavedModel, *.pb a GraphDef.
func KindByName(path string) (Kind, bool) {
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, "saved_model.pb"):
		return SavedModel, true
	case strings.EqualFold(filepath.Ext(base), ".meta"):
		return MetaGraph, true
	case strings.EqualFold(filepath.Ext(base), ".pb"):
		return GraphDef, true
	}
	return MetaGraph, false
}

// GraphOf returns the GraphDef out of a MetaGraphDef that a rewrite put together.
func GraphOf(meta *wire.Rope) (*wire.Rope, error) {
	var graph wire.Builder // of all occurrences of the field, which protobuf merges
	err := scanRope(meta, 0, meta.Size(), func(f ropeField) bool {
		if f.num == wire.GraphDef && f.typ == protowire.BytesType {
			graph.Append(meta.Cut(f.at, f.size))
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("the new MetaGraphDef is broken at byte %d", err.at)
	}
	return graph.Build(), nil
}

// CheckpointPrefix returns the prefix of the checkpoint that belongs to the file: X for X.meta, variables/variables for a SavedModel. It
// is empty for standard input. There need not be such a checkpoint.
func (f *File) CheckpointPrefix() string {
	switch {
	case f.Path == "":
		return ""
	case f.Kind == SavedModel:
		return filepath.Join(filepath.Dir(f.Path), "variables", "variables")
	}
	return strings.TrimSuffix(f.Path, filepath.Ext(f.Path))
}

// FileOf returns the file whose bytes the *wire.SyntaxError in err points into. It returns nil if err holds no such error
// or none of the files contains that place. Files may be nil.
func FileOf(err error, files ...*File) *File {
	var syntax *wire.SyntaxError
	if !errors.As(err, &syntax) {
		return nil
	}
	for _, f := range files {
		if f == nil {
			continue
		}
		if _, ok := wire.Offset(f.Bytes, syntax.At); ok {
			return f
		}
	}
	return nil
}

// Annotate turns an error about bytes into one about the file: it names the file and the position at which a
// *wire.SyntaxError found it broken. Other errors get the file's name, nil stays nil. Of a file that changed meanwhile the
// error says that.
func (f *File) Annotate(err error) error {
	if err == nil {
		return nil
	}
	if changed := f.Changed(); changed != nil {
		return changed
	}
	var syntax *wire.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	place := ""
	if offset, ok := wire.Offset(f.Bytes, syntax.At); ok && f.Format == Binary {
		place = fmt.Sprintf(" at byte %d", offset)
	}
	return &Error{Name: f.Name, Problem: fmt.Sprintf("the %s is damaged%s: %s", f.Kind, place, syntax.Reason),
		Hint: "get the file again from where it was made", Err: err}
}

// An Error says what is wrong with a file and what to do about it.
type Error struct {
	Name    string // the file
	Problem string // "is a Git LFS pointer, not the file itself"
	Hint    string // what to do; may be empty
	Err     error  // what caused it; may be nil

	TagSets []string // those there are to choose from, where it is the choice that is missing or wrong
}

func (e *Error) Error() string { return e.Name + ": " + e.Problem }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Remedy returns the hint.
func (e *Error) Remedy() string { return e.Hint }

// isNotExist reports whether an error means that a file is not there.
func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
