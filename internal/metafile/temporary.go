package metafile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// WriteTemporary creates a file in the system's temporary directory, fills it with write and returns its path. A
// random string replaces the last "*" of pattern, as in os.CreateTemp. If it fails, no file remains.
func WriteTemporary(pattern string, write func(io.Writer) error) (string, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", fmt.Errorf("cannot create a temporary file: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // report the write error
		return "", err
	}
	return f.Name(), nil
}
