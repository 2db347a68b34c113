package testfiles

import (
	"syscall"
	"testing"
)

// Tmpfs mounts an empty file system with the given options of tmpfs (see mount(8)), such as size=8k, on a new directory until the test
// ends, and returns the directory. It skips the test if the process must not mount.
func Tmpfs(t testing.TB, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}
