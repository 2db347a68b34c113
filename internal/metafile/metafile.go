// Package metafile is the only reader and writer of files. It resolves an argument to a file, detects the file type
// from its content, returns its message as wire bytes, and replaces files atomically.
package metafile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Kind is the message that a file holds.
type Kind int

// The kinds of file that metagraph reads.
const (
	MetaGraph  Kind = iota // a MetaGraphDef: what export_meta_graph and Saver.save write
	GraphDef               // a GraphDef alone: graph.pbtxt, frozen graphs
	SavedModel             // a SavedModel, which holds one MetaGraphDef or more
	DebugInfo              // a GraphDebugInfo, saved next to a MetaGraphDef and never an input itself
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

// A Format is the encoding of a message.
type Format int

// The formats, with the names that --input-format and --output-format take.
const (
	Auto   Format = iota // detected from the content of an input, chosen by the name of an output
	Binary               // protobuf's wire format
	Text                 // protobuf's text format, as TensorFlow writes it
	JSON                 // protobuf's JSON mapping
)

var formatNames = []string{"auto", "binary", "text", "json"}

// FormatNames returns the names of all formats.
func FormatNames() []string { return slices.Clone(formatNames) }

// String returns the format's name.
func (f Format) String() string { return formatNames[f] }

// ParseFormat returns the format with the given name. The empty name is Auto.
func ParseFormat(name string) (Format, error) {
	if name == "" {
		return Auto, nil
	}
	for f, n := range formatNames {
		if n == name {
			return Format(f), nil
		}
	}
	return Auto, fmt.Errorf("unknown format %q; use %s", name, strings.Join(FormatNames(), ", "))
}

// MaxSize is the largest message that TensorFlow can read, in bytes.
const MaxSize = 1<<31 - 1

// A File is one loaded input. Close it when its bytes are no longer needed.
type File struct {
	Name     string          // what to call it in messages: the path as given, or "standard input"
	Path     string          // the file that was read, "" for standard input
	Argument string          // the argument of Open: Path, or the directory or checkpoint prefix that led to it
	Kind     Kind            // the message in it
	Format   Format          // Binary, Text or JSON: the encoding of the file
	Size     int64           // size of the file on disk, in bytes
	Bytes    []byte          // the message in binary; the file's own bytes if Format is Binary
	Meta     *wire.MetaGraph // the MetaGraphDef: the selected one of a SavedModel, or one that holds only the graph of a GraphDef
	TagSets  []string        // the comma-separated tags of each MetaGraphDef of a SavedModel, in file order
	Tags     string          // the tags of the selected MetaGraphDef of a SavedModel

	metas    []*wire.MetaGraph // all MetaGraphDefs of a SavedModel
	selected int               // the index of Meta among the MetaGraphDefs of a SavedModel
	all      bool              // whether all MetaGraphDefs of a SavedModel are selected
	source   *Raw
}

// Selected returns one File for each selected MetaGraphDef, with that MetaGraphDef as its Meta. It returns f alone
// unless OpenOptions.AllTagSets selected all MetaGraphDefs of a SavedModel. Close only f.
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

// MetaGraphs returns all MetaGraphDefs of a SavedModel, selected or not. It returns nil for other kinds of files.
func (f *File) MetaGraphs() []*wire.MetaGraph { return f.metas }

// RebuildAll is like Rebuild for all MetaGraphDefs that Selected returns. It takes their replacements in the same
// order.
func (f *File) RebuildAll(metas []*wire.Rope) (*wire.Rope, error) {
	if !f.all {
		return f.Rebuild(metas[0])
	}
	return f.replaceMetaGraphs(func(number int) *wire.Rope { return metas[number] })
}

// Rebuild returns the message of the file's kind with File.Meta replaced by meta, a MetaGraphDef. A SavedModel keeps
// all its other bytes. For a GraphDef, the result is the graph of meta.
func (f *File) Rebuild(meta *wire.Rope) (*wire.Rope, error) {
	switch f.Kind {
	case SavedModel:
		return f.replaceMetaGraphs(func(number int) *wire.Rope {
			if number != f.selected {
				return nil
			}
			return meta
		})
	case GraphDef:
		return GraphOf(meta)
	}
	return meta, nil
}

// replaceMetaGraphs returns the SavedModel with each MetaGraphDef replaced. It keeps one whose replacement is nil.
func (f *File) replaceMetaGraphs(replacement func(number int) *wire.Rope) (*wire.Rope, error) {
	var b wire.Builder
	s := wire.Scan(f.Bytes)
	for number := 0; s.Next(); {
		var meta *wire.Rope
		if s.Is(fieldnum.SavedModel_MetaGraphs) {
			meta = replacement(number)
			number++
		}
		if meta == nil {
			b.Window(s.Raw)
			continue
		}
		b.Message(fieldnum.SavedModel_MetaGraphs, func() { b.Append(meta) })
	}
	return b.Build(), s.Err()
}

// As converts meta, a MetaGraphDef made from File.Meta, to a message of the given kind: meta itself, its graph, or a
// SavedModel. If f is a SavedModel too, the result keeps its other MetaGraphDefs.
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
	b.Varint(fieldnum.SavedModel_SavedModelSchemaVersion, 1)
	b.Message(fieldnum.SavedModel_MetaGraphs, func() { b.Append(meta) })
	return b.Build()
}

// KindByName returns the kind of message that the name of a file implies: a MetaGraphDef for *.meta, a SavedModel
// for saved_model.*, a GraphDef for *.pb. For other names it returns MetaGraph and false.
func KindByName(path string) (Kind, bool) {
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, SavedModelBinary):
		return SavedModel, true
	case strings.EqualFold(filepath.Ext(base), metaSuffix):
		return MetaGraph, true
	case strings.EqualFold(filepath.Ext(base), ".pb"):
		return GraphDef, true
	}
	return MetaGraph, false
}

// GraphOf returns the GraphDef of a rewritten MetaGraphDef.
func GraphOf(meta *wire.Rope) (*wire.Rope, error) {
	var graph wire.Builder // of all occurrences of the field, which protobuf merges
	at, err := meta.Fields(0, meta.Size(), func(f wire.RopeField) bool {
		if f.Num == fieldnum.MetaGraphDef_GraphDef && f.Type == protowire.BytesType {
			graph.Append(meta.Cut(f.At, f.Size))
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("the new MetaGraphDef is damaged at byte %d: %w", at, err)
	}
	return graph.Build(), nil
}

// CheckpointPrefix returns the prefix of the checkpoint that belongs to the file: X for X.meta, variables/variables
// for a SavedModel. For a GraphDef without a checkpoint of its own, such as the graph.pbtxt of a training directory, it is
// the latest checkpoint of the directory. It is empty for standard input. The checkpoint may not exist.
func (f *File) CheckpointPrefix() string {
	switch {
	case f.Path == "":
		return ""
	case f.Kind == SavedModel:
		return filepath.Join(filepath.Dir(f.Path), VariablesDir, VariablesDir)
	}
	prefix := strings.TrimSuffix(f.Path, filepath.Ext(f.Path))
	if state := filepath.Join(filepath.Dir(f.Path), stateName); f.Kind == GraphDef && !exists(prefix+indexSuffix) && exists(state) {
		if latest, err := latestPrefix(state); err == nil {
			return latest
		}
	}
	return prefix
}

// FileOf returns the file whose bytes the *wire.SyntaxError in err points into. It returns nil if err holds no such error
// or none of the files contains that place. Files may be nil.
func FileOf(err error, files ...*File) *File {
	syntax, ok := errors.AsType[*wire.SyntaxError](err)
	if !ok {
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

// Annotate adds the name of the file to err, unless err is an *Error and thus names a file. For a *wire.SyntaxError, it also
// adds the position of the damage. If the file changed since it was opened, Annotate returns an error that says so instead.
// A nil err stays nil.
func (f *File) Annotate(err error) error {
	if err == nil {
		return nil
	}
	if changed := f.Changed(); changed != nil {
		return changed
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	syntax, ok := errors.AsType[*wire.SyntaxError](err)
	if !ok {
		return &Error{Name: f.Name, Problem: err.Error(), Err: err}
	}
	place := ""
	if offset, ok := wire.Offset(f.Bytes, syntax.At); ok && f.Format == Binary {
		place = fmt.Sprintf(" at byte %d", offset)
	}
	return &Error{Name: f.Name, Problem: fmt.Sprintf("the %s is damaged%s: %s", f.Kind, place, syntax.Reason),
		Advice: "get the file again from its source", Err: err}
}

// An Error describes a problem with a file and how to solve it.
type Error struct {
	Name    string // the file
	Problem string // "is a Git LFS pointer, not the file itself"
	Advice  string // what to do; may be empty
	Err     error  // the cause; may be nil

	TagSets []string // the available tag-sets, if none was chosen or the chosen one does not exist
}

func (e *Error) Error() string { return e.Name + ": " + e.Problem }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint returns the advice, or else that of the cause.
func (e *Error) Hint() string {
	var cause interface{ Hint() string }
	if e.Advice == "" && errors.As(e.Err, &cause) {
		return cause.Hint()
	}
	return e.Advice
}

// Kinds of errors that callers can explain better than this package, because the remedy depends on their options. An
// Error holds them as Err.
var (
	ErrTerminal            = errors.New("binary output to a terminal")
	ErrFormat              = errors.New("the format of the input differs from OpenOptions.Format")
	ErrNoTagSets           = errors.New("a tag-set was chosen, but the input is not a SavedModel")
	ErrTagSet              = errors.New("the tag-set does not exist, or none was chosen")
	ErrUnrecognizable      = errors.New("the binary output would not be recognized")
	ErrDebugInfo           = errors.New("the GraphDebugInfo is damaged")
	ErrUnknownFieldsInText = errors.New("text cannot represent unknown fields by name")
	ErrUnknownFieldsInJSON = errors.New("JSON cannot represent unknown fields")
)

// isNotExist reports whether an error means that a file does not exist.
func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
