package wiretest_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestScrambleKeepsTheMessage: a scrambled message equals the original one.
func TestScrambleKeepsTheMessage(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "*.meta"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want tfpb.MetaGraphDef
		if err := proto.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(5) {
			s := wiretest.Scrambler{Rand: rand.New(rand.NewPCG(1, seed))}
			strange := s.Scramble(raw, want.ProtoReflect().Descriptor())
			var got tfpb.MetaGraphDef
			if err := proto.Unmarshal(strange, &got); err != nil {
				t.Fatalf("%s, seed %d: %v", path, seed, err)
			}
			if !proto.Equal(&want, &got) {
				t.Errorf("%s, seed %d: the scrambled message differs", path, seed)
			}
		}
	}
}
