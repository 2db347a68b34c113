//go:build unix

package metafile

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and the group of the old one, as far as permitted. When root rewrites a
// user's file, the user must keep it.
func keepOwner(file *os.File, old os.FileInfo) {
	stat, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	if file.Chown(int(stat.Uid), int(stat.Gid)) != nil {
		_ = file.Chown(-1, int(stat.Gid)) // only root may change the owner
	}
}
