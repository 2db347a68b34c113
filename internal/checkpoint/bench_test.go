package checkpoint_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/metagraph/metagraph/internal/checkpoint"
)

// large writes a checkpoint with many tensors, copied from a small one under other keys, and returns its prefix.
func large(b *testing.B, tensors int) string {
	b.Helper()
	small := open(b, filepath.Join("testdata", "bundle"))
	var sources []checkpoint.Source
	for n := 0; n < tensors; n += len(small.Tensors) {
		scoped := func(key string) (string, bool) { return fmt.Sprintf("tower_%05d/%s", n, key), true }
		sources = append(sources, checkpoint.Source{Checkpoint: small, Key: scoped})
	}
	prefix := filepath.Join(b.TempDir(), "large")
	if err := checkpoint.Write(b.Context(), prefix, sources...); err != nil {
		b.Fatal(err)
	}
	return prefix
}

// BenchmarkOpen reads an index of 10,000 tensors.
func BenchmarkOpen(b *testing.B) {
	prefix := large(b, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		c, err := checkpoint.Open(prefix)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify reads the data of one tensor of 64 MiB.
func BenchmarkVerify(b *testing.B) {
	const size = 64 << 20
	prefix := filepath.Join(b.TempDir(), "data")
	raw := make([]byte, size)
	for i := 0; i < size; i += 8 {
		binary.LittleEndian.PutUint64(raw[i:], uint64(i)*0x9e3779b97f4a7c15)
	}
	index, err := os.ReadFile(filepath.Join("testdata", "bundle.index"))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(prefix+".index", index, 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(checkpoint.DataPath(prefix, 0, 1), raw, 0o600); err != nil {
		b.Fatal(err)
	}
	c := open(b, prefix)
	c.Tensors = c.Tensors[:1]
	checkpoint.SetSize(&c.Tensors[0], size)
	b.SetBytes(size)
	for b.Loop() {
		if _, err := c.Verify(b.Context(), nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
