package rewrite_test

import (
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
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
	var out [][]byte
	for _, raw := range testfiles.Testdata(tb) {
		if len(raw) <= limit {
			out = append(out, raw)
		}
	}
	return out
}

// eachCorpusFile runs a test on each real MetaGraphDef up to a size limit. It skips the test if the corpus is missing.
func eachCorpusFile(t *testing.T, limit int, test func(t *testing.T, raw []byte)) {
	t.Helper()
	for name, raw := range testfiles.Corpus(t) {
		if len(raw) > limit {
			continue
		}
		t.Run(name, func(t *testing.T) { test(t, raw) })
	}
}
