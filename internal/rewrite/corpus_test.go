package rewrite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/wire"
)

// parse indexes a message, which must be valid.
func parse(tb testing.TB, raw []byte) *wire.MetaGraph {
	tb.Helper()
	m, err := wire.ParseMetaGraph(raw)
	if err != nil {
		tb.Fatalf("ParseMetaGraph: %v", err)
	}
	return m
}

// testMessages returns the MetaGraphDefs in the repository's test data, up to a size limit.
func testMessages(tb testing.TB, limit int) [][]byte {
	tb.Helper()
	files, _ := filepath.Glob(filepath.Join("..", "..", "testdata", "*.meta"))
	more, _ := filepath.Glob(filepath.Join("..", "..", "testdata", "train", "*.meta"))
	if len(files) == 0 || len(more) == 0 {
		tb.Fatal("no test data")
	}
	var out [][]byte
	for _, path := range append(files, more...) {
		if raw := read(tb, path); len(raw) <= limit {
			out = append(out, raw)
		}
	}
	return out
}

// eachCorpusFile runs a test on each real MetaGraphDef up to a size limit. It skips the test if the corpus is missing.
func eachCorpusFile(t *testing.T, limit int, test func(t *testing.T, raw []byte)) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "*.meta"))
	if len(files) == 0 {
		t.Skip("no corpus")
	}
	for _, path := range files {
		raw := read(t, path)
		if strings.HasPrefix(filepath.Base(path), "BAD-") || len(raw) > limit {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) { test(t, raw) })
	}
}

func read(tb testing.TB, path string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
