// Package testfiles provides test inputs: the files of the repository and of the corpus next to it, and small messages built from a
// few lines of text.
package testfiles

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// Metas yields the name and content of each MetaGraphDef in testdata and, if present, in the corpus next to the repository. Those of
// testdata come first; both are sorted by name.
func Metas(t testing.TB) iter.Seq2[string, []byte] {
	return contents(t, Glob(t, "testdata/*.meta", "testdata/train/*.meta", "corpus/*.meta"))
}

// Testdata is like Metas for testdata alone.
func Testdata(t testing.TB) iter.Seq2[string, []byte] {
	return contents(t, Glob(t, "testdata/*.meta", "testdata/train/*.meta"))
}

// Corpus is like Metas for the corpus alone. It skips the test if there is no corpus.
func Corpus(t testing.TB) iter.Seq2[string, []byte] {
	t.Helper()
	paths := Glob(t, "corpus/*.meta")
	if len(paths) == 0 {
		t.Skip("no corpus")
	}
	return contents(t, paths)
}

// contents yields the names and contents of files.
func contents(t testing.TB, paths []string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(filepath.Base(path), data) {
				return
			}
		}
	}
}

// Glob returns the paths of the files that match the patterns, which are given like the name of Path. It omits the damaged files of
// the corpus.
func Glob(t testing.TB, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, pattern := range patterns {
		paths, err := filepath.Glob(Path(t, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if !strings.HasPrefix(filepath.Base(path), "BAD-") {
				all = append(all, path)
			}
		}
	}
	return all
}

// Read returns the content of a file of the repository, which is named as for Path.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Shared returns the content of a file of the shared material next to the repository, given with slashes and relative to its root. It
// skips the test if the file is missing.
func Shared(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, "../shared/"+name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no shared material: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Path returns the path of a file of the repository, given with slashes and relative to its root. A name that begins with corpus/ is a
// file of the corpus, which may be missing.
func Path(t testing.TB, name string) string {
	t.Helper()
	if strings.HasPrefix(name, "corpus/") {
		name = "../shared/" + name
	}
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
