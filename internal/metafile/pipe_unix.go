//go:build !windows

package metafile

import (
	"errors"
	"syscall"
)

// IsBrokenPipe reports whether a write failed because nobody reads from the pipe any more.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
