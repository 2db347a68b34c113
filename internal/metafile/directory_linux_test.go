package metafile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestWriteDirectoryFull writes a directory to file systems of increasing size, so that each step runs out of space once and leaves
// nothing. A link from another file system becomes a copy.
func TestWriteDirectoryFull(t *testing.T) {
	testfiles.Tmpfs(t, "") // skips the test where it cannot mount
	source := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(source, "assets"), 0o755), os.WriteFile(filepath.Join(source, "assets", "a"), make([]byte, 20<<10), 0o600),
		os.WriteFile(filepath.Join(source, "b"), make([]byte, 20<<10), 0o600)); err != nil {
		t.Fatal(err)
	}
	done := false
	for room := 1; !done && room < 30; room++ {
		for _, options := range []string{fmt.Sprintf("nr_inodes=%d", room+1), fmt.Sprintf("size=%dk", 4*room)} {
			t.Run(options, func(t *testing.T) {
				dir := testfiles.Tmpfs(t, options)
				path := filepath.Join(dir, "new", "out")
				err := metafile.WriteDirectory(context.Background(), path, func(d *metafile.Directory) error {
					return errors.Join(fillDirectory(d), d.Copy(source, func(string) bool { return false }))
				})
				var want []string
				if err == nil {
					want = []string{"new/", "new/out/", "new/out/a", "new/out/assets/", "new/out/assets/a", "new/out/b", "new/out/sub/", "new/out/sub/b"}
				} else if !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("the error is %v", err)
				}
				done = err == nil
				if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
					t.Errorf("%v: files (-want +got):\n%s", err, diff)
				}
			})
		}
	}
	if !done && !t.Failed() {
		t.Error("there was never enough room")
	}
}

// TestWriteDirectoryForbidden: a directory that cannot be created, and files that cannot be read, leave nothing.
func TestWriteDirectoryForbidden(t *testing.T) {
	dir := openDir(t, 0o777)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "locked"), 0o555), os.Mkdir(filepath.Join(dir, "source"), 0o777), os.WriteFile(filepath.Join(dir, "source", "secret"), nil, 0o000)); err != nil {
		t.Fatal(err)
	}
	want := listing(t, dir)
	for _, path := range []string{"locked/out", "locked/new/out", "out"} {
		var err error
		asNobody(t, func() {
			err = metafile.WriteDirectory(context.Background(), filepath.Join(dir, path), func(d *metafile.Directory) error {
				return metafile.CopyFile(d.Ctx, filepath.Join(d.Temp, "copy"), filepath.Join(dir, "source", "secret"))
			})
		})
		if !errors.Is(err, syscall.EACCES) {
			t.Errorf("%s: %v", path, err)
		}
		if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", path, diff)
		}
	}
}
