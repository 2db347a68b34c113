package metafile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrOutside is the cause of the error of Confined about a file that must not be reached.
var ErrOutside = errors.New("outside of the allowed directories")

// Confined returns the path of the regular file that path leads to if it is below one of the directories. Links in path and in
// the directories are resolved first. A hidden file, or one in a hidden directory below, does not count: a graph in a home
// directory must not reach the keys in .ssh. The error is an *Error, or that of the file system.
func Confined(path string, dirs ...string) (string, error) {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(dirs, func(dir string) bool { below, ok := pathBelow(dir, file); return ok && !hidden(below) }) {
		return "", &Error{Name: path, Problem: "is not copied: it is hidden, or outside the directory of the graph", Err: ErrOutside}
	}
	stat, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !stat.Mode().IsRegular() {
		return "", &Error{Name: path, Problem: "is not a regular file", Err: fs.ErrInvalid}
	}
	return file, nil
}

// hidden reports whether a part of a relative path begins with a dot.
func hidden(path string) bool {
	return strings.HasPrefix(path, ".") || strings.Contains(path, string(filepath.Separator)+".")
}

// pathBelow returns the path of a file relative to a directory, and whether it is below it. Links in dir are resolved; file has none.
func pathBelow(dir, file string) (string, bool) {
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", false
	}
	from, errFrom := filepath.Abs(resolved)
	to, errTo := filepath.Abs(file)
	below, err := filepath.Rel(from, to)
	return below, errors.Join(errFrom, errTo, err) == nil && below != "." && filepath.IsLocal(below)
}
