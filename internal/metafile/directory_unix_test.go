//go:build unix

package metafile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
)

// listing returns the files and directories under dir, with `/` after directories.
func listing(tb testing.TB, dir string) []string {
	tb.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch name = filepath.ToSlash(name); {
		case name == ".":
		case err == nil && entry.IsDir():
			found = append(found, name+"/")
		default:
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// fillDirectory writes two files, one of them in a directory of its own.
func fillDirectory(d *metafile.Directory) error {
	return errors.Join(os.WriteFile(filepath.Join(d.Temp, "a"), []byte("a"), 0o600), d.MakeDir("sub"),
		os.WriteFile(filepath.Join(d.Temp, "sub", "b"), []byte("b"), 0o600))
}

// TestWriteDirectory writes to new and empty directories, and through links. Anything else stays as it is.
func TestWriteDirectory(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(dir string) error
		path    string
		want    []string // the tree afterwards
		err     string
	}{
		{"new", nil, "out", []string{"out/", "out/a", "out/sub/", "out/sub/b"}, ""},
		{"new parents", nil, "x/y/out", []string{"x/", "x/y/", "x/y/out/", "x/y/out/a", "x/y/out/sub/", "x/y/out/sub/b"}, ""},
		{"empty", func(dir string) error { return os.Mkdir(filepath.Join(dir, "out"), 0o750) }, "out", []string{"out/", "out/a", "out/sub/", "out/sub/b"}, ""},
		{"trailing slash", nil, "out/", []string{"out/", "out/a", "out/sub/", "out/sub/b"}, ""},
		{"not empty", func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "out"), 0o755), os.WriteFile(filepath.Join(dir, "out", "old"), nil, 0o600))
		}, "out", []string{"out/", "out/old"}, "DIR/out: is a directory that is not empty"},
		{"a file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "out"), nil, 0o600) }, "out", []string{"out"}, "DIR/out: is a file, not a directory"},
		{"below a file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "file"), nil, 0o600) }, "file/out", []string{"file"}, "not a directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.prepare != nil {
				if err := test.prepare(dir); err != nil {
					t.Fatal(err)
				}
			}
			err := metafile.WriteDirectory(context.Background(), dir+"/"+test.path, fillDirectory)
			if want := strings.ReplaceAll(test.err, "DIR", dir); err == nil != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q", err, want)
			}
			if diff := cmp.Diff(test.want, listing(t, dir)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWriteDirectoryFails: after a failure, a panic or a signal, nothing is left, and an empty directory is still there.
func TestWriteDirectoryFails(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(ctx context.CancelCauseFunc, path string, d *metafile.Directory) error
		want string
	}{
		{"an error", func(_ context.CancelCauseFunc, _ string, d *metafile.Directory) error {
			_, err := os.ReadFile(filepath.Join(d.Temp, "sub", "no"))
			return err
		}, "open PATH/sub/no: no such file or directory"},
		{"an error with a name", func(_ context.CancelCauseFunc, _ string, d *metafile.Directory) error {
			return &metafile.Error{Name: filepath.Join(d.Temp, "a"), Problem: "is odd"}
		}, "PATH/a: is odd"},
		{"a signal", func(cancel context.CancelCauseFunc, _ string, _ *metafile.Directory) error {
			cancel(errors.New("stopped by a signal"))
			return nil
		}, "stopped by a signal"},
		{"a panic", func(context.CancelCauseFunc, string, *metafile.Directory) error { panic("a fault") }, "a fault"},
	} {
		for _, empty := range []bool{false, true} {
			dir := t.TempDir()
			path := filepath.Join(dir, "new", "out")
			var want []string
			if empty {
				want = []string{"new/", "new/out/"}
				if err := os.MkdirAll(path, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			err := caught(func() error {
				return metafile.WriteDirectory(ctx, path, func(d *metafile.Directory) error {
					return errors.Join(fillDirectory(d), test.fill(cancel, path, d))
				})
			})
			if err == nil || err.Error() != strings.ReplaceAll(test.want, "PATH", path) {
				t.Errorf("%s: the error is %v", test.name, err)
			}
			if named, ok := errors.AsType[*metafile.Error](err); ok && named.Name != filepath.Join(path, "a") {
				t.Errorf("%s: the error is about %s", test.name, named.Name)
			}
			if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
				t.Errorf("%s: files (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

// caught returns the error of use, or the text of its panic.
func caught(use func() error) (err error) {
	defer func() {
		if text, ok := recover().(string); ok {
			err = errors.New(text)
		}
	}()
	return use()
}

// TestWriteDirectoryTwice: a directory that another process fills in the meantime stays as it is.
func TestWriteDirectoryTwice(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	err := metafile.WriteDirectory(context.Background(), path, func(d *metafile.Directory) error {
		return errors.Join(fillDirectory(d), os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "other"), nil, 0o600))
	})
	if err == nil || !strings.HasPrefix(err.Error(), "cannot write "+path+": ") {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff([]string{"out/", "out/other"}, listing(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestCopyDirectory copies a directory into one that is created inside of it.
func TestCopyDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "sub"), 0o755), os.WriteFile(filepath.Join(dir, "sub", "a"), []byte("a"), 0o600), os.WriteFile(filepath.Join(dir, "skipped"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	err := metafile.WriteDirectory(context.Background(), filepath.Join(dir, "copy"), func(d *metafile.Directory) error {
		return d.Copy(dir, func(name string) bool { return name == "skipped" })
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"copy/", "copy/sub/", "copy/sub/a", "skipped", "sub/", "sub/a"}, listing(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
