//go:build !unix

package metafile

import (
	"errors"
	"os"
)

// descriptorOf recognizes only /dev/stdout, which scripts written for Unix use. Paths do not name descriptors on
// this system.
func descriptorOf(path string) (int, bool) { return 1, path == "/dev/stdout" }

// openDescriptor always returns an error, because no path names a descriptor: see descriptorOf.
func openDescriptor(int) (*os.File, error) { return nil, errors.ErrUnsupported }
