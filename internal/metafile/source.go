package metafile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	mmap "github.com/edsrzf/mmap-go"
)

// Close releases the file. The windows on its bytes must not be used afterwards.
func (f *File) Close() error { return f.source.Close() }

// Changed returns an error if a mapped file changed since it was opened. In that case, the data read so far may mix
// old and new content. Open has already checked a file that it read into memory.
func (f *File) Changed() error { return f.source.Changed() }

// unchanged returns an error if the size or the modification time of an open file differs from was.
func unchanged(file *os.File, was os.FileInfo, name string) error {
	now, err := file.Stat()
	if err == nil && (now.Size() != was.Size() || !now.ModTime().Equal(was.ModTime())) {
		return changing(name)
	}
	return err
}

// changing returns the error for a file that another process is writing.
func changing(name string) error {
	return &Error{Name: name, Problem: "changed while it was read", Advice: "run the command again when nothing writes to the file"}
}

const (
	// clockTick is longer than the resolution of modification times. Two writes within one tick can leave the same time.
	clockTick = 12 * time.Millisecond
	// suspended is how long a process that has the file open may be suspended in the middle of a write, which has set the
	// modification time at its beginning.
	suspended = 250 * time.Millisecond
	// settleTries is how many changes of a recently modified file are waited for before it counts as changing.
	settleTries = 3
)

// waitUntilStable returns the state of an open file and reports whether it waited. If the file was modified a moment ago,
// waitUntilStable waits until any later write would leave another modification time. Comparing states before and after
// reading then detects every change.
func waitUntilStable(file *os.File, name string) (stat os.FileInfo, waited bool, err error) {
	stat, err = file.Stat()
	if err != nil || !stat.Mode().IsRegular() {
		return stat, false, err
	}
	quiet := clockTick
	if hasWriter(file) {
		quiet = suspended
	}
	if time.Since(stat.ModTime()) > quiet {
		return stat, false, nil
	}
	for range settleTries {
		for start := time.Now(); err == nil && time.Since(start) < quiet; {
			time.Sleep(clockTick)
			err = unchanged(file, stat, name)
		}
		if err == nil {
			return stat, true, nil
		}
		if stat, err = file.Stat(); err != nil {
			return nil, true, err
		}
	}
	return nil, true, changing(name)
}

// readSettled reads an open regular file that had the given state, and returns an error if the file changes
// meanwhile. A writer that is suspended in the middle of a write leaves no trace but the content. Therefore a
// recently modified file is read twice.
func readSettled(file *os.File, stat os.FileInfo, twice bool, name string) ([]byte, error) {
	data, err := readLimited(file)
	if err != nil {
		return nil, err
	}
	if twice {
		time.Sleep(clockTick)
		again := make([]byte, len(data))
		if n, err := file.ReadAt(again, 0); n != len(data) || !bytes.Equal(again, data) {
			return nil, errors.Join(changing(name), err)
		}
	}
	return data, unchanged(file, stat, name)
}

const (
	// mapFrom is the size from which a file is mapped. Reading a smaller file is as fast, and its bytes cannot
	// change.
	mapFrom = 256 << 10
	// maxBinary is the size of the largest binary message that is read. A message over MaxSize cannot be written,
	// but show explains why it is so large.
	maxBinary = math.MaxUint32
	// maxText is the maximum size of text or JSON read from a pipe. Text is several times as long as the message
	// that it represents.
	maxText = 8 << 30
)

// mapFile opens the file at path.
func mapFile(path string) (*Raw, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	return mapOpen(file, path)
}

// cannotOpen returns the error for a file that exists and cannot be opened. It returns err for a file that does not exist.
func cannotOpen(path string, err error) error {
	advice := ""
	switch {
	case isNotExist(err):
		return err
	case errors.Is(err, fs.ErrPermission):
		advice = "check the permissions of the file and of its directories"
	}
	return &Error{Name: path, Problem: fmt.Sprintf("cannot be read: %v", withoutPath(err)), Advice: advice, Err: err}
}

// mapAll maps an open file of the given size. It returns nil without an error if the file system cannot map files, but may
// be able to read them. The error calls the file name.
func mapAll(file *os.File, size int64, name string) (mmap.MMap, error) {
	mapped, err := mmap.MMap(nil), error(syscall.ENOMEM)
	if size <= math.MaxInt {
		mapped, err = mmap.Map(file, mmap.RDONLY, 0)
	}
	switch {
	case err == nil:
		return mapped, nil
	case errors.Is(err, syscall.ENOMEM):
		return nil, &Error{Name: name, Problem: fmt.Sprintf("its %d bytes do not fit into the remaining address space", size),
			Advice: "a 32-bit program has less than 4 GiB, and ulimit -v may set less"}
	}
	return nil, nil
}

// mapOpen maps an open file, or reads one that is small or cannot be mapped. It closes the file unless it is mapped.
// Errors call the file name.
func mapOpen(file *os.File, name string) (*Raw, error) {
	stat, waited, err := waitUntilStable(file, name)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if stat.Mode().IsRegular() && stat.Size() >= mapFrom {
		mapped, err := mapAll(file, stat.Size(), file.Name())
		switch {
		case err != nil:
			return nil, errors.Join(err, file.Close())
		case mapped != nil:
			return &Raw{Path: name, file: file, stat: stat, bytes: mapped, mapped: mapped}, nil
		}
	}
	var data []byte
	if stat.Mode().IsRegular() && stat.Size() < mapFrom {
		data, err = readSettled(file, stat, waited, name)
	} else {
		data, err = readLimited(file)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Raw{bytes: data}, file.Close()
}

// readAll reads standard input, or maps it if it is a file.
func readAll(r io.Reader, name string) (*Raw, error) {
	if r == nil {
		return nil, errors.New("no standard input to read")
	}
	if file, ok := r.(*os.File); ok {
		stat, err := file.Stat()
		if err == nil && stat.Mode().IsRegular() {
			if at, err := file.Seek(0, io.SeekCurrent); err == nil && at == 0 {
				return mapOpen(file, name)
			}
		}
	}
	data, err := readLimited(r)
	return &Raw{bytes: data}, err
}

// ReadFile returns the content of a file that holds none of the kinds, such as a set of descriptors.
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	return readLimited(file)
}

// readLimited reads all of r. It stops when the content is longer than any message can be.
func readLimited(r io.Reader) ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(r, lookAhead))
	if err != nil || len(head) < lookAhead {
		return head, err
	}
	limit := int64(maxText)
	if formatOf(head) == Binary {
		limit = maxBinary
	}
	data, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(head), r), limit+1))
	if err == nil && int64(len(data)) > maxText {
		err = errors.New("more than 8 GiB, which is longer than any message")
	}
	return data, err
}

// Guard calls use and returns its error. If a mapped file shrinks while use reads it, Guard returns an error instead
// of letting the program crash. It covers only the calling goroutine.
func Guard(use func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if cause := recover(); cause != nil {
			if _, ok := cause.(interface{ Addr() uintptr }); !ok {
				panic(cause)
			}
			err = errors.New("an input got shorter while it was read")
		}
	}()
	return use()
}
