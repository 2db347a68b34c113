//go:build !windows

package metafile

import (
	"errors"
	"syscall"
)

// IsBrokenPipe reports whether a write failed because the pipe has no reader.
func IsBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
