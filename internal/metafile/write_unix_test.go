//go:build unix

package metafile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// TestWriteKeepsMode: the new file has the mode of the old one.
func TestWriteKeepsMode(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o755, 0o200} {
		path := filepath.Join(t.TempDir(), "out.meta")
		write(t, path, []byte("old"))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := writeMessage(path, []byte("new"), metafile.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		stat, err := os.Stat(path)
		if err != nil || stat.Mode() != mode || stat.Size() != 3 {
			t.Errorf("mode %v became %v (%v)", mode, stat.Mode(), err)
		}
	}
	// A new file has the default mode.
	dir := t.TempDir()
	if err := writeMessage(filepath.Join(dir, "a"), []byte("new"), metafile.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	b, err := os.Create(filepath.Join(dir, "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // nothing was written
	want, err := b.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.Stat(filepath.Join(dir, "a")); err != nil || got.Mode() != want.Mode() {
		t.Errorf("a new file has the mode %v, want %v", got.Mode(), want.Mode())
	}
}

// TestWriteKeepsOwner: the owner of a file does not change if root rewrites it.
func TestWriteKeepsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change the owner")
	}
	path := filepath.Join(t.TempDir(), "out.meta")
	write(t, path, []byte("old"))
	if err := os.Chown(path, 1234, 2345); err != nil {
		t.Skip(err)
	}
	if err := writeMessage(path, []byte("new"), metafile.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if owner := stat.Sys().(*syscall.Stat_t); owner.Uid != 1234 || owner.Gid != 2345 {
		t.Errorf("the owner is %d, %d", owner.Uid, owner.Gid)
	}
}

// TestWriteThroughLinks: the target of links is replaced, and the links are kept.
func TestWriteThroughLinks(t *testing.T) {
	dir := t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"store/deep", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "other", "target.meta"), []byte("old"))
	write(t, filepath.Join(dir, "store", "target.meta"), []byte("old"))
	link("other/target.meta", "relative")
	link(filepath.Join(dir, "other", "target.meta"), "absolute")
	link("relative", "chain")
	link("store/deep", "elsewhere")                // a directory, whose .. is store
	link("../target.meta", "store/deep/to-parent") // store/target.meta
	link("../new.meta", "store/deep/dangling")     // store/new.meta
	link("round", "round")
	link("no/such/dir.meta", "lost")
	for _, test := range []struct{ path, target string }{
		{"relative", "other/target.meta"},
		{"absolute", "other/target.meta"},
		{"chain", "other/target.meta"},
		{"elsewhere/to-parent", "store/target.meta"},
		{"elsewhere/dangling", "store/new.meta"},
		{"elsewhere/../target.meta", "store/target.meta"},
	} {
		path := dir + "/" + test.path // not cleaned
		content := []byte("written to " + test.path)
		if err := writeMessage(path, content, metafile.WriteOptions{}); err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		if got := read(t, dir, test.target); !bytes.Equal(got, content) {
			t.Errorf("%s: %s contains %q", test.path, test.target, got)
		}
		if stat, err := os.Lstat(path); err == nil && !strings.Contains(test.path, "..") && stat.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no longer a link", test.path)
		}
	}
	err := writeMessage(filepath.Join(dir, "round"), []byte("x"), metafile.WriteOptions{})
	if err == nil || err.Error() != filepath.Join(dir, "round")+": is a link that leads back to itself" {
		t.Errorf("link loop: %v", err)
	}
	if err := writeMessage(filepath.Join(dir, "lost"), []byte("x"), metafile.WriteOptions{}); err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "lost")+": cannot be written: directory ") {
		t.Errorf("dangling link: %v", err)
	}
	if diff := cmp.Diff([]string{"absolute", "chain", "elsewhere", "lost", "other", "relative", "round", "store"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"deep", "new.meta", "target.meta"}, names(t, filepath.Join(dir, "store"))); diff != "" {
		t.Errorf("files in store (-want +got):\n%s", diff)
	}
}

// TestWriteLongName replaces a file with the longest possible name.
func TestWriteLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 250)+".meta")
	if err := writeMessage(path, []byte("new"), metafile.WriteOptions{}); err != nil {
		t.Error(err)
	}
}

// TestWriteOverInput writes the content of a mapped file over it.
func TestWriteOverInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.meta")
	raw := largeGraph(1 << 20)
	write(t, path, raw)
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = metafile.Write(context.Background(), path, f.Meta.Rope(), f.Kind, metafile.WriteOptions{Ready: func() error { return errors.Join(f.Changed(), f.Close()) }})
	if err != nil || !bytes.Equal(read(t, path), raw) {
		t.Errorf("%v, or wrong bytes", err)
	}
}

// TestWriteDevice writes to devices, which cannot be replaced.
func TestWriteDevice(t *testing.T) {
	ready := false
	if err := writeMessage(os.DevNull, []byte("x"), metafile.WriteOptions{Ready: func() error {
		ready = true
		return nil
	}}); err != nil || !ready {
		t.Errorf("%v, ready %v", err, ready)
	}
	if stat, err := os.Stat(os.DevNull); err != nil || stat.Mode()&os.ModeDevice == 0 {
		t.Fatal("the null device was replaced")
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := writeMessage("/dev/full", bytes.Repeat([]byte("x"), 1000), metafile.WriteOptions{}); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cannot write /dev/full: ") {
			t.Errorf("full device: %v", err)
		}
	}
}

// TestWritePipe writes to a named pipe and reads from one.
func TestWritePipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.pbtxt")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	raw := testfiles.Read(t, "testdata/queues.meta")
	done := make(chan error, 1)
	go func() { done <- writeMessage(path, raw, metafile.WriteOptions{}) }()
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || f.Format != metafile.Text || f.Kind != metafile.MetaGraph {
		t.Errorf("%v, %v, %v", err, f.Format, f.Kind)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode()&os.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
	// A reader that closes the pipe early ends the write with an error.
	reader, err := os.OpenFile(path, os.O_RDWR, 0) // does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.ReadFull(reader, make([]byte, 10)) // leaves the rest unread
		_ = reader.Close()
	}()
	err = writeMessage(path, largeGraph(1<<20), metafile.WriteOptions{Format: metafile.Binary})
	if err == nil || err.Error() != path+": the reader closed it before the output was complete" || errors.Is(err, syscall.EPIPE) {
		t.Errorf("reader closed: %v", err)
	}
	// An error about the content is reported before the pipe is opened, which has no reader now.
	if err := writeMessage(path, []byte{0xfa, 0x01, 0x00}, metafile.WriteOptions{}); err == nil {
		t.Error("an unknown field as text: no error")
	}
}

// TestWriteDescriptor writes to the result of >(command) in a shell: a link to a pipe without a name.
func TestWriteDescriptor(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/dev/fd/%d", writer.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	got := make(chan []byte)
	go func() {
		raw, _ := io.ReadAll(reader) // the comparison below reports missing data
		got <- raw
	}()
	if err := errors.Join(writeMessage(path, []byte("content"), metafile.WriteOptions{}), writer.Close()); err != nil {
		t.Error(err)
	}
	if raw := <-got; string(raw) != "content" {
		t.Errorf("the pipe got %q", raw)
	}
}

// TestWriteTerminal: binary is rejected for a terminal given by name, too.
func TestWriteTerminal(t *testing.T) {
	err := writeMessage("/dev/ptmx", []byte("x"), metafile.WriteOptions{})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skip(err)
	}
	if err == nil || err.Error() != "/dev/ptmx: is a terminal, but the output is binary" {
		t.Error(err)
	}
}

// TestWriteDiskFull: the old file is unchanged if there is no space for the new one.
func TestWriteDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount: %s", out)
	}
	defer exec.Command("umount", dir).Run() //nolint:errcheck // best effort
	path := filepath.Join(dir, "out.meta")
	write(t, path, []byte("old"))
	for _, format := range []metafile.Format{metafile.Binary, metafile.Text} {
		err := writeMessage(path, largeGraph(400<<10), metafile.WriteOptions{Format: format})
		if !errors.Is(err, syscall.ENOSPC) || err.Error() != "cannot write "+path+": no space left on device" {
			t.Errorf("%v: %v", format, err)
		}
		if diff := cmp.Diff([]string{"out.meta"}, names(t, dir)); diff != "" || string(read(t, path)) != "old" {
			t.Errorf("%v: the old file changed, or files are left:\n%s", format, diff)
		}
	}
}

// TestShrinkingInput: nothing is left if a mapped input is truncated while it is written.
func TestShrinkingInput(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.meta"), filepath.Join(dir, "out.meta")
	write(t, in, largeGraph(1<<20))
	f, err := metafile.Open(in, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	// Small pieces are copied before they are written, which triggers the fault.
	var b wire.Builder
	for at := 0; at+1000 <= len(f.Bytes); at += 1000 {
		b.Window(f.Bytes[at : at+1000 : at+1000])
	}
	rope := b.Build()
	if err := os.Truncate(in, 100<<10); err != nil {
		t.Fatal(err)
	}
	err = metafile.Guard(func() error {
		return metafile.Write(context.Background(), out, rope, f.Kind, metafile.WriteOptions{})
	})
	if err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff([]string{"in.meta"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	var changed *metafile.Error
	if !errors.As(f.Changed(), &changed) {
		t.Error("Changed returns no error")
	}
}
