package metafile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/metagraph/metagraph/internal/wire"
)

// A Stage writes several files that appear together. All files are complete under temporary names, next to their
// final paths, before the first one is renamed.
//
//	stage := metafile.NewStage(ctx)
//	defer stage.Discard()
//	... stage.Create, stage.Link ...
//	err := stage.Commit()
type Stage struct {
	ctx     context.Context
	stop    func()
	files   []staged
	removed []string
}

// A staged file is complete at temp and will be renamed to path.
type staged struct {
	path, temp string
	old        string // a second name of the old file at path during Commit; "" if there was no file
}

// NewStage returns an empty Stage. Until Commit or Discard, a signal that would end the process makes writes return
// an error instead, so that the temporary files can be removed.
func NewStage(ctx context.Context) *Stage {
	ctx, stop := untilSignal(ctx)
	return &Stage{ctx: ctx, stop: stop}
}

// Create adds a file with the content that write produces.
func (s *Stage) Create(path string, write func(w io.Writer) error) (err error) {
	file, err := s.begin(path)
	if err != nil {
		return err
	}
	defer func() { err = named(path, file.Name(), errors.Join(err, file.Close())) }()
	buffered := bufio.NewWriterSize(contextWriter{s.ctx, file}, 1<<20)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// Message adds a file that holds a message, encoded as by Write.
func (s *Stage) Message(path string, message *wire.Rope, kind Kind, o WriteOptions) error {
	if o.Format == Auto {
		o.Format = FormatOf(path)
	}
	if err := CheckSize(path, message, kind); err != nil {
		return err
	}
	return s.Create(path, func(w io.Writer) error { return o.withKind(encode(w, message, kind, o)) })
}

// Link adds a file that shares its data with source if the file system supports that. Otherwise it copies the data.
func (s *Stage) Link(path, source string) (err error) {
	file, err := s.begin(path)
	if err != nil {
		return err
	}
	defer func() { err = named(path, file.Name(), errors.Join(err, file.Close())) }()
	from, _, err := openRegular(source)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // read only
	if os.Remove(file.Name()) == nil && os.Link(source, file.Name()) == nil {
		return nil
	}
	to, err := os.OpenFile(file.Name(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(copyFile(s.ctx, to, from), to.Sync(), to.Close())
}

// copyFile copies a file in parts, so that it notices the end of ctx. Where possible, the kernel copies the data.
func copyFile(ctx context.Context, to, from *os.File) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(to, from, 64<<20)
		if errors.Is(err, io.EOF) || err == nil && n == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// begin creates an empty temporary file for path.
func (s *Stage) begin(path string) (*os.File, error) {
	target, old, err := findTarget(path)
	if err != nil {
		return nil, err
	}
	if old != nil && !old.Mode().IsRegular() {
		return nil, &Error{Name: path, Problem: "is not a regular file", Advice: "give the name of a file to write"}
	}
	file, err := createBeside(target)
	if err != nil {
		return nil, cannotCreate(path, target, err)
	}
	s.files = append(s.files, staged{path: target, temp: file.Name()})
	if old != nil {
		keepOwner(file, old)
		if err := file.Chmod(old.Mode().Perm()); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return file, nil
}

// named returns err with the name of the final file instead of the temporary one.
func named(path, temp string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot write %s: %w", path, withoutName(err, temp))
}

// Remove makes Commit remove a file after it has renamed the others. A file that does not exist is not an error.
func (s *Stage) Remove(path string) { s.removed = append(s.removed, path) }

// Commit renames all files to their final paths. If a rename fails, Commit restores the old files and removes the
// new ones. Release the mappings of files that will be replaced before Commit.
func (s *Stage) Commit() (err error) {
	defer func() { err = errors.Join(err, s.Discard()) }()
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	for i := range s.files {
		if err := s.files[i].place(len(s.files) > 1); err != nil {
			return errors.Join(fmt.Errorf("cannot write %s: %w", s.files[i].path, withoutPath(err)), s.undoPlace(i))
		}
	}
	var errs []error
	for i := range s.files {
		if old := s.files[i].old; old != "" {
			errs = append(errs, os.Remove(old))
		}
		s.files[i].old = ""
	}
	for _, path := range s.removed {
		if err := os.Remove(path); err != nil && !isNotExist(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// hardLink is os.Link. A test replaces it by a file system without hard links.
var hardLink = os.Link

// place renames a file to its final path. It keeps the old file under another name until the commit succeeds. Without hard links,
// it moves the old file there if the commit has several files. A single file needs no other name: its rename is the last step.
func (f *staged) place(several bool) error {
	if info, err := os.Lstat(f.path); err == nil {
		old := f.temp + ".old"
		if hardLink(f.path, old) == nil || several && info.Mode().IsRegular() && os.Rename(f.path, old) == nil {
			f.old = old
		}
	}
	if err := os.Rename(f.temp, f.path); err != nil {
		return err
	}
	// Rename does nothing if both names refer to the same file.
	if err := os.Remove(f.temp); err != nil && !isNotExist(err) {
		return err
	}
	return nil
}

// undoPlace undoes place for the files before n, and for whatever place did for file n.
func (s *Stage) undoPlace(n int) error {
	var errs []error
	for i := range s.files[:n+1] {
		f := &s.files[i]
		switch {
		case f.old != "":
			errs = append(errs, os.Rename(f.old, f.path))
			if err := os.Remove(f.old); err != nil && !isNotExist(err) {
				errs = append(errs, err)
			}
			f.old = ""
		case i < n:
			errs = append(errs, os.Remove(f.path))
		}
	}
	return errors.Join(errs...)
}

// Discard removes the temporary files that are left. After Commit there are none.
func (s *Stage) Discard() error {
	var errs []error
	for _, f := range s.files {
		if err := os.Remove(f.temp); err != nil && !isNotExist(err) {
			errs = append(errs, err)
		}
	}
	s.files = nil
	s.stop()
	return errors.Join(errs...)
}
