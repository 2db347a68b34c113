// Package testfiles provides test inputs: the files of the repository and of the corpus next to it, and small messages built from a
// few lines of text.
package testfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// Metas returns the MetaGraphDefs in testdata and, if present, those of the corpus next to the repository, by path.
func Metas(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, pattern := range []string{"testdata/*.meta", "testdata/train/*.meta", "../shared/corpus/*.meta"} {
		paths, err := filepath.Glob(Path(t, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasPrefix(filepath.Base(path), "BAD-") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(path)] = data
		}
	}
	return files
}

// Path returns the path of a file of the repository, given with slashes and relative to its root.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, filepath.FromSlash(name))
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("the test runs outside the repository")
		}
		dir = parent
	}
}

// Open returns the MetaGraphDef of a file in any format.
func Open(t testing.TB, path, tags string) *wire.MetaGraph {
	t.Helper()
	file, err := metafile.Open(path, metafile.OpenOptions{TagSet: tags})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file.Meta
}
