package metafile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire"
)

// OpenOptions controls how to read an input. With the zero value, Open detects the format and selects the only
// MetaGraphDef; it cannot read standard input.
type OpenOptions struct {
	Format Format // Auto: detected from the content
	TagSet string // the comma-separated tags of the MetaGraphDef to select in a SavedModel, in any order; "" selects the only one
	// NoTags makes the empty TagSet select the MetaGraphDef without tags.
	NoTags bool
	// AllTagSets selects every MetaGraphDef of a SavedModel. The first is Meta; Selected returns all of them.
	AllTagSets bool
	// TagSetOptional ignores TagSet and NoTags for a file that is not a SavedModel. They are meant for another
	// input.
	TagSetOptional bool
	Stdin          io.Reader // the source for the paths `-` and ""
}

// Open reads the input that path refers to: a file, a checkpoint prefix, a training directory, or the directory of a
// SavedModel. The paths `-` and "" refer to o.Stdin. A large regular file in binary is mapped into memory, and Open
// parses only its top level. Errors about the content are of type *Error; other errors name the path.
func Open(path string, o OpenOptions) (*File, error) {
	f := &File{Name: path, Argument: path}
	if path == "" || path == "-" {
		f.Name = "standard input"
		source, err := readAll(o.Stdin, f.Name)
		if _, named := errors.AsType[*Error](err); named {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		f.source = source
	} else {
		resolved, err := resolve(path)
		if err != nil {
			return nil, err
		}
		f.Path = resolved
		if resolved != path {
			f.Name = resolved
		}
		if f.source, err = mapFile(resolved); err != nil {
			return nil, err
		}
	}
	if err := f.load(o); err != nil {
		_ = f.Close() // report why it cannot be loaded
		return nil, err
	}
	return f, nil
}

// load detects the kind and the format of the source and indexes its message.
func (f *File) load(o OpenOptions) error {
	raw := f.source.bytes
	f.Size = int64(len(raw))
	if f.Size == 0 && f.Path == "" {
		return &Error{Name: f.Name, Problem: "is empty", Advice: "the program that feeds it may have failed; with < FILE > FILE, the shell empties FILE first: pass IN and OUT as arguments"}
	}
	kind, format, err := detect(f.Name, raw, o.Format)
	if err != nil {
		return err
	}
	f.Kind, f.Format, f.Bytes = kind, format, raw
	if format == Binary && int64(len(raw)) > maxBinary {
		return &Error{Name: f.Name, Problem: "has more than 4 GiB; a protobuf message cannot have over 2 GiB",
			Advice: "TensorFlow cannot read it either; store its large constants in a checkpoint"}
	}
	if format != Binary {
		f.Bytes, err = f.decode(bytes.TrimPrefix(raw, byteOrderMark))
		if changed := f.Changed(); changed != nil {
			return changed
		}
		if err != nil {
			return err
		}
		if err := f.source.Close(); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if o.TagSetOptional && f.Kind != SavedModel {
		o.TagSet, o.NoTags = "", false
	}
	return f.index(o)
}

// decode returns the binary form of a message in text or JSON.
func (f *File) decode(raw []byte) ([]byte, error) {
	if f.Format == Text {
		// Accept the unknown fields that Write wrote by number.
		message, err := text.Parse(raw, f.Kind.Descriptor(), text.Options{AllowUnknown: true})
		if err != nil {
			return nil, &Error{Name: f.Name, Problem: fmt.Sprintf("is not readable as a %s in text: %v", f.Kind, err), Err: err}
		}
		return message, nil
	}
	message, err := text.ParseJSON(raw, f.Kind.Descriptor())
	if err != nil {
		return nil, &Error{Name: f.Name, Problem: fmt.Sprintf("is not readable as a %s in JSON: %v", f.Kind, err), Err: err}
	}
	return message, nil
}

// index finds the MetaGraphDef in the message.
func (f *File) index(o OpenOptions) error {
	var err error
	switch f.Kind {
	case SavedModel:
		return f.pick(o)
	case GraphDef:
		if err = wire.Check(f.Bytes); err == nil {
			f.Meta = wire.MetaGraphOf(f.Bytes)
		}
	default:
		f.Meta, err = wire.ParseMetaGraph(f.Bytes)
	}
	if err == nil && (o.TagSet != "" || o.NoTags) {
		return &Error{Name: f.Name, Problem: fmt.Sprintf("is a %s, which has no tag-set %q", f.Kind, o.TagSet), Err: ErrNoTagSets}
	}
	return f.broken(err)
}

// broken describes a syntax error at the top level as damage to the file.
func (f *File) broken(err error) error {
	syntax, ok := errors.AsType[*wire.SyntaxError](err)
	if !ok || !syntax.Truncated || f.Format != Binary {
		return f.Annotate(err)
	}
	offset, _ := wire.Offset(f.Bytes, syntax.At)
	return &Error{Name: f.Name, Err: err,
		Problem: fmt.Sprintf("is a truncated %s: it ends at byte %d, in the field that begins at byte %d (%s)", f.Kind, len(f.Bytes), offset, syntax.Reason),
		Advice:  "copy or download it again; a truncated file cannot be repaired"}
}

// pick selects the MetaGraphDef of a SavedModel that has the given tags, or all MetaGraphDefs.
func (f *File) pick(o OpenOptions) error {
	given := o.TagSet != "" || o.NoTags
	var graphs [][]byte
	s := wire.Scan(f.Bytes)
	for s.Next() {
		if s.Is(fieldnum.SavedModel_MetaGraphs) {
			graphs = append(graphs, s.Data)
		}
	}
	if err := s.Err(); err != nil {
		return f.broken(err)
	}
	if len(graphs) == 0 {
		return &Error{Name: f.Name, Problem: "is a SavedModel without a MetaGraphDef"}
	}
	metas := make([]*wire.MetaGraph, len(graphs))
	for i, graph := range graphs {
		meta, err := wire.ParseMetaGraph(graph)
		if err != nil {
			return f.Annotate(err) // the SavedModel is complete, so the file is not truncated
		}
		metas[i] = meta
		f.TagSets = append(f.TagSets, strings.Join(meta.Tags(), ","))
	}
	f.metas, f.selected, f.all = metas, -1, o.AllTagSets
	if f.all {
		f.selected = 0
	}
	for i, meta := range metas {
		if !given && len(metas) == 1 || given && sameTags(meta.Tags(), o.TagSet) {
			f.selected = i
			break
		}
	}
	if f.selected >= 0 {
		f.Meta, f.Tags = metas[f.selected], f.TagSets[f.selected]
		return nil
	}
	return f.noTagSet(o.TagSet, given)
}

// maxTagSets is the number of tag-sets that an error lists.
const maxTagSets = 20

// noTagSet returns the error for a SavedModel in which tagSet selects no MetaGraphDef. The tag-set may be empty.
func (f *File) noTagSet(tagSet string, given bool) error {
	available := make([]string, 0, maxTagSets+1)
	for _, set := range f.TagSets {
		if len(available) == maxTagSets {
			available = append(available, fmt.Sprintf("and %d more", len(f.TagSets)-maxTagSets))
			break
		}
		available = append(available, fmt.Sprintf("%q", set))
	}
	problem := fmt.Sprintf("is a SavedModel of %d MetaGraphDefs with the tag-sets %s", len(f.TagSets), strings.Join(available, ", "))
	if given {
		problem = fmt.Sprintf("has no tag-set %q; available: %s", tagSet, strings.Join(available, ", "))
	}
	return &Error{Name: f.Name, Problem: problem, Err: ErrTagSet, TagSets: f.TagSets}
}

// sameTags reports whether a comma-separated list names exactly the given tags, in any order.
func sameTags(tags []string, list string) bool {
	want := make(map[string]bool)
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			want[tag] = true
		}
	}
	have := make(map[string]bool)
	for _, tag := range tags {
		if !want[tag] {
			return false
		}
		have[tag] = true
	}
	return len(have) == len(want)
}
