// Package checkpoint reads and writes TensorFlow's checkpoints: the index, which has the name, dtype, shape, location and checksum
// of every tensor, and the data. It reads both formats, TensorBundle (V2) and the table of slices of releases before 1.0 (V1).
//
// A checkpoint is untrusted input. Every length is checked against the existing bytes before anything is allocated, and time is
// linear in the size of the files.
package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// Version is the format of a checkpoint, with the names of SaverDef.CheckpointFormatVersion.
type Version string

// The formats.
const (
	V1 Version = "V1" // one or more files, each a table that includes the values
	V2 Version = "V2" // TensorBundle: an index and data files
)

// ObjectGraphKey is the key of the TrackableObjectGraph in a checkpoint that tf.train.Checkpoint wrote.
const ObjectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH"

// A Checkpoint is an open checkpoint. Open has read its index but not its data. All methods except Close are safe for concurrent
// use.
type Checkpoint struct {
	Prefix  string   // the path by which TensorFlow opens the checkpoint
	Name    string   // its name in messages: the index, the V1 file, or the prefix of V1 shards
	Version Version  // V1 or V2
	Shards  int      // number of data files, or of all files of a V1 checkpoint
	Tensors []Tensor // sorted by name

	bigEndian bool
	tables    []tableFile // the index, or all files of a V1 checkpoint
	lock      sync.Mutex
	data      map[int32]*metafile.Raw // the data files opened so far, by shard
}

// A tableFile is a file in the table format.
type tableFile struct {
	file  *metafile.Raw
	table *table
	index *v1Index
}

// A Tensor is one tensor of a checkpoint.
type Tensor struct {
	Name  string
	DType int32 // tfpb.DataType
	Shape tensor.Shape
	// Bytes is the size of the stored values of all slices. For strings it includes their lengths.
	Bytes int64
	// Slices lists the parts of a partitioned tensor in the order of the index. It is nil if the tensor is stored whole.
	slices []Slice

	pieces []piece
	index  *pieceIndex // made when first used; Checkpoint.lock guards it
}

// A piece locates the stored values of a tensor or of one of its slices.
type piece struct {
	slice  Slice // the zero value for a whole tensor
	shard  int32
	offset int64 // V2: position in the data file
	size   int64 // V2: size in bytes, -1 if the index lacks the slice
	sum    uint32
}

// shard returns the number of the data file that contains the tensor, or its first slice.
func (t *Tensor) shard() int {
	if len(t.pieces) == 0 {
		return 0
	}
	return int(t.pieces[0].shard)
}

// Checksum returns the masked CRC-32C of a tensor that is stored whole in a V2 checkpoint. It reports false for other tensors.
func (t *Tensor) Checksum() (uint32, bool) {
	if len(t.pieces) != 1 || t.slices != nil || t.pieces[0].size < 0 {
		return 0, false
	}
	return t.pieces[0].sum, true
}

// SameChecksums compares the values of two tensors with the same dtype and shape by their checksums. known is false if checksums
// cannot decide: in V1 checkpoints, between different byte orders, for tensors with different slices, and for missing slices.
func SameChecksums(a *Checkpoint, x *Tensor, b *Checkpoint, y *Tensor) (same, known bool) {
	if a.Version != V2 || b.Version != V2 || a.bigEndian != b.bigEndian || len(x.pieces) != len(y.pieces) {
		return false, false
	}
	same = true
	for i := range x.pieces {
		p, q := &x.pieces[i], &y.pieces[i]
		if !slices.Equal(p.slice.Start, q.slice.Start) || !slices.Equal(p.slice.Length, q.slice.Length) || p.size < 0 || q.size < 0 {
			return false, false
		}
		same = same && p.sum == q.sum && p.size == q.size
	}
	return same, true
}

// DTypeName returns the dtype as TensorFlow displays it: "float32".
func (t *Tensor) DTypeName() string { return tensor.DTypeName(t.DType) }

// elements returns the number of elements. It reports false if a dimension is negative or the number overflows.
func (t *Tensor) elements() (int64, bool) { return elements(t.Shape) }

// Find returns the tensor with that name, or nil.
func (c *Checkpoint) Find(name string) *Tensor {
	i, found := slices.BinarySearchFunc(c.Tensors, name, func(t Tensor, name string) int { return strings.Compare(t.Name, name) })
	if !found {
		return nil
	}
	return &c.Tensors[i]
}

// Open opens the checkpoint at path: a prefix, an .index, a data file, a V1 file or one of its shards. It reads the index but no
// data. The error is a *metafile.Error if the content is invalid, and fs.ErrNotExist if the checkpoint does not exist.
func Open(path string) (*Checkpoint, error) {
	files, err := metafile.FindCheckpoint(path)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{Prefix: files.Prefix, Name: files.Tables[0], data: make(map[int32]*metafile.Raw)}
	if len(files.Tables) > 1 {
		c.Name = files.Prefix
	}
	if err := metafile.Guard(func() error { return c.open(files.Tables) }); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// open reads the tables.
func (c *Checkpoint) open(paths []string) error {
	merged := newV1Reader()
	for _, path := range paths {
		file, err := metafile.OpenRaw(path)
		if err != nil {
			return err
		}
		c.tables = append(c.tables, tableFile{file: file, index: new(v1Index)})
		if err := c.openTable(&c.tables[len(c.tables)-1], merged); err != nil {
			return tableError(file, err)
		}
	}
	if c.Version == V1 {
		c.Shards = len(paths)
		c.finishV1(merged)
	}
	return nil
}

// openTable reads one table. The value of its first key determines the format.
func (c *Checkpoint) openTable(f *tableFile, merged *v1Reader) error {
	raw, err := f.file.Bytes()
	if err != nil {
		return err
	}
	if !metafile.IsTable(raw) {
		if foreign := metafile.Foreign(f.file.Path, raw); foreign != nil {
			return foreign
		}
	}
	if f.table, err = openTable(raw); err != nil {
		return err
	}
	header, found, err := f.table.find(nil)
	if err != nil {
		return err
	}
	version := versionOf(header)
	switch {
	case !found:
		return damagedAt(0, "the header (the entry with the empty key) is missing")
	case version == "" || c.Version != "" && version != c.Version:
		return damagedAt(0, "the header is not readable")
	case version == V2 && len(c.tables) > 1:
		return damagedAt(0, "the file is an index of a V2 checkpoint, not a shard")
	}
	c.Version = version
	if version == V1 {
		return merged.read(header, int32(len(c.tables)-1))
	}
	return c.readBundle(header, f.table)
}

// versionOf returns the format of a table from the value of its empty key. Field 1 is a number in a BundleHeaderProto and a message
// in SavedTensorSlices. It returns "" for neither.
func versionOf(header []byte) Version {
	version := V2 // a BundleHeaderProto can be empty; SavedTensorSlices has at least a version
	s := wire.Scan(header)
	for s.Next() {
		if s.Is(fieldnum.SavedTensorSlices_Meta) {
			version = V1
		}
	}
	if s.Err() != nil {
		return ""
	}
	return version
}

// tableError adds the name of a file to an error about its table.
func tableError(f *metafile.Raw, err error) error {
	if changed := f.Changed(); changed != nil {
		return changed
	}
	if _, named := errors.AsType[*metafile.Error](err); named {
		return err
	}
	return &metafile.Error{Name: f.Path, Problem: fmt.Sprintf("the checkpoint is damaged %v", err), Err: err,
		Advice: "copy or download it again, or use the checkpoint of another step"}
}

// Changed returns an error if one of the files that were read has changed since it was opened.
func (c *Checkpoint) Changed() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, f := range c.tables {
		if err := f.file.Changed(); err != nil {
			return err
		}
	}
	for _, f := range c.data {
		if err := f.Changed(); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the files and invalidates all windows on them.
func (c *Checkpoint) Close() error {
	var errs []error
	for _, f := range c.tables {
		errs = append(errs, f.file.Close())
	}
	for _, f := range c.data {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// DataPath returns the path of a data file of a V2 checkpoint (DataFilename in tensorflow/core/util/tensor_bundle/naming.cc).
func DataPath(prefix string, shard, shards int) string {
	return fmt.Sprintf("%s.data-%05d-of-%05d", prefix, shard, shards)
}

// dataFile returns an open data file of a V2 checkpoint.
func (c *Checkpoint) dataFile(shard int32) (*metafile.Raw, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if f := c.data[shard]; f != nil {
		return f, nil
	}
	f, err := metafile.OpenRaw(DataPath(c.Prefix, int(shard), c.Shards))
	if err != nil {
		return nil, err
	}
	c.data[shard] = f
	return f, nil
}
