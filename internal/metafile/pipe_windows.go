package metafile

import (
	"errors"
	"syscall"
)

// Errors of Windows for a write to a pipe whose reader is gone (winerror.h): ERROR_BROKEN_PIPE and ERROR_NO_DATA.
const (
	errorBrokenPipe = syscall.Errno(109)
	errorNoData     = syscall.Errno(232)
)

// IsBrokenPipe reports whether a write failed because the pipe has no reader.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, errorNoData) || errors.Is(err, errorBrokenPipe) || errors.Is(err, syscall.EPIPE)
}
