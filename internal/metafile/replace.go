package metafile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/metagraph/metagraph/internal/wire"
)

// Replace is Write for a binary message that is made while it is written. It calls write with the new file: w appends to
// it, and patch overwrites what was appended. Replace checks the message afterwards, as CheckSize and CheckKind do.
//
// An error of write keeps the old file, and is returned as it is if it is an *Error. The error is
// errors.ErrUnsupported if Write would not replace a file (path is standard output, an open descriptor, a pipe or a device)
// or if the new file cannot be read.
func Replace(ctx context.Context, path string, kind Kind, o WriteOptions, write func(w io.Writer, patch io.WriterAt) error) error {
	if _, ok := descriptorOf(path); ok || IsStdout(path) {
		return errors.ErrUnsupported
	}
	target, old, err := findTarget(path)
	switch {
	case err != nil:
		return err
	case old != nil && !old.Mode().IsRegular():
		return errors.ErrUnsupported
	}
	return o.replace(ctx, path, target, old, func(ctx context.Context, file *os.File) error {
		if err := write(contextWriter{ctx, file}, file); err != nil {
			return err
		}
		return checkFile(file, path, kind)
	})
}

// checkFile checks the message of the given kind in a new file, which will be at path.
func checkFile(file *os.File, path string, kind Kind) error {
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	raw := &Raw{Path: path, Size: stat.Size(), file: file}
	data, err := raw.Bytes()
	if err != nil {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err) // such as too little address space for two mappings
	}
	message := wire.NewRope(data)
	err = cmp.Or(CheckSize(path, message, kind), CheckKind(path, message, kind, Binary))
	if raw.mapped != nil {
		err = cmp.Or(err, raw.mapped.Unmap())
	}
	return err
}

// replace replaces the file at path: the target of links there, which has the state old, or nil if it does not exist.
// It calls write with a new file and with a context that a signal ends.
func (o *WriteOptions) replace(ctx context.Context, path, target string, old os.FileInfo, write func(context.Context, *os.File) error) (err error) {
	ctx, stop := untilSignal(ctx)
	defer stop()
	file, err := createBeside(target)
	if err != nil {
		return cannotCreate(path, target, err)
	}
	replaced := false
	defer func() {
		// This also runs during a panic, if an input shrank while it was read: see Guard.
		if replaced {
			return
		}
		undone := removeFile(file)
		if _, named := errors.AsType[*Error](err); err != nil && (!named || undone != nil) {
			err = fmt.Errorf("cannot write %s: %w", path, errors.Join(withoutName(err, file.Name()), undone))
		}
	}()
	if old != nil {
		keepOwner(file, old)
		if err := file.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := write(ctx, file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := o.ready(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return err
	}
	replaced = true
	return nil
}
