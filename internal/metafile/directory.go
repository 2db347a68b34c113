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

// A Directory is a directory that is written under a temporary name beside its own, and gets that when it is complete.
//
//	d, err := metafile.NewDirectory(ctx, path)
//	defer d.Discard()
//	... write files under d.Temp ...
//	err = d.Commit()
type Directory struct {
	Temp string          // where to write
	Ctx  context.Context // ends when the process is told to end, so that Temp can be removed

	path string
	made []string // directories above it that did not exist, the topmost first
	stop func()
}

// CheckNewDirectory returns an error if path cannot become a directory: something else than an empty directory has the name.
func CheckNewDirectory(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case isNotExist(err):
		return nil
	case err != nil:
		if stat, statErr := os.Stat(path); statErr == nil && !stat.IsDir() {
			return &Error{Name: path, Problem: "is a file, not a directory", Hint: "give the name of a directory that does not exist yet"}
		}
		return err
	case len(entries) > 0:
		return &Error{Name: path, Problem: "is a directory that is not empty", Hint: "give the name of a directory that does not exist yet"}
	}
	return nil
}

// NewDirectory makes the temporary directory for path, which must be new or empty, and the directories above it.
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

// makeParents makes the directories above the new one that do not exist.
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
			return &Error{Name: d.path, Problem: fmt.Sprintf("cannot be written: the directory %s cannot be made: %v", missing[i], bare(err)), Err: err}
		}
		d.made = append(d.made, missing[i])
	}
	return nil
}

// Commit gives the directory its name.
func (d *Directory) Commit() error {
	if d.Ctx.Err() != nil {
		return errors.Join(context.Cause(d.Ctx), d.Discard())
	}
	// An empty directory may have the name; anything else stops the rename.
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

// Discard removes what was written, and the directories that were made. After Commit there is nothing to remove.
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

// CopyFile copies source to path, which appears when it is complete.
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
