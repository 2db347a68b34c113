package metafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A Directory is written under a temporary name next to its final path and renamed when it is complete.
//
//	d, err := metafile.NewDirectory(ctx, path)
//	defer d.Discard()
//	... write files under d.Temp ...
//	err = d.Commit()
type Directory struct {
	Temp string          // the temporary directory to write to
	Ctx  context.Context // ends when a signal tells the process to end, so that Temp can be removed

	path string
	made []string // parent directories that were created, the topmost first
	stop func()
}

// CheckNewDirectory returns an error unless path does not exist or is an empty directory.
func CheckNewDirectory(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case isNotExist(err):
		return nil
	case err != nil:
		if stat, statErr := os.Stat(path); statErr == nil && !stat.IsDir() {
			return &Error{Name: path, Problem: "is a file, not a directory", Advice: "give the name of a directory that does not exist yet"}
		}
		return err
	case len(entries) > 0:
		return &Error{Name: path, Problem: "is a directory that is not empty", Advice: "give the name of a directory that does not exist yet"}
	}
	return nil
}

// NewDirectory creates the temporary directory for path, which must be new or empty, and its missing parents.
func NewDirectory(ctx context.Context, path string) (*Directory, error) {
	path = filepath.Clean(path)
	if err := CheckNewDirectory(path); err != nil {
		return nil, err
	}
	d := &Directory{path: path}
	d.Ctx, d.stop = untilSignal(ctx)
	if err := d.makeParents(); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	for try := 0; ; try++ {
		d.Temp = filepath.Join(filepath.Dir(path), fmt.Sprintf(".metagraph-%08x.tmp", rand.Uint32()))
		err := os.Mkdir(d.Temp, 0o777)
		if err == nil {
			return d, nil
		}
		d.Temp = ""
		if !errors.Is(err, os.ErrExist) || try == 100 {
			return nil, errors.Join(cannotCreate(path, path, err), d.Discard())
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
			return &Error{Name: d.path, Problem: fmt.Sprintf("cannot be written: cannot create the directory %s: %v", missing[i], bare(err)), Err: err}
		}
		d.made = append(d.made, missing[i])
	}
	return nil
}

// Commit renames the directory to its final path. If that fails, Commit discards it.
func (d *Directory) Commit() error {
	if d.Ctx.Err() != nil {
		return errors.Join(context.Cause(d.Ctx), d.Discard())
	}
	// Remove an empty directory at the path; anything else makes the rename fail.
	if err := os.Remove(d.path); err != nil && !isNotExist(err) {
		return errors.Join(fmt.Errorf("cannot write %s: %w", d.path, bare(err)), d.Discard())
	}
	if err := os.Rename(d.Temp, d.path); err != nil {
		return errors.Join(fmt.Errorf("cannot write %s: %w", d.path, bare(err)), d.Discard())
	}
	d.Temp, d.made = "", nil
	d.stop()
	return nil
}

// Discard removes the temporary directory and the parents that were created. After Commit, it does nothing.
func (d *Directory) Discard() error {
	var errs []error
	if d.Temp != "" {
		errs = append(errs, os.RemoveAll(d.Temp))
	}
	for i := len(d.made) - 1; i >= 0; i-- {
		errs = append(errs, os.Remove(d.made[i]))
	}
	d.Temp, d.made = "", nil
	d.stop()
	return errors.Join(errs...)
}

// CopyFile copies source to path. The file appears at path only when the copy is complete.
func CopyFile(ctx context.Context, path, source string) error {
	from, err := os.Open(source)
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
