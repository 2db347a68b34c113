package metafile

import (
	"os"
	"syscall"
)

// hasWriter reports whether a process has an open file open for writing. The kernel refuses a lease on such a file; it
// grants none either if the file belongs to someone else or its file system has no leases, and then the answer is false.
func hasWriter(file *os.File) bool {
	const setLease = 1024 // F_SETLEASE
	refused := false
	conn, err := file.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, setLease, syscall.F_RDLCK)
		if errno == 0 {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, setLease, syscall.F_UNLCK)
		}
		refused = errno == syscall.EAGAIN
	})
	return err == nil && refused
}
