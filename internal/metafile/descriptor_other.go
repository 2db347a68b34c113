//go:build !unix

package metafile

import (
	"errors"
	"os"
)

// descriptorOf reports that no path names a descriptor on this system, except the name of standard output that scripts for Unix use.
func descriptorOf(path string) (int, bool) { return 1, path == "/dev/stdout" }

// openDescriptor returns an error: see descriptorOf.
func openDescriptor(int) (*os.File, error) { return nil, errors.ErrUnsupported }
