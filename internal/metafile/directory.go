package metafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Directory is a new directory that is written under a temporary name next to its final path.
type Directory struct {
	Temp string          // the temporary directory to write to
	Ctx  context.Context // ends when a signal tells the process to end, so that Temp can be removed

	path  string
	made  []string // parent directories that were created, the topmost first
	spare *os.File // keeps the descriptor that reading Temp needs before it is removed
	stop  func()
}

// WriteDirectory writes the directory at path, which must be new or empty. fill writes the files to the Temp of a Directory. When it
// returns, the directory is renamed to path. If anything fails, WriteDirectory removes what it created. Errors name files by their final
// paths.
func WriteDirectory(ctx context.Context, path string, fill func(d *Directory) error) (err error) {
	d, err := newDirectory(ctx, path)
	if err != nil {
		return err
	}
	temp := d.Temp
	// This also runs if fill panics because a mapped file was truncated.
	defer func() { err = renamed(errors.Join(err, d.discard()), temp, path) }()
	if err := fill(d); err != nil {
		return err
	}
	return d.commit()
}

// CheckNewDirectory returns an error unless path does not exist or is an empty directory.
func CheckNewDirectory(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case isNotExist(err):
		if _, err := os.Lstat(path); err == nil {
			return &Error{Name: path, Problem: "is a symbolic link to a directory that does not exist", Advice: "create the directory, or remove the link"}
		}
		return nil
	case err != nil:
		if stat, statErr := os.Stat(path); statErr == nil && !stat.IsDir() {
			return &Error{Name: path, Problem: "is a file, not a directory", Advice: "give the name of a directory that does not exist yet"}
		}
		return cannotOpen(path, err)
	case len(entries) > 0:
		return &Error{Name: path, Problem: "is a directory that is not empty", Advice: "give the name of a directory that does not exist yet"}
	}
	return nil
}

// newDirectory creates the temporary directory for path, which must be new or empty, and its missing parents. It follows a symbolic link
// to an empty directory.
func newDirectory(ctx context.Context, path string) (*Directory, error) {
	path = filepath.Clean(path)
	if err := CheckNewDirectory(path); err != nil {
		return nil, err
	}
	d := &Directory{path: path}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		d.path = target
	}
	d.Ctx, d.stop = untilSignal(ctx)
	if err := d.makeParents(); err != nil {
		return nil, errors.Join(err, d.discard())
	}
	spare, err := os.Open(filepath.Dir(d.path))
	if err != nil {
		return nil, errors.Join(cannotCreate(path, d.path, err), d.discard())
	}
	d.spare = spare
	for try := 0; ; try++ {
		d.Temp = filepath.Join(filepath.Dir(d.path), fmt.Sprintf(".metagraph-%08x.tmp", rand.Uint32()))
		err := os.Mkdir(d.Temp, 0o777)
		if err == nil {
			return d, nil
		}
		d.Temp = ""
		if !errors.Is(err, os.ErrExist) || try == 100 {
			return nil, errors.Join(cannotCreate(path, path, err), d.discard())
		}
	}
}

// MakeDir creates a directory and its missing parents inside the new directory. name is relative to Temp.
func (d *Directory) MakeDir(name string) error {
	return os.MkdirAll(filepath.Join(d.Temp, name), 0o777)
}

// makeParents creates the missing parents of the new directory.
func (d *Directory) makeParents() error {
	var missing []string
	for dir := filepath.Dir(d.path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !isNotExist(err) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := os.Mkdir(missing[i], 0o777); err != nil {
			return &Error{Name: d.path, Problem: fmt.Sprintf("cannot be written: cannot create the directory %s: %v", missing[i], withoutPath(err)), Err: err}
		}
		d.made = append(d.made, missing[i])
	}
	return nil
}

// commit renames the directory to its final path.
func (d *Directory) commit() error {
	if d.Ctx.Err() != nil {
		return context.Cause(d.Ctx)
	}
	if err := d.place(); err != nil {
		return fmt.Errorf("cannot write %s: %w", d.path, withoutPath(err))
	}
	d.Temp, d.made = "", nil
	return nil
}

// place moves the directory to its final path, in place of an empty directory, whose mode it keeps. If it fails, the empty directory is
// back.
func (d *Directory) place() error {
	old, err := os.Stat(d.path)
	switch {
	case isNotExist(err):
		return os.Rename(d.Temp, d.path)
	case err != nil:
		return err
	}
	// This fails for a directory that is no longer empty.
	if err := os.Remove(d.path); err != nil {
		return err
	}
	if err := os.Rename(d.Temp, d.path); err != nil {
		return errors.Join(err, os.Mkdir(d.path, old.Mode().Perm()))
	}
	_ = os.Chmod(d.path, old.Mode().Perm()) // the directory is complete, whatever its mode
	return nil
}

// discard removes the temporary directory and the parents that were created. After commit, it only ends Ctx.
func (d *Directory) discard() error {
	_ = d.spare.Close() // read only, or nil
	created := d.made
	var err error
	if d.Temp != "" {
		// Unlike os.RemoveAll, this opens one directory at a time.
		err = filepath.WalkDir(d.Temp, func(path string, _ fs.DirEntry, err error) error {
			created = append(created, path)
			return err
		})
	}
	for _, path := range slices.Backward(created) {
		err = errors.Join(err, os.Remove(path))
	}
	d.Temp, d.made = "", nil
	d.stop()
	return err
}

// A renamedError is an error about a file in a temporary directory. Its text has the final path, because the user did not choose the
// temporary one.
type renamedError struct {
	error
	temp, path string
}

func (e *renamedError) Error() string { return strings.ReplaceAll(e.error.Error(), e.temp, e.path) }

// Unwrap returns the original error.
func (e *renamedError) Unwrap() error { return e.error }

// renamed returns an error with the path of a directory instead of its temporary name. A nil err stays nil.
func renamed(err error, temp, path string) error {
	if err == nil {
		return nil
	}
	if named, ok := errors.AsType[*Error](err); ok {
		named.Name = strings.ReplaceAll(named.Name, temp, path)
	}
	return &renamedError{err, temp, path}
}

// CopyFile copies source to path. The file appears at path only when the copy is complete.
func CopyFile(ctx context.Context, path, source string) error {
	from, _, err := openRegular(source)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // read only
	stage := NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	err = stage.Create(path, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	if err != nil {
		return err
	}
	return stage.Commit()
}
