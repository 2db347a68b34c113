package metafile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// writeMessage writes a message to a path as a MetaGraphDef.
func writeMessage(path string, raw []byte, o metafile.WriteOptions) error {
	return metafile.Write(context.Background(), path, wire.NewRope(raw), metafile.MetaGraph, o)
}

// TestWriteFile creates a new file and replaces an old one.
func TestWriteFile(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	path := filepath.Join(t.TempDir(), "out.meta")
	for range 2 {
		ready := 0
		err := writeMessage(path, raw, metafile.WriteOptions{Ready: func() error {
			ready++
			return nil
		}})
		if err != nil || ready != 1 {
			t.Fatalf("%v, Ready was called %d times", err, ready)
		}
		if !bytes.Equal(read(t, path), raw) {
			t.Error("wrong bytes")
		}
		if diff := cmp.Diff([]string{"out.meta"}, names(t, filepath.Dir(path))); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		raw = append(raw, wiretest.String(99, "more")...)
	}
}

// TestFormatByName: the name of the output determines the format if none is requested.
func TestFormatByName(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	for name, want := range map[string]metafile.Format{
		"a.meta": metafile.Binary, "a": metafile.Binary, "a.pb": metafile.Binary, "a.pbtxt": metafile.Text, "a.meta.pbtxt": metafile.Text,
		"a.txtpb": metafile.Text, "a.textproto": metafile.Text, "a.PBTXT": metafile.Text, "a.json": metafile.JSON, "pbtxt": metafile.Binary, ".pbtxt": metafile.Text,
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := writeMessage(path, raw, metafile.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		f, err := metafile.Open(path, metafile.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Format != want {
			t.Errorf("%s is %v, want %v", name, f.Format, want)
		}
		if err := writeMessage(path, raw, metafile.WriteOptions{Format: metafile.JSON}); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got[0] != '{' {
			t.Errorf("%s as JSON starts with %q", name, got[:10])
		}
	}
}

// TestWriteFails: after any failure, the old file is unchanged and no other file exists.
func TestWriteFails(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	canceled, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("stopped by a signal"))
	for _, test := range []struct {
		name string
		ctx  context.Context
		raw  []byte
		o    metafile.WriteOptions
		want string
	}{
		{"Ready fails", context.Background(), raw, metafile.WriteOptions{Ready: func() error { return io.ErrUnexpectedEOF }}, "cannot write FILE: unexpected EOF"},
		{"stopped before", canceled, raw, metafile.WriteOptions{}, "cannot write FILE: stopped by a signal"},
		{"stopped before, text", canceled, raw, metafile.WriteOptions{Format: metafile.Text}, "cannot write FILE: stopped by a signal"},
		{"not text", context.Background(), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "\xff"))), metafile.WriteOptions{Format: metafile.Text}, "cannot write FILE: "},
		{"not JSON", context.Background(), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "\xff"))), metafile.WriteOptions{Format: metafile.JSON}, "cannot write FILE: "},
		{"damaged", context.Background(), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, []byte{0x0a, 0x70}), metafile.WriteOptions{Format: metafile.Text}, "cannot write FILE: "},
	} {
		for _, old := range []string{"", "old content"} {
			path := filepath.Join(t.TempDir(), "out.meta")
			var want []string
			if old != "" {
				write(t, path, []byte(old))
				want = []string{"out.meta"}
			}
			err := metafile.Write(test.ctx, path, wire.NewRope(test.raw), metafile.MetaGraph, test.o)
			if err == nil || !strings.HasPrefix(err.Error(), strings.ReplaceAll(test.want, "FILE", path)) {
				t.Errorf("%s: %v", test.name, err)
			}
			if diff := cmp.Diff(want, names(t, filepath.Dir(path))); diff != "" {
				t.Errorf("%s: files (-want +got):\n%s", test.name, diff)
			}
			if old != "" && string(read(t, path)) != old {
				t.Errorf("%s: the old file changed", test.name)
			}
		}
	}
}

// TestWriteReadyIsLast: once Ready has succeeded, the file is always replaced.
func TestWriteReadyIsLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.meta")
	write(t, path, []byte("old"))
	ctx, cancel := context.WithCancel(context.Background())
	err := metafile.Write(ctx, path, wire.NewRope([]byte("new")), metafile.MetaGraph, metafile.WriteOptions{Ready: func() error {
		cancel()
		return nil
	}})
	if err != nil || string(read(t, path)) != "new" {
		t.Errorf("%v, the file contains %q", err, read(t, path))
	}
}

// TestWriteFaults: a panic, such as for a truncated input, leaves no files.
func TestWriteFaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.meta")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_ = writeMessage(path, []byte("x"), metafile.WriteOptions{Ready: func() error { panic("a fault") }})
	}()
	if left := names(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// TestWriteNowhere: errors name the obstacle, with the path as given by the user.
func TestWriteNowhere(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), []byte("x"))
	readOnly := filepath.Join(dir, "read-only.meta")
	write(t, readOnly, []byte("x"))
	if err := os.Chmod(readOnly, 0o444); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want, hint string }{
		{dir, "is a directory", "give the name of a file to write"},
		{filepath.Join(dir, "no", "where.meta"), "cannot be written: directory " + filepath.Join(dir, "no") + " does not exist", ""},
		{readOnly, "is read-only", "make it writable, or write to another file"},
	} {
		err := writeMessage(test.path, []byte("x"), metafile.WriteOptions{})
		var e *metafile.Error
		if !errors.As(err, &e) || err.Error() != test.path+": "+test.want || e.Hint() != test.hint {
			t.Errorf("%s: %v (%+v)", test.path, err, e)
		}
	}
	if err := writeMessage(filepath.Join(dir, "file", "x.meta"), []byte("x"), metafile.WriteOptions{}); err == nil {
		t.Error("a file as the directory: no error")
	}
	if string(read(t, readOnly)) != "x" {
		t.Error("the read-only file changed")
	}
}

// TestWriteStdout writes to a pipe and rejects binary for a terminal.
func TestWriteStdout(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	for _, path := range []string{"", "-"} {
		var out bytes.Buffer
		ready := false
		err := writeMessage(path, raw, metafile.WriteOptions{Stdout: &out, Ready: func() error {
			ready = true
			return nil
		}})
		if err != nil || !bytes.Equal(out.Bytes(), raw) || !ready {
			t.Errorf("%q: %v, %d bytes, ready %v", path, err, out.Len(), ready)
		}
	}
	var out bytes.Buffer
	err := writeMessage("-", raw, metafile.WriteOptions{Stdout: &out, Terminal: true})
	var e *metafile.Error
	if !errors.As(err, &e) || err.Error() != "standard output: is a terminal, but the output is binary" || out.Len() > 0 {
		t.Errorf("a terminal: %v, %d bytes", err, out.Len())
	}
	if err := writeMessage("-", raw, metafile.WriteOptions{Stdout: &out, Terminal: true, Format: metafile.Text}); err != nil || out.Len() == 0 {
		t.Errorf("text on a terminal: %v", err)
	}
	for _, format := range []metafile.Format{metafile.Binary, metafile.Text, metafile.JSON} {
		if err := writeMessage("-", raw, metafile.WriteOptions{Stdout: failingWriter{}, Format: format}); !errors.Is(err, errFull) {
			t.Errorf("%v on a broken pipe: %v", format, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

// TestWriteTooLarge: a message of 2 GiB, built from one repeated window, is rejected.
func TestWriteTooLarge(t *testing.T) {
	window := make([]byte, 1<<20)
	var b wire.Builder
	for range 2048 {
		b.Window(window)
	}
	path := filepath.Join(t.TempDir(), "out.meta")
	err := metafile.Write(context.Background(), path, b.Build(), metafile.MetaGraph, metafile.WriteOptions{})
	var e *metafile.Error
	if !errors.As(err, &e) || err.Error() != path+": the MetaGraphDef would have 2147483648 bytes; TensorFlow cannot read messages of 2 GiB or more" {
		t.Errorf("2 GiB: %v", err)
	}
	if left := names(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	b = wire.Builder{}
	for range 2047 {
		b.Window(window)
	}
	b.Window(window[:1<<20-1])
	var counted countingWriter
	if err := metafile.Write(context.Background(), "-", b.Build(), metafile.MetaGraph, metafile.WriteOptions{Stdout: &counted}); err != nil || counted != metafile.MaxSize {
		t.Errorf("2 GiB - 1: %v, %d bytes", err, counted)
	}
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

// TestStopsInTheMiddle: a long write ends soon after its context.
func TestStopsInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	window := make([]byte, 256<<20)
	w := &cancelingWriter{after: 2, cancel: cancel}
	err := metafile.Write(ctx, "-", wire.NewRope(window), metafile.MetaGraph, metafile.WriteOptions{Stdout: w})
	if !errors.Is(err, context.Canceled) || w.written > 128<<20 {
		t.Errorf("%v after %d bytes", err, w.written)
	}
}

// A cancelingWriter ends a context after some writes.
type cancelingWriter struct {
	after, written int
	cancel         func()
}

func (w *cancelingWriter) Write(p []byte) (int, error) {
	w.written += len(p)
	if w.after--; w.after == 0 {
		w.cancel()
	}
	return len(p), nil
}

// TestRebuild: Rebuild puts a MetaGraphDef back in its original place and keeps everything around it.
func TestRebuild(t *testing.T) {
	meta := func(tag, node string) []byte {
		return wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.String(fieldnum.MetaGraphDef_MetaInfoDef_Tags, tag)), wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, node), wiretest.String(fieldnum.NodeDef_Op, "NoOp"))))
	}
	unknown := wiretest.String(99, "unknown")
	saved := wiretest.Join(wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("serve", "a")), unknown, wiretest.Varint(fieldnum.SavedModel_SavedModelSchemaVersion, 1), wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("train", "b")), wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("serve", "c")))
	f, err := openBytes(saved, metafile.OpenOptions{TagSet: "train"})
	if err != nil {
		t.Fatal(err)
	}
	rope, err := f.Rebuild(wire.NewRope(meta("train", "changed")))
	want := wiretest.Join(wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("serve", "a")), unknown, wiretest.Varint(fieldnum.SavedModel_SavedModelSchemaVersion, 1), wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("train", "changed")), wiretest.Message(fieldnum.SavedModel_MetaGraphs, meta("serve", "c")))
	if err != nil || !bytes.Equal(rope.Bytes(), want) {
		t.Errorf("SavedModel: %v\n%q, want\n%q", err, rope.Bytes(), want)
	}

	graph := wiretest.Join(bytes.Repeat(wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "a"), wiretest.String(fieldnum.NodeDef_Op, "NoOp")), 3), unknown)
	f, err = openBytes(graph, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if rope, err = f.Rebuild(f.Meta.Rope()); err != nil || !bytes.Equal(rope.Bytes(), graph) {
		t.Errorf("GraphDef: %v, %q", err, rope.Bytes())
	}

	// The graph from a message with other fields, groups and long headers before it.
	whole := wiretest.Join(wiretest.Group(100, wiretest.Message(fieldnum.MetaGraphDef_GraphDef, []byte("not this"))), wiretest.Varint(fieldnum.MetaGraphDef_GraphDef, 7), []byte{0x92, 0x80, 0x00, 0x83, 0x80, 0x00, 0x0a, 0x01, 'x'}, unknown)
	if rope, err = metafile.GraphOf(wire.NewRope(whole)); err != nil || !bytes.Equal(rope.Bytes(), []byte{0x0a, 0x01, 'x'}) {
		t.Errorf("GraphOf: %v, %q", err, rope.Bytes())
	}
	if rope, err = metafile.GraphOf(wire.NewRope(unknown)); err != nil || rope.Size() != 0 {
		t.Errorf("GraphOf without a graph: %v, %d bytes", err, rope.Size())
	}
	for _, bad := range [][]byte{{0x80}, {0x0b}, {0x0a, 0x80}, {0x0c}} {
		if _, err := metafile.GraphOf(wire.NewRope(bad)); err == nil {
			t.Errorf("GraphOf %x: no error", bad)
		}
	}
}
