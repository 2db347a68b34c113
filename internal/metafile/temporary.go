package metafile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// WriteTemporary creates a file in the system's directory for temporary files, fills it with write and returns its path. In
// pattern, as in os.CreateTemp, a random string replaces the last "*". On an error, there is no file.
func WriteTemporary(pattern string, write func(io.Writer) error) (string, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", fmt.Errorf("cannot create a temporary file: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // the error that counts is that of writing
		return "", err
	}
	return f.Name(), nil
}
