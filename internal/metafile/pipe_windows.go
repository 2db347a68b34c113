package metafile

import (
	"errors"
	"syscall"
)

// What Windows returns for a write to a pipe whose reader is gone (winerror.h): ERROR_BROKEN_PIPE and ERROR_NO_DATA.
const (
	errorBrokenPipe = syscall.Errno(109)
	errorNoData     = syscall.Errno(232)
)

// IsBrokenPipe reports whether a write failed because nobody reads from the pipe any more.
func IsBrokenPipe(err error) bool {
	return errors.Is(err, errorNoData) || errors.Is(err, errorBrokenPipe) || errors.Is(err, syscall.EPIPE)
}
