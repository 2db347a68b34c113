package wiretest_test

import (
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestScrambleKeepsTheMessage: a scrambled message equals the original one.
func TestScrambleKeepsTheMessage(t *testing.T) {
	for path, raw := range testfiles.Testdata(t) {
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
