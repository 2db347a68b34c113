package metafile

import (
	"errors"
	"testing"
)

// WithoutHardLinks makes commits see a file system without hard links until the test ends.
func WithoutHardLinks(tb testing.TB) {
	tb.Helper()
	tb.Cleanup(func() { hardLink = realLink })
	hardLink = func(string, string) error { return errors.ErrUnsupported }
}

var realLink = hardLink
