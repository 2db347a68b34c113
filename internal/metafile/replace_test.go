package metafile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestReplace creates and replaces a file whose beginning is known last.
func TestReplace(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	path := filepath.Join(t.TempDir(), "out.meta")
	for range 2 {
		ready := false
		err := metafile.Replace(context.Background(), path, metafile.MetaGraph, metafile.WriteOptions{Ready: func() error {
			ready = true
			return nil
		}}, func(w io.Writer, patch io.WriterAt) error {
			_, err := w.Write(append([]byte("xy"), raw[2:100]...))
			_, errAt := patch.WriteAt(raw[:2], 0)
			_, errEnd := w.Write(raw[100:])
			return errors.Join(err, errAt, errEnd)
		})
		if err != nil || !ready || !bytes.Equal(read(t, path), raw) {
			t.Errorf("%v, Ready was called: %t, or wrong bytes", err, ready)
		}
		if diff := cmp.Diff([]string{"out.meta"}, names(t, filepath.Dir(path))); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	}
}

// TestReplaceFails: after any failure, the old file is unchanged and no other file exists. The error names the file once.
func TestReplaceFails(t *testing.T) {
	raw := testfiles.Read(t, "testdata/queues.meta")
	whole := func(w io.Writer, _ io.WriterAt) error {
		_, err := w.Write(raw)
		return err
	}
	canceled, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("stopped by a signal"))
	for _, test := range []struct {
		name  string
		ctx   context.Context
		write func(io.Writer, io.WriterAt) error
		ready error
		want  string
	}{
		{"write fails", context.Background(), func(io.Writer, io.WriterAt) error { return errFull }, nil, "cannot write FILE: no space left on device"},
		{"the input is bad", context.Background(), func(io.Writer, io.WriterAt) error { return &metafile.Error{Name: "in", Problem: "is bad"} }, nil, "in: is bad"},
		{"Ready fails", context.Background(), whole, io.ErrUnexpectedEOF, "cannot write FILE: unexpected EOF"},
		{"stopped", canceled, whole, nil, "cannot write FILE: stopped by a signal"},
		{"empty", context.Background(), func(io.Writer, io.WriterAt) error { return nil }, nil, "FILE: the resulting MetaGraphDef would be empty"},
		{"unrecognizable", context.Background(), func(w io.Writer, _ io.WriterAt) error {
			_, err := w.Write(bytes.Repeat([]byte{0x08, 0x01}, mapped))
			return err
		}, nil, "FILE: the output would not be recognized as a MetaGraphDef"},
		{"too large", context.Background(), func(_ io.Writer, patch io.WriterAt) error {
			_, err := patch.WriteAt([]byte{0}, metafile.MaxSize)
			return err
		}, nil, "FILE: the MetaGraphDef would have 2147483648 bytes; TensorFlow cannot read messages of 2 GiB or more"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.meta")
			write(t, path, []byte("old"))
			err := metafile.Replace(test.ctx, path, metafile.MetaGraph, metafile.WriteOptions{Ready: func() error { return test.ready }}, test.write)
			if want := bytes.ReplaceAll([]byte(test.want), []byte("FILE"), []byte(path)); err == nil || err.Error() != string(want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if diff := cmp.Diff([]string{"out.meta"}, names(t, filepath.Dir(path))); diff != "" || string(read(t, path)) != "old" {
				t.Errorf("the old file changed, or files (-want +got):\n%s", diff)
			}
		})
	}
}

// mapped is more than the size of the smallest file that is mapped.
const mapped = 1 << 20

// TestReplaceUnsupported: only regular files are replaced.
func TestReplaceUnsupported(t *testing.T) {
	for _, path := range []string{"", "-", "/dev/stdout", "/dev/fd/1", os.DevNull} {
		err := metafile.Replace(context.Background(), path, metafile.MetaGraph, metafile.WriteOptions{}, func(io.Writer, io.WriterAt) error {
			t.Errorf("%q: something was written", path)
			return nil
		})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%q: %v", path, err)
		}
	}
}
