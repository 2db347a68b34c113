//go:build unix

package metafile

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// descriptorOf returns the open descriptor of this process that a path names: /dev/stdout, /dev/fd/3,
// /proc/self/fd/3, or a link to one. On Linux, opening such a path would open the file again, at its beginning and
// without O_APPEND.
func descriptorOf(path string) (int, bool) {
	for range maxLinks {
		if n, ok := descriptorName(filepath.Clean(path)); ok {
			return n, true
		}
		to, err := os.Readlink(path)
		if err != nil {
			return 0, false
		}
		path = linkTarget(path, to)
	}
	return 0, false
}

// descriptorName returns the descriptor that a clean path names without following links.
func descriptorName(path string) (int, bool) {
	switch path {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/"} {
		if name, ok := strings.CutPrefix(path, dir); ok {
			n, err := strconv.ParseUint(name, 10, 31)
			return int(n), err == nil
		}
	}
	return 0, false
}

// openDescriptor returns a file that shares the position and the append mode of descriptor n. Closing it leaves n
// open.
func openDescriptor(n int) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	shared, err := syscall.Dup(n)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(shared)
	return os.NewFile(uintptr(shared), "descriptor "+strconv.Itoa(n)), nil
}
