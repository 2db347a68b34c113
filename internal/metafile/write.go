package metafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire"
)

// WriteOptions controls how to write an output.
type WriteOptions struct {
	Format       Format    // Auto: chosen by the name of the file, see FormatOf
	AllowUnknown bool      // write unknown fields by number in text
	Stdout       io.Writer // the destination of paths that IsStdout accepts
	Terminal     bool      // Stdout is a terminal; binary is not written to it
	// Ready is called when the new file is complete on disk, right before it replaces the old one. It is the last
	// chance to detect that an input changed, and the time to release mapped files. An error keeps the old file.
	Ready func() error

	checked bool // set by check
}

// FormatOf returns the format that the name of an output implies: Text for .pbtxt, .txtpb and .textproto, JSON for
// .json, Binary for all other names.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pbtxt", ".txtpb", ".textproto":
		return Text
	case ".json":
		return JSON
	}
	return Binary
}

// IsStdout reports whether Write takes path as standard output: "", `-`, and the system's names for it.
func IsStdout(path string) bool {
	if path == "" || path == "-" {
		return true
	}
	n, ok := descriptorOf(path)
	return ok && n == 1
}

// Write writes a message of the given kind to path or to standard output. It replaces a file atomically: it writes a
// new file in the same directory and renames it. The new file gets the mode of the old one and, if permitted, its
// owner. If path is a link, its target is replaced.
//
// Write sends the message directly to a device or a pipe. If path names an open descriptor, like /dev/fd/3, the
// message goes to its current position, or to the end if it appends. If Write fails, ctx ends, or a signal ends the
// process, no temporary file remains.
func Write(ctx context.Context, path string, message *wire.Rope, kind Kind, o WriteOptions) error {
	stdout := IsStdout(path)
	if o.Format == Auto {
		o.Format = FormatOf(path)
	}
	name := path
	if stdout {
		name = "standard output"
	}
	if err := CheckSize(name, message, kind); err != nil {
		return err
	}
	message = o.joined(message)
	if stdout {
		return writeStdout(ctx, name, message, kind, o)
	}
	if n, ok := descriptorOf(path); ok {
		return writeStream(ctx, path, func() (*os.File, error) { return openDescriptor(n) }, message, kind, o)
	}
	target, old, err := findTarget(path)
	if err != nil {
		return err
	}
	if old != nil && !old.Mode().IsRegular() {
		open := func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }
		return writeStream(ctx, path, open, message, kind, o)
	}
	return o.replace(ctx, path, target, old, func(ctx context.Context, file *os.File) error {
		return o.withKind(encode(contextWriter{ctx, file}, message, kind, o))
	})
}

// Try returns the error that Write would return for the message itself: it is over 2 GiB - 1, or the format cannot
// represent some of its fields. Try writes nothing and does not check path.
func Try(ctx context.Context, path string, message *wire.Rope, kind Kind, o WriteOptions) error {
	if o.Format == Auto {
		o.Format = FormatOf(path)
	}
	if IsStdout(path) {
		path = "standard output"
	}
	if err := CheckSize(path, message, kind); err != nil || o.Format == Binary {
		return err
	}
	if err := encode(contextWriter{ctx, io.Discard}, o.joined(message), kind, o); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, o.withKind(err))
	}
	return nil
}

// joined returns a message in one piece if its format needs that. Text and JSON find the fields in their order by going
// back and forth.
func (o *WriteOptions) joined(message *wire.Rope) *wire.Rope {
	if o.Format == Binary {
		return message
	}
	return wire.NewRope(message.Bytes())
}

// CheckSize returns an error if a message is too large for TensorFlow to read.
func CheckSize(name string, message *wire.Rope, kind Kind) error {
	if message.Size() <= MaxSize {
		return nil
	}
	return &Error{Name: name, Problem: fmt.Sprintf("the %s would have %d bytes; TensorFlow cannot read messages of 2 GiB or more", kind, message.Size()),
		Advice: "export a part of the graph, or keep large constants out of it"}
}

// writeStdout writes to standard output. Output cannot be taken back, so text and JSON are checked first.
func writeStdout(ctx context.Context, name string, message *wire.Rope, kind Kind, o WriteOptions) error {
	if o.Terminal && o.Format == Binary {
		return binaryToTerminal(name)
	}
	if err := o.check(message, kind); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, o.withKind(err))
	}
	if err := encode(contextWriter{ctx, o.Stdout}, message, kind, o); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, o.withKind(err))
	}
	return o.ready()
}

// binaryToTerminal returns the error for binary output to a terminal.
func binaryToTerminal(name string) error {
	return &Error{Name: name, Problem: "is a terminal, but the output is binary", Err: ErrTerminal}
}

// check returns an error if a message cannot be written as text or JSON. Call it before writing to a destination
// where output cannot be taken back.
func (o *WriteOptions) check(message *wire.Rope, kind Kind) error {
	var err error
	switch o.Format {
	case Text:
		err = text.Check(message.Bytes(), kind.Descriptor(), text.Options{AllowUnknown: o.AllowUnknown})
	case JSON:
		err = encode(io.Discard, message, kind, *o)
	}
	o.checked = err == nil
	return err
}

// An unknownError is an error about unknown fields together with its kind.
type unknownError struct {
	error
	kind error
}

// Unwrap returns the cause and the kind.
func (e *unknownError) Unwrap() []error { return []error{e.error, e.kind} }

// withKind adds its kind to an error about unknown fields.
func (o *WriteOptions) withKind(err error) error {
	if _, unknown := errors.AsType[*text.UnknownFieldsError](err); !unknown {
		return err
	}
	if o.Format == JSON {
		return &unknownError{err, ErrUnknownFieldsInJSON}
	}
	return &unknownError{err, ErrUnknownFieldsInText}
}

// ready calls Ready if it is set.
func (o *WriteOptions) ready() error {
	if o.Ready == nil {
		return nil
	}
	return o.Ready()
}

// findTarget follows the links at path. It returns the target and its state, which is nil if the target does not
// exist. It returns an error for a target that must not be written.
func findTarget(path string) (target string, old os.FileInfo, err error) {
	if target, err = followLinks(path); err != nil {
		return "", nil, err
	}
	old, err = os.Stat(path)
	switch {
	case isNotExist(err):
		return target, nil, nil
	case err != nil:
		return "", nil, err
	case old.IsDir():
		return "", nil, &Error{Name: path, Problem: "is a directory", Advice: "give the name of a file to write"}
	case !old.Mode().IsRegular():
		return target, old, nil
	case old.Mode().Perm()&0o222 == 0:
		return "", nil, &Error{Name: path, Problem: "is read-only", Advice: "make it writable, or write to another file"}
	}
	// Whoever may write to a directory can replace its files. Refuse to replace a file that is not writable itself.
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return "", nil, &Error{Name: path, Problem: fmt.Sprintf("cannot be written: %v", withoutPath(err)), Advice: "make it writable, or write to another file", Err: err}
	}
	return target, old, file.Close()
}

// withoutPath returns the cause of err without the name of the file.
func withoutPath(err error) error {
	if named, ok := errors.AsType[*os.PathError](err); ok {
		return named.Err
	}
	return err
}

// withoutName returns err without the name of the temporary file, which the user did not choose.
func withoutName(err error, name string) error {
	if named, ok := errors.AsType[*os.PathError](err); ok && named.Path == name {
		return named.Err
	}
	if named, ok := errors.AsType[*os.LinkError](err); ok && named.Old == name {
		return named.Err
	}
	return err
}

// cannotCreate returns the error for a new file that cannot be created next to target. The error omits the name of
// the temporary file.
func cannotCreate(path, target string, err error) error {
	err = withoutPath(err)
	dir := filepath.Dir(target)
	if _, statErr := os.Stat(dir); isNotExist(statErr) {
		return &Error{Name: path, Problem: "cannot be written: directory " + dir + " does not exist", Err: err}
	}
	return &Error{Name: path, Problem: fmt.Sprintf("cannot be written: cannot create a file in %s: %v", dir, err), Err: err,
		Advice: "the file is replaced atomically, which needs a new file in the same directory; write to another directory or to standard output"}
}

// removeFile removes a file that is no longer needed.
func removeFile(file *os.File) error {
	_ = file.Close() // it may be closed already
	if err := os.Remove(file.Name()); err != nil && !isNotExist(err) {
		return err
	}
	return nil
}

// writeStream writes to a device, a pipe or an open descriptor, which cannot be replaced.
func writeStream(ctx context.Context, path string, open func() (*os.File, error), message *wire.Rope, kind Kind, o WriteOptions) error {
	if err := o.check(message, kind); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, o.withKind(err))
	}
	file, err := open()
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, withoutPath(err))
	}
	if o.Format == Binary && term.IsTerminal(int(file.Fd())) {
		return errors.Join(binaryToTerminal(path), file.Close())
	}
	err = errors.Join(encode(contextWriter{ctx, file}, message, kind, o), file.Close())
	switch {
	case IsBrokenPipe(err):
		// Do not wrap: a closed pipe is ignored on standard output, but the reader of a named pipe should get everything.
		return &Error{Name: path, Problem: "the reader closed it before the output was complete"}
	case err != nil:
		return fmt.Errorf("cannot write %s: %w", path, o.withKind(err))
	}
	return o.ready()
}

// followLinks returns the file that a path leads to. The file may not exist.
func followLinks(path string) (string, error) {
	target := path
	for range maxLinks {
		stat, err := os.Lstat(target)
		if err != nil || stat.Mode()&os.ModeSymlink == 0 {
			return target, nil // opening it reports any error
		}
		to, err := os.Readlink(target)
		if err != nil {
			return "", err
		}
		target = linkTarget(target, to)
	}
	return "", &Error{Name: path, Problem: "is a link that leads back to itself"}
}

// maxLinks is the number of links that are followed before they count as a cycle, as in Linux.
const maxLinks = 40

// linkTarget returns the path that a link refers to, if its content is to.
func linkTarget(link, to string) string {
	if filepath.IsAbs(to) {
		return to
	}
	// filepath.Join would drop `..` and the name before it, which may be a link as well.
	dir, _ := filepath.Split(link)
	return dir + to
}

// createBeside creates a temporary file in the directory of path, with the default mode of new files.
func createBeside(path string) (*os.File, error) {
	dir, _ := filepath.Split(path)
	for try := 0; ; try++ {
		// Leave out the name of the file: it may be as long as the system allows.
		name := fmt.Sprintf("%s.metagraph-%08x.tmp", dir, rand.Uint32())
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) && try < 100 {
			continue
		}
		return file, err
	}
}

// encode writes the message in the chosen format.
func encode(w io.Writer, message *wire.Rope, kind Kind, o WriteOptions) error {
	switch o.Format {
	case Text:
		return text.Write(w, message.Bytes(), kind.Descriptor(), text.Options{AllowUnknown: o.AllowUnknown})
	case JSON:
		// JSON cannot represent unknown fields.
		if !o.checked {
			if err := text.Check(message.Bytes(), kind.Descriptor(), text.Options{}); err != nil {
				return err
			}
		}
		return text.WriteJSON(w, message.Bytes(), kind.Descriptor())
	}
	_, err := message.WriteTo(w)
	return err
}

// A contextWriter stops writing when its context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	written := 0
	// Write a large piece in parts, so that an interrupt does not wait for a gigabyte.
	for {
		if err := c.ctx.Err(); err != nil {
			return written, context.Cause(c.ctx)
		}
		part := p[written:min(len(p), written+64<<20)]
		n, err := c.w.Write(part)
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}
