package metafile

import (
	"os"
	"strings"
)

// Checkpoint returns the prefix of the checkpoint that belongs to a file: X for X.meta, variables/variables for a
// SavedModel. It reports whether the checkpoint exists.
func (f *File) Checkpoint() (prefix string, found bool) {
	if f.Kind != SavedModel && !strings.HasSuffix(f.Path, metaSuffix) {
		return "", false
	}
	prefix = f.CheckpointPrefix()
	if !exists(prefix + indexSuffix) {
		if stat, err := os.Stat(prefix); err == nil && !isTableAt(prefix, stat) {
			return "", false // some other file or directory with that name
		}
	}
	files, err := FindCheckpoint(prefix)
	return files.Prefix, err == nil
}

// IsCheckpoint reports whether path refers to a checkpoint without a graph: an .index, a data file, a V1 file, or
// the prefix of a checkpoint that has no .meta.
func IsCheckpoint(path string) bool {
	stat, err := os.Stat(path)
	switch {
	case err == nil && stat.IsDir(), err != nil && !isNotExist(err):
		return false
	case err != nil:
		_, err := FindCheckpoint(path)
		return err == nil && !exists(metaName(path))
	case strings.HasSuffix(path, indexSuffix):
		return !isMessageAt(path)
	case dataSuffix.MatchString(path):
		_, err := FindCheckpoint(path)
		return err == nil
	}
	return isTableAt(path, stat) && !exists(metaName(path))
}

// isMessageAt reports whether Open can read the file at path.
func isMessageAt(path string) bool {
	raw, err := OpenRaw(path)
	if err != nil {
		return false
	}
	defer raw.Close() //nolint:errcheck // read only
	content, err := raw.Bytes()
	if err != nil || len(content) == 0 || IsTable(content) {
		return false
	}
	_, _, err = detect(path, content, Auto)
	return err == nil
}
