package metafile

import (
	"os"
	"path/filepath"
	"strings"
)

// Checkpoint returns the prefix of the checkpoint that belongs to a file: of X.meta the one with the prefix X, of a SavedModel
// variables/variables. It reports false if there is none.
func (f *File) Checkpoint() (prefix string, found bool) {
	switch {
	case f.Path == "":
		return "", false
	case f.Kind == SavedModel:
		prefix = filepath.Join(filepath.Dir(f.Path), "variables", "variables")
	case strings.HasSuffix(f.Path, metaSuffix):
		prefix = strings.TrimSuffix(f.Path, metaSuffix)
	default:
		return "", false
	}
	if !exists(prefix + indexSuffix) {
		if stat, err := os.Stat(prefix); err == nil && !isTableAt(prefix, stat) {
			return "", false // some other file or directory that is called so
		}
	}
	files, err := FindCheckpoint(prefix)
	return files.Prefix, err == nil
}

// IsCheckpoint reports whether path means a checkpoint alone, without a graph: an .index, a data file, a V1 file, or the prefix of a
// checkpoint that has no .meta.
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

// isMessageAt reports whether the file at path is one that Open reads.
func isMessageAt(path string) bool {
	raw, err := OpenRaw(path)
	if err != nil {
		return false
	}
	defer raw.Close() //nolint:errcheck // read only
	content, err := raw.Bytes()
	if err != nil || len(content) == 0 || isTableFile(path, content) {
		return false
	}
	_, _, err = detect(path, content, Auto)
	return err == nil
}
