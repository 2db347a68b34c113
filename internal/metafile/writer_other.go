//go:build !linux

package metafile

import "os"

// hasWriter always returns false: this system does not tell whether a process has a file open for writing.
func hasWriter(*os.File) bool { return false }
