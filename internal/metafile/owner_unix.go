//go:build unix

package metafile

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and the group of the old one, as far as this user may: root that rewrites somebody's
// file must not take it away from them.
func keepOwner(file *os.File, old os.FileInfo) {
	stat, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	if file.Chown(int(stat.Uid), int(stat.Gid)) != nil {
		_ = file.Chown(-1, int(stat.Gid)) // nobody but root may give files away
	}
}
