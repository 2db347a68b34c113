package metafile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	mmap "github.com/edsrzf/mmap-go"
)

// A Raw is a file that is read by position rather than as one message: the index or the data of a checkpoint. Its methods,
// except Close, may be called from several goroutines at once.
type Raw struct {
	Path string
	Size int64 // when it was opened

	file   *os.File // nil after Close, and for bytes that were read completely
	stat   os.FileInfo
	once   sync.Once
	bytes  []byte
	mapped mmap.MMap
	err    error
}

// OpenRaw opens the regular file at path. Nothing is read yet.
func OpenRaw(path string) (*Raw, error) {
	file, stat, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	return &Raw{Path: path, Size: stat.Size(), file: file, stat: stat}, nil
}

// openRegular opens the regular file at path. It does not open anything else: a pipe would wait for a writer.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, nil, cannotOpen(path, err)
	}
	if !stat.Mode().IsRegular() {
		return nil, nil, &Error{Name: path, Problem: "is not a regular file"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, cannotOpen(path, err)
	}
	if stat, err = file.Stat(); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, stat, nil
}

// ReadAt implements io.ReaderAt.
func (r *Raw) ReadAt(p []byte, off int64) (int, error) { return r.file.ReadAt(p, off) }

// Bytes returns the content of the file: mapped if it is large, else read. It is valid until Close. If the file
// shrinks in the meantime, reading the bytes of a mapped file faults; Guard turns that into an error.
func (r *Raw) Bytes() ([]byte, error) {
	r.once.Do(func() {
		if r.Size >= mapFrom {
			if r.mapped, r.err = mapAll(r.file, r.Size, r.Path); r.mapped != nil || r.err != nil {
				r.bytes = r.mapped
				return
			}
		}
		data := make([]byte, r.Size)
		n, err := r.file.ReadAt(data, 0)
		if int64(n) < r.Size {
			r.err = fmt.Errorf("read %s: %w", r.Path, err)
			return
		}
		r.bytes, r.err = data, nil
	})
	return r.bytes, r.err
}

// Changed returns an error if the size or the modification time of the open file is not what it was when it was opened.
func (r *Raw) Changed() error {
	if r.file == nil {
		return nil
	}
	return unchanged(r.file, r.stat, r.Path)
}

// Close closes the file and invalidates what Bytes returned. Further calls do nothing.
func (r *Raw) Close() error {
	var unmap, shut error
	if r.mapped != nil {
		unmap, r.mapped = r.mapped.Unmap(), nil
	}
	if r.file != nil {
		shut, r.file = r.file.Close(), nil
	}
	r.bytes = nil
	return errors.Join(unmap, shut)
}

// CheckpointFiles lists the files of one checkpoint that hold an index. A V2 checkpoint has one, its .index. In a V1
// checkpoint, all files hold both index and data.
type CheckpointFiles struct {
	Prefix string   // what TensorFlow calls the checkpoint
	Tables []string // the .index, or the V1 file, or its shards in order
}

// Suffixes of the files of a checkpoint.
const (
	indexSuffix = ".index"
	metaSuffix  = ".meta"
)

// dataSuffix matches what follows the prefix in the name of a data file (tensorflow/core/util/tensor_bundle/naming.cc).
var dataSuffix = regexp.MustCompile(`\.data-\d{5,}-of-\d{5,}$`)

// shardSuffix matches what follows the prefix in the name of a V1 shard.
var shardSuffix = regexp.MustCompile(`-\d{5,}-of-\d{5,}$`)

// FindCheckpoint returns the files of the checkpoint that path refers to: a prefix, its .index, one of its data
// files, a V1 file, or one of the shards of a V1 checkpoint. If PREFIX.index exists, it takes precedence over a V1
// file PREFIX, as in TensorFlow. FindCheckpoint does not read the files.
func FindCheckpoint(path string) (CheckpointFiles, error) {
	if prefix, ok := strings.CutSuffix(path, indexSuffix); ok && exists(path) {
		return CheckpointFiles{prefix, []string{path}}, nil
	}
	prefix := path
	if at := dataSuffix.FindStringIndex(path); at != nil {
		prefix = path[:at[0]]
	} else if at := shardSuffix.FindStringIndex(path); at != nil && exists(path) {
		prefix = path[:at[0]]
		if !exists(prefix + indexSuffix) {
			return v1Shards(prefix)
		}
	}
	if index := prefix + indexSuffix; exists(index) {
		return CheckpointFiles{prefix, []string{index}}, nil
	}
	if exists(prefix) {
		return CheckpointFiles{prefix, []string{prefix}}, nil
	}
	return v1Shards(prefix)
}

// v1Shards returns the shards of the V1 checkpoint with that prefix.
func v1Shards(prefix string) (CheckpointFiles, error) {
	tables, err := withSuffix(prefix, shardSuffix)
	if err != nil && !isNotExist(err) {
		return CheckpointFiles{Prefix: prefix}, err
	}
	if len(tables) == 0 {
		return CheckpointFiles{Prefix: prefix}, &Error{Name: prefix, Problem: "no checkpoint with this prefix", Err: os.ErrNotExist,
			Advice: fmt.Sprintf("a checkpoint is PREFIX.index with its data files, or a V1 file; %s", checkpointsHint(filepath.Dir(prefix)))}
	}
	return CheckpointFiles{Prefix: prefix, Tables: tables}, nil
}

// DataFiles returns the sorted paths of the data files of the V2 checkpoint with that prefix, whatever their number of
// shards.
func DataFiles(prefix string) ([]string, error) { return withSuffix(prefix, dataSuffix) }

// withSuffix returns the sorted paths that consist of prefix and a suffix.
func withSuffix(prefix string, suffix *regexp.Regexp) ([]string, error) {
	dir, base := filepath.Split(prefix)
	entries, err := os.ReadDir(filepath.Clean(dir))
	var paths []string
	for _, entry := range entries {
		rest, ok := strings.CutPrefix(entry.Name(), base)
		if at := suffix.FindStringIndex(rest); ok && at != nil && at[0] == 0 {
			paths = append(paths, prefix+rest)
		}
	}
	return paths, err
}

// checkpointsHint names the checkpoints in a directory, for a hint.
func checkpointsHint(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Sprintf("directory %s does not exist", dir)
	}
	var found []string
	for _, entry := range entries {
		if prefix, ok := strings.CutSuffix(entry.Name(), indexSuffix); ok {
			found = append(found, filepath.Join(dir, prefix))
		}
	}
	return foundHint(found, "checkpoint", dir)
}
