package metafile_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
)

// asNobody calls use as an unprivileged user if the tests run as root, whom permissions do not restrict.
func asNobody(t *testing.T, use func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		use()
		return
	}
	const nobody = 65534
	runtime.LockOSThread() // the file system's user belongs to the thread
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Skip(err)
	}
	defer syscall.Setfsuid(0) //nolint:errcheck // it reports none
	use()
}

// openDir creates a directory that everybody can reach, with the given mode.
func openDir(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	for up := dir; up != os.TempDir() && up != "/"; up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // so that it can be removed
	return dir
}

// TestWriteForbidden: paths that the user may not write stay unchanged, and errors name the given path.
func TestWriteForbidden(t *testing.T) {
	const whole = "the file is replaced atomically, which needs a new file in the same directory; write to another directory or to standard output"
	for _, test := range []struct {
		name      string
		foreign   bool // the file must belong to another user
		dir, file os.FileMode
		want      string
		hint      string
	}{
		{"directory", false, 0o555, 0o666, "DIR/out.meta: cannot be written: cannot create a file in DIR: permission denied", whole},
		{"read-only file", false, 0o777, 0o444, "DIR/out.meta: is read-only", "make it writable, or write to another file"},
		{"file of another user", true, 0o777, 0o604, "DIR/out.meta: cannot be written: permission denied", "make it writable, or write to another file"},
		{"file of another user in a sticky directory", true, 0o777 | os.ModeSticky, 0o666, "cannot write DIR/out.meta: operation not permitted", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.foreign && os.Geteuid() != 0 {
				t.Skip("only root can create files of another user")
			}
			dir := openDir(t, 0o755)
			path := filepath.Join(dir, "out.meta")
			write(t, path, []byte("old"))
			if err := errors.Join(os.Chmod(path, test.file), os.Chmod(dir, test.dir)); err != nil {
				t.Fatal(err)
			}
			var err error
			asNobody(t, func() { err = writeMessage(path, []byte("new"), metafile.WriteOptions{}) })
			if err == nil || err.Error() != strings.ReplaceAll(test.want, "DIR", dir) {
				t.Errorf("the error is %v", err)
			}
			if hinted, ok := errors.AsType[*metafile.Error](err); test.hint != "" && (!ok || hinted.Hint() != test.hint) {
				t.Errorf("the hint of %v is not %q", err, test.hint)
			}
			if diff := cmp.Diff([]string{"out.meta"}, names(t, dir)); diff != "" || string(read(t, path)) != "old" {
				t.Errorf("the old file changed, or files are left:\n%s", diff)
			}
		})
	}
}

// TestOpenForbidden: a file or directory without permission is reported as such, not as missing.
func TestOpenForbidden(t *testing.T) {
	dir := openDir(t, 0o755)
	path, closed := filepath.Join(dir, "secret.meta"), filepath.Join(dir, "closed")
	write(t, path, []byte("x"))
	if err := errors.Join(os.Chmod(path, 0), os.Mkdir(closed, 0o755)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(closed, "checkpoint"), []byte("x"))
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755) //nolint:errcheck // so that it can be removed
	for _, path := range []string{path, closed, filepath.Join(closed, "model.ckpt-3")} {
		var err error
		asNobody(t, func() { _, err = metafile.Open(path, metafile.OpenOptions{}) })
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
