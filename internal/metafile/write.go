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

// WriteOptions says how to write an output.
type WriteOptions struct {
	Format       Format    // Auto: by the name of the file, else Binary
	AllowUnknown bool      // write fields that the schema does not have into text, by number
	Stdout       io.Writer // what a path means that IsStdout knows
	Terminal     bool      // Stdout is a terminal, which binary is not written to
	// Ready is called when all of a new file is on disk and right before it takes the place of the old one: the last chance
	// to find that an input changed, and the time to release what is mapped. An error leaves the old file as it was.
	Ready func() error

	checked bool // by check
}

// FormatOf returns the format in which a file of that name is written: Text for .pbtxt, .txtpb and .textproto, JSON for
// .json, Binary for all others.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pbtxt", ".txtpb", ".textproto":
		return Text
	case ".json":
		return JSON
	}
	return Binary
}

// IsStdout reports whether path means standard output to Write: nothing, `-`, and the names that systems have for it.
func IsStdout(path string) bool {
	if path == "" || path == "-" {
		return true
	}
	n, ok := descriptorOf(path)
	return ok && n == 1
}

// Write writes a message of the given kind to path, or to standard output. A file is replaced atomically: the message goes into
// a new file beside it, which then takes its name, its mode and, if this user may set it, its owner. If path is a link, its
// target is replaced. A device or a pipe is written to. If path names an open descriptor, like /dev/fd/3, the message goes to its
// current position, or to the end if it appends. Nothing is left behind if Write fails, ctx ends, or a signal ends the process.
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
	if stdout {
		return writeStdout(ctx, name, message, kind, o)
	}
	if n, ok := descriptorOf(path); ok {
		return writeStream(ctx, path, func() (*os.File, error) { return openDescriptor(n) }, message, kind, o)
	}
	return writeFile(ctx, path, message, kind, o)
}

// Try returns the error that Write would return for the message itself: one over 2 GiB - 1, or with fields that the format has
// no form for. It writes nothing, and does not look at what stands at path.
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
	if err := encode(contextWriter{ctx, io.Discard}, message, kind, o); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, o.remedy(err))
	}
	return nil
}

// CheckSize refuses a message that TensorFlow could not read.
func CheckSize(name string, message *wire.Rope, kind Kind) error {
	if message.Size() <= MaxSize {
		return nil
	}
	return &Error{Name: name, Problem: fmt.Sprintf("the %s would have %d bytes; TensorFlow cannot read messages of 2 GiB or more", kind, message.Size()),
		Hint: "export a part of the graph, or keep large constants out of it"}
}

// writeStdout writes to standard output. What has gone out cannot be taken back, so text is checked before.
func writeStdout(ctx context.Context, name string, message *wire.Rope, kind Kind, o WriteOptions) error {
	if o.Terminal && o.Format == Binary {
		return binaryToTerminal(name)
	}
	if err := o.check(message, kind); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, o.remedy(err))
	}
	if err := encode(contextWriter{ctx, o.Stdout}, message, kind, o); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, o.remedy(err))
	}
	return o.ready()
}

// binaryToTerminal returns the error for a terminal that would get binary.
func binaryToTerminal(name string) error {
	return &Error{Name: name, Problem: "is a terminal, and the message is binary",
		Hint: "give a file to write to, or ask for text with --output-format text"}
}

// check finds out whether a message can be written as text or JSON before the first line of it goes where it cannot be taken back.
func (o *WriteOptions) check(message *wire.Rope, kind Kind) error {
	var err error
	switch o.Format {
	case Text:
		err = text.Check(message, kind.Descriptor(), text.Options{AllowUnknown: o.AllowUnknown})
	case JSON:
		err = encode(io.Discard, message, kind, *o)
	}
	o.checked = err == nil
	return err
}

// An unknownError is about fields that the schema does not have.
type unknownError struct {
	error
	hint string
}

// Unwrap returns the cause.
func (e *unknownError) Unwrap() error { return e.error }

// Remedy says how the fields can be kept.
func (e *unknownError) Remedy() string { return e.hint }

// remedy adds to an error about unknown fields what can be done about it.
func (o *WriteOptions) remedy(err error) error {
	var unknown *text.UnknownFieldsError
	switch {
	case !errors.As(err, &unknown):
		return err
	case o.Format == JSON:
		return &unknownError{err, "JSON has no form for them; binary keeps them, and text with --allow-unknown"}
	}
	return &unknownError{err, "with --allow-unknown they are written by number"}
}

// ready calls Ready, if there is one.
func (o *WriteOptions) ready() error {
	if o.Ready == nil {
		return nil
	}
	return o.Ready()
}

// writeFile replaces the file at path.
func writeFile(ctx context.Context, path string, message *wire.Rope, kind Kind, o WriteOptions) (err error) {
	target, old, err := findTarget(path)
	if err != nil {
		return err
	}
	if old != nil && !old.Mode().IsRegular() {
		open := func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }
		return writeStream(ctx, path, open, message, kind, o)
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	file, err := createBeside(target)
	if err != nil {
		return cannotCreate(path, target, err)
	}
	replaced := false
	defer func() {
		// Also on the way up from a fault, where an input got shorter while it was read: see Guard.
		if !replaced {
			undone := discard(file)
			if err != nil {
				err = fmt.Errorf("cannot write %s: %w", path, errors.Join(o.remedy(withoutName(err, file.Name())), undone))
			}
		}
	}()
	if old != nil {
		keepOwner(file, old)
		if err := file.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := encode(contextWriter{ctx, file}, message, kind, o); err != nil {
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

// findTarget returns the file that a path leads to and what stands there, nil where nothing does. It refuses what must not be
// written to.
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
		return "", nil, &Error{Name: path, Problem: "is a directory", Hint: "give the name of a file to write"}
	case !old.Mode().IsRegular():
		return target, old, nil
	case old.Mode().Perm()&0o222 == 0:
		return "", nil, &Error{Name: path, Problem: "is read-only", Hint: "make it writable, or write to another file"}
	}
	// A file can be replaced by who may write to its directory. Nobody who may not write to the file should do so unaware.
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return "", nil, &Error{Name: path, Problem: fmt.Sprintf("cannot be written: %v", bare(err)), Hint: "make it writable, or write to another file", Err: err}
	}
	return target, old, file.Close()
}

// bare returns what the system says is wrong, without the name of the file.
func bare(err error) error {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// withoutName returns err without the name of the new file, which nobody gave.
func withoutName(err error, name string) error {
	var pathError *os.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError) && pathError.Path == name:
		return pathError.Err
	case errors.As(err, &linkError) && linkError.Old == name:
		return linkError.Err
	}
	return err
}

// cannotCreate returns the error for a new file that could not be made beside target. It says nothing of the name that the
// new file would have had.
func cannotCreate(path, target string, err error) error {
	err = bare(err)
	dir := filepath.Dir(target)
	if _, statErr := os.Stat(dir); isNotExist(statErr) {
		return &Error{Name: path, Problem: "cannot be written: there is no directory " + dir, Err: err}
	}
	return &Error{Name: path, Problem: fmt.Sprintf("cannot be written: no new file can be made in %s: %v", dir, err), Err: err,
		Hint: "the new file is made beside the old one, so that it takes its place whole; write to another directory, or to standard output"}
}

// discard removes a file that is not wanted any more.
func discard(file *os.File) error {
	_ = file.Close() // it may be closed already
	if err := os.Remove(file.Name()); err != nil && !isNotExist(err) {
		return err
	}
	return nil
}

// writeStream writes to a device, a pipe or an open descriptor, which cannot be replaced.
func writeStream(ctx context.Context, path string, open func() (*os.File, error), message *wire.Rope, kind Kind, o WriteOptions) error {
	if err := o.check(message, kind); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, o.remedy(err))
	}
	file, err := open()
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, bare(err))
	}
	if o.Format == Binary && term.IsTerminal(int(file.Fd())) {
		return errors.Join(binaryToTerminal(path), file.Close())
	}
	err = errors.Join(encode(contextWriter{ctx, file}, message, kind, o), file.Close())
	switch {
	case IsBrokenPipe(err):
		// Not wrapped: a closed pipe is no error on standard output, but the reader of a named pipe should get everything.
		return &Error{Name: path, Problem: "the reader closed it before everything was written"}
	case err != nil:
		return fmt.Errorf("cannot write %s: %w", path, o.remedy(err))
	}
	return o.ready()
}

// followLinks returns the file that a path leads to, which need not be there.
func followLinks(path string) (string, error) {
	target := path
	for range maxLinks {
		stat, err := os.Lstat(target)
		if err != nil || stat.Mode()&os.ModeSymlink == 0 {
			return target, nil // what is wrong with it, opening it will say
		}
		to, err := os.Readlink(target)
		if err != nil {
			return "", err
		}
		target = linkTarget(target, to)
	}
	return "", &Error{Name: path, Problem: "is a link that leads back to itself"}
}

// maxLinks is how many links are followed before they count as a cycle, as in Linux.
const maxLinks = 40

// linkTarget returns the path to which a link leads that holds the path to.
func linkTarget(link, to string) string {
	if filepath.IsAbs(to) {
		return to
	}
	// Not filepath.Join, which drops `..` and the name before it: that may be a link as well.
	dir, _ := filepath.Split(link)
	return dir + to
}

// createBeside makes a new file in the directory of path, with the mode that new files get there.
func createBeside(path string) (*os.File, error) {
	dir, _ := filepath.Split(path)
	for try := 0; ; try++ {
		// Without the name of the file, which may be as long as names can be.
		name := fmt.Sprintf("%s.metagraph-%08x.tmp", dir, rand.Uint32())
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
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
		return text.Write(w, message, kind.Descriptor(), text.Options{AllowUnknown: o.AllowUnknown})
	case JSON:
		// JSON has no form for what the schema does not have.
		if !o.checked {
			if err := text.Check(message, kind.Descriptor(), text.Options{}); err != nil {
				return err
			}
		}
		return toJSON(w, message, kind)
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
	// A large piece goes out in parts, so that an interrupt is not left waiting for a gigabyte.
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
