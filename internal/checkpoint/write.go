package checkpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/metafile"
	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// A Source is a checkpoint whose tensors go into a new one.
type Source struct {
	Checkpoint *Checkpoint
	// Key returns the key of a tensor in the new checkpoint, or false to leave the tensor out. A nil Key keeps all tensors and
	// keys. Slices follow their tensor.
	Key func(name string) (key string, keep bool)
}

// A DuplicateError reports that two tensors would get the same key.
type DuplicateError struct{ key string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("two tensors would have the key %q", e.key)
}

// Stage adds the files of a new V2 checkpoint to a stage: PREFIX.index and its data files. If a source is a little-endian V2
// checkpoint and all of its tensors are kept, under any keys, Stage hard-links its data files. Otherwise it streams the kept
// tensors of the source, sorted by key, into one new file. It converts V1 checkpoints. It keeps the checksums of the old index, so
// that damage stays detectable, and computes those of V1 values.
//
// The commit removes data files of an older checkpoint with the same prefix. The prefix may be that of a source. The sources must
// stay open until Stage returns, and should be closed before the commit. The error is a *DuplicateError, or that of a tensor or
// file.
func Stage(stage *metafile.Stage, prefix string, sources ...Source) error {
	w := &writer{stage: stage, prefix: prefix}
	if err := w.plan(sources); err != nil {
		return err
	}
	if err := metafile.Guard(w.write); err != nil {
		return err
	}
	w.removeOld()
	return nil
}

// Write writes a new V2 checkpoint, with Stage and a commit. All files appear, or none.
func Write(ctx context.Context, prefix string, sources ...Source) error {
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // does nothing after a commit
	if err := Stage(stage, prefix, sources...); err != nil {
		return err
	}
	return stage.Commit()
}

// A writer writes a checkpoint.
type writer struct {
	stage   *metafile.Stage
	prefix  string
	parts   []portion
	shards  int
	entries []newEntry
}

// A portion is the contribution of one source.
type portion struct {
	checkpoint *Checkpoint
	linked     bool
	first      int // number of its first data file
	shards     int
	tensors    []kept // sorted by key
}

// A kept is a tensor that goes into the new checkpoint.
type kept struct {
	key    string
	tensor *Tensor
}

// A newEntry is an entry of the new index.
type newEntry struct{ key, value []byte }

// plan assigns the tensors to data files.
func (w *writer) plan(sources []Source) error {
	seen := make(map[string]bool)
	for _, source := range sources {
		c := source.Checkpoint
		p := portion{checkpoint: c, first: w.shards}
		for i := range c.Tensors {
			t := &c.Tensors[i]
			key, keep := t.Name, true
			if source.Key != nil {
				key, keep = source.Key(t.Name)
			}
			if !keep {
				continue
			}
			if seen[key] {
				return &DuplicateError{key}
			}
			seen[key] = true
			p.tensors = append(p.tensors, kept{key, t})
		}
		slices.SortFunc(p.tensors, func(a, b kept) int { return strings.Compare(a.key, b.key) })
		p.linked = c.Version == V2 && !c.bigEndian && len(p.tensors) == len(c.Tensors)
		p.shards = 1
		if p.linked {
			p.shards = c.Shards
		}
		w.shards += p.shards
		w.parts = append(w.parts, p)
	}
	w.shards = max(w.shards, 1)
	return nil
}

// write writes the data files and then the index.
func (w *writer) write() error {
	for i := range w.parts {
		p := &w.parts[i]
		if !p.linked {
			err := w.stage.Create(DataPath(w.prefix, p.first, w.shards), func(out io.Writer) error { return w.stream(out, p) })
			if data, ok := errors.AsType[*dataError](err); ok {
				return data // about the source, not about the new file
			}
			if err != nil {
				return err
			}
			continue
		}
		for shard := range p.shards {
			if err := w.stage.Link(DataPath(w.prefix, p.first+shard, w.shards), DataPath(p.checkpoint.Prefix, shard, p.shards)); err != nil {
				return err
			}
		}
		for _, k := range p.tensors {
			w.enter(k, p.first, k.tensor.pieces)
		}
	}
	if len(w.parts) == 0 {
		if err := w.stage.Create(DataPath(w.prefix, 0, 1), func(io.Writer) error { return nil }); err != nil {
			return err
		}
	}
	return w.stage.Create(w.prefix+".index", w.index)
}

// stream writes the values of a portion into a data file.
func (w *writer) stream(out io.Writer, p *portion) error {
	at := int64(0)
	for _, k := range p.tensors {
		pieces := slices.Clone(k.tensor.pieces)
		for i := range pieces {
			windows, sum, err := p.checkpoint.storedForm(k.tensor, &pieces[i])
			if err != nil {
				return err
			}
			pieces[i].shard, pieces[i].offset, pieces[i].sum, pieces[i].size = 0, at, sum, 0
			for _, window := range windows {
				if _, err := out.Write(window); err != nil {
					return err
				}
				pieces[i].size += int64(len(window))
			}
			at += pieces[i].size
		}
		w.enter(k, p.first, pieces)
	}
	return nil
}

// storedForm returns the bytes of a piece in the form of a little-endian data file, and their masked checksum.
func (c *Checkpoint) storedForm(t *Tensor, p *piece) ([][]byte, uint32, error) {
	if c.Version == V2 && !c.bigEndian {
		stored, err := c.stored(t, p)
		return [][]byte{stored}, p.sum, err
	}
	if !t.IsString() {
		windows, err := c.pieceWindows(t, p)
		sum := uint32(0)
		for _, window := range windows {
			sum = crc32.Update(sum, castagnoli, window)
		}
		return windows, mask(sum), err
	}
	texts, err := c.pieceStrings(t, p)
	if err != nil {
		return nil, 0, err
	}
	stored, sum := joinStrings(texts)
	return stored, mask(sum), nil
}

// joinStrings returns strings in their stored form, and the checksum. It reverses splitStrings.
func joinStrings(texts [][]byte) (stored [][]byte, sum uint32) {
	var lengths []byte
	for _, text := range texts {
		lengths = binary.AppendUvarint(lengths, uint64(len(text)))
		sum = addLength(sum, uint64(len(text)))
	}
	head := binary.LittleEndian.AppendUint32(lengths, mask(sum))
	sum = crc32.Update(sum, castagnoli, head[len(head)-4:])
	for _, text := range texts {
		sum = crc32.Update(sum, castagnoli, text)
	}
	return append([][]byte{head}, texts...), sum
}

// enter adds the index entries of a tensor. first is the number of the data file for shard 0 of the pieces.
func (w *writer) enter(k kept, first int, pieces []piece) {
	t := k.tensor
	if t.slices == nil && len(pieces) == 1 {
		w.entries = append(w.entries, newEntry{[]byte(k.key), encode(indexEntry(t, &pieces[0], first))})
		return
	}
	w.entries = append(w.entries, newEntry{[]byte(k.key), encode(indexEntry(t, nil, 0))})
	for i := range pieces {
		p := &pieces[i]
		if p.size < 0 {
			continue // the old index lacks it too
		}
		whole, ok := p.slice.Within(t.Shape)
		part := *t
		if ok {
			part.Shape = whole.Length
		}
		w.entries = append(w.entries, newEntry{sliceKey(k.key, p.slice), encode(indexEntry(&part, p, first))})
	}
}

// indexEntry returns the entry of a tensor that is stored in piece p, or of a partitioned tensor if p is nil. Shard 0 of the piece is the
// data file number first.
func indexEntry(t *Tensor, p *piece, first int) *tfpb.BundleEntryProto {
	e := &tfpb.BundleEntryProto{Dtype: tfpb.DataType(t.DType), Shape: new(tfpb.TensorShapeProto)}
	for _, size := range t.Shape {
		e.Shape.Dim = append(e.Shape.Dim, &tfpb.TensorShapeProto_Dim{Size: size})
	}
	if p != nil {
		e.ShardId, e.Offset, e.Size, e.Crc32C = p.shard+int32(first), p.offset, p.size, p.sum
		return e
	}
	for _, slice := range t.slices {
		stored := new(tfpb.TensorSliceProto)
		for i := range slice.Start {
			extent := &tfpb.TensorSliceProto_Extent{Start: slice.Start[i]}
			if slice.Length[i] >= 0 {
				extent.HasLengthHack = &tfpb.TensorSliceProto_Extent_Length{Length: slice.Length[i]}
			}
			stored.Extent = append(stored.Extent, extent)
		}
		e.Slices = append(e.Slices, stored)
	}
	return e
}

// encode returns the bytes of a message that has neither strings nor maps, so that there is one encoding and no error.
func encode(m proto.Message) []byte {
	raw, _ := proto.Marshal(m) //nolint:forbidigo // without maps
	return raw
}

// index writes the index.
func (w *writer) index(out io.Writer) error {
	slices.SortFunc(w.entries, func(a, b newEntry) int { return slices.Compare(a.key, b.key) })
	t := newTableWriter(out)
	t.add(nil, encode(&tfpb.BundleHeaderProto{NumShards: int32(w.shards), Version: &tfpb.VersionDef{Producer: bundleVersion}}))
	for _, e := range w.entries {
		t.add(e.key, e.value)
	}
	return t.finish()
}

// removeOld schedules the removal of data files of an older checkpoint with the same prefix and another number of shards.
func (w *writer) removeOld() {
	old, _ := metafile.DataFiles(w.prefix) // creating the new files reports an unreadable directory
	for _, path := range old {
		if !strings.HasSuffix(path, fmt.Sprintf("-of-%05d", w.shards)) {
			w.stage.Remove(path)
		}
	}
}
